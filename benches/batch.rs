//! `cargo bench --bench batch`: what a push costs the caller, with the handler at work beside it. Threads are not pinned
//! here; the pinned rows are in `benches/peers`.

use bedplate::batch::{Batcher, BatcherBuilder};
use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Items handed in at once.
const BULK: u64 = 64;

fn builder() -> BatcherBuilder<u64> {
    Batcher::builder().max_items(1_000).capacity(8_000)
}

fn handle(batch: &mut Vec<u64>) {
    batch.drain(..).for_each(|n| _ = black_box(n));
}

/// How long it takes until `n` items that `push` hands in are handled.
fn timed(batcher: &Batcher<u64>, n: u64, push: impl FnOnce(&Batcher<u64>)) -> Duration {
    let start = Instant::now();
    push(batcher);
    batcher.flush().expect("nobody closes it");
    let took = start.elapsed();
    assert_eq!(batcher.close().handled, n);
    took
}

fn push(c: &mut Criterion) {
    let mut group = c.benchmark_group("batch");
    let spawn = || builder().linger(Duration::from_millis(1)).spawn("bench", handle).expect("a thread can be started");
    group.bench_function("push 1p", |b| {
        b.iter_custom(|n| {
            timed(&spawn(), n, |batcher| (0..n).for_each(|i| batcher.push(i).expect("nobody closes it")))
        });
    });
    group.bench_function("push staged 1p", |b| {
        b.iter_custom(|n| {
            timed(&spawn(), n, |batcher| {
                let mut producer = batcher.producer();
                (0..n).for_each(|i| producer.push(i).expect("nobody closes it"));
            })
        });
    });
    group.bench_function("push_all 64 1p", |b| {
        b.iter_custom(|n| {
            timed(&spawn(), n, |batcher| {
                let mut items = Vec::with_capacity(BULK as usize);
                for start in (0..n).step_by(BULK as usize) {
                    items.extend(start..n.min(start + BULK));
                    batcher.push_all(&mut items).expect("nobody closes it");
                }
            })
        });
    });
    group.bench_function("push inline 1t", |b| {
        b.iter_custom(|n| {
            let batcher = builder().linger(Duration::MAX).inline(handle);
            timed(&batcher, n, |batcher| (0..n).for_each(|i| batcher.push(i).expect("nobody closes it")))
        });
    });
    group.finish();
}

criterion_group!(benches, push);
criterion_main!(benches);
