//! What an event count costs the side that notifies while nobody listens, and a listener that need not wait.

use bedplate::sync::EventCount;
use criterion::{Criterion, criterion_group, criterion_main};

fn event_count(c: &mut Criterion) {
    let event = EventCount::new();
    c.bench_function("notify nobody", |b| b.iter(|| event.notify(1)));
    c.bench_function("listen and leave", |b| b.iter(|| drop(event.listen())));
}

criterion_group!(benches, event_count);
criterion_main!(benches);
