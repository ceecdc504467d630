//! `cargo bench --bench batch`: what a push costs the caller, with the handler at work beside it. Threads are not pinned
//! here; the pinned rows are in `benches/peers`.

use bedplate::batch::Batcher;
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};

fn push(c: &mut Criterion) {
    let mut group = c.benchmark_group("batch");
    group.bench_function("push 1p", |b| {
        b.iter_custom(|n| {
            let batcher = Batcher::builder()
                .max_items(1_000)
                .capacity(8_000)
                .linger(Duration::from_millis(1))
                .spawn("bench", |batch: &mut Vec<u64>| batch.drain(..).for_each(|n| _ = black_box(n)))
                .expect("a thread can be started");
            let start = Instant::now();
            (0..n).for_each(|i| batcher.push(i).expect("nobody closes it"));
            batcher.flush().expect("nobody closes it");
            let took = start.elapsed();
            assert_eq!(batcher.close().handled, n);
            took
        });
    });
    group.bench_function("push inline 1t", |b| {
        b.iter_custom(|n| {
            let batcher = Batcher::builder()
                .max_items(1_000)
                .linger(Duration::MAX)
                .inline(|batch: &mut Vec<u64>| batch.drain(..).for_each(|n| _ = black_box(n)));
            let start = Instant::now();
            (0..n).for_each(|i| batcher.push(i).expect("nobody closes it"));
            let took = start.elapsed();
            assert_eq!(batcher.close().handled, n);
            took
        });
    });
    group.finish();
}

criterion_group!(benches, push);
criterion_main!(benches);
