//! One thread, a queue of 1,024 slots, u64 items: the cost of the instructions without any contention. Rows of two and
//! more pinned threads are in `benches/peers`.
//!
//! ```text
//! cargo bench --bench queue
//! ```

use std::hint::black_box;

use bedplate::queue::{Bounded, Segmented, spsc};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crossbeam::queue::{ArrayQueue, SegQueue};

const CAPACITY: usize = 1_024;
const CHUNK: usize = 32;

/// A push and a pop of the same item.
fn pair(c: &mut Criterion) {
    let mut group = c.benchmark_group("pair 1t");
    group.throughput(Throughput::Elements(1));

    let queue = Bounded::new(CAPACITY);
    group.bench_function("Bounded", |b| {
        b.iter(|| {
            assert!(queue.try_push(black_box(7_u64)).is_ok());
            assert_eq!(queue.try_pop(), Ok(7));
        });
    });

    let queue = Segmented::new(CAPACITY);
    group.bench_function("Segmented", |b| {
        b.iter(|| {
            assert!(queue.try_push(black_box(7_u64)).is_ok());
            assert_eq!(queue.try_pop(), Ok(7));
        });
    });

    let (producer, consumer) = spsc::ring(CAPACITY);
    group.bench_function("spsc", |b| {
        b.iter(|| {
            assert!(producer.try_push(black_box(7_u64)).is_ok());
            assert_eq!(consumer.try_pop(), Ok(7));
        });
    });

    let queue = ArrayQueue::new(CAPACITY);
    group.bench_function("crossbeam ArrayQueue", |b| {
        b.iter(|| {
            assert!(queue.push(black_box(7_u64)).is_ok());
            assert_eq!(queue.pop(), Some(7));
        });
    });

    let queue = SegQueue::new();
    group.bench_function("crossbeam SegQueue", |b| {
        b.iter(|| {
            queue.push(black_box(7_u64));
            assert_eq!(queue.pop(), Some(7));
        });
    });
    group.finish();
}

/// 32 items in and out by the bulk calls, through vectors that keep their memory.
fn bulk(c: &mut Criterion) {
    let mut group = c.benchmark_group("bulk32 1t");
    group.throughput(Throughput::Elements(CHUNK as u64));
    let mut items: Vec<u64> = (0..CHUNK as u64).collect();

    let queue = Bounded::new(CAPACITY);
    group.bench_function("Bounded", |b| {
        b.iter(|| {
            assert_eq!(queue.try_push_bulk(black_box(&mut items)), CHUNK);
            assert_eq!(queue.try_pop_bulk(&mut items, CHUNK), CHUNK);
        });
    });

    let (producer, consumer) = spsc::ring(CAPACITY);
    group.bench_function("spsc", |b| {
        b.iter(|| {
            assert_eq!(producer.try_push_bulk(black_box(&mut items)), CHUNK);
            assert_eq!(consumer.try_pop_bulk(&mut items, CHUNK), CHUNK);
        });
    });
    assert!(items.into_iter().eq(0..CHUNK as u64));
    group.finish();
}

criterion_group!(benches, pair, bulk);
criterion_main!(benches);
