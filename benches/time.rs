//! What reading a clock costs.

use bedplate::time::{Clock, Manual};
use criterion::{Criterion, criterion_group, criterion_main};

fn now(c: &mut Criterion) {
    let clocks = [("monotonic", Clock::Monotonic), ("coarse", Clock::Coarse), ("manual", Clock::from(Manual::new()))];
    for (name, clock) in clocks {
        c.bench_function(&format!("now {name}"), |b| b.iter(|| clock.now()));
    }
}

criterion_group!(benches, now);
criterion_main!(benches);
