//! One thread, a queue of 1,024 slots, u64 items: the cost of the instructions without any contention. Rows of two and
//! more pinned threads are in `benches/peers`.
//!
//! ```text
//! cargo bench --bench queue
//! ```

use std::hint::black_box;
use std::mem;

use bedplate::queue::{Bounded, Segmented, spsc};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use crossbeam::queue::{ArrayQueue, SegQueue};

const CAPACITY: usize = 1_024;
const BULK: usize = 32;

type Group<'a> = BenchmarkGroup<'a, WallTime>;

/// A push and a pop of the same item.
fn pair_row(
    group: &mut Group<'_>,
    name: &str,
    mut push: impl FnMut(u64) -> bool,
    mut pop: impl FnMut() -> Option<u64>,
) {
    group.bench_function(name, |b| {
        b.iter(|| {
            assert!(push(black_box(7)));
            assert_eq!(pop(), Some(7));
        });
    });
}

fn pair(c: &mut Criterion) {
    let mut group = c.benchmark_group("pair 1t");
    group.throughput(Throughput::Elements(1));
    let bounded = Bounded::new(CAPACITY);
    pair_row(&mut group, "Bounded", |n| bounded.try_push(n).is_ok(), || bounded.try_pop().ok());
    let segmented = Segmented::new(CAPACITY);
    pair_row(&mut group, "Segmented", |n| segmented.try_push(n).is_ok(), || segmented.try_pop().ok());
    let (producer, consumer) = spsc::ring(CAPACITY);
    pair_row(&mut group, "spsc", |n| producer.try_push(n).is_ok(), || consumer.try_pop().ok());
    let array = ArrayQueue::new(CAPACITY);
    pair_row(&mut group, "crossbeam ArrayQueue", |n| array.push(n).is_ok(), || array.pop());
    let seg = SegQueue::new();
    let push = |n| {
        seg.push(n);
        true
    };
    pair_row(&mut group, "crossbeam SegQueue", push, || seg.pop());
    group.finish();
}

/// 32 items in and out by the bulk calls. `push` takes the items out of the vector, `pop` puts as many back.
fn bulk_row(
    group: &mut Group<'_>,
    name: &str,
    mut push: impl FnMut(&mut Vec<u64>) -> usize,
    mut pop: impl FnMut(&mut Vec<u64>) -> usize,
) {
    let mut items: Vec<u64> = (0..BULK as u64).collect();
    group.bench_function(name, |b| {
        b.iter(|| {
            assert_eq!(push(black_box(&mut items)), BULK);
            assert_eq!(pop(&mut items), BULK);
        });
    });
    assert!(items.into_iter().eq(0..BULK as u64), "items come back in order");
}

fn bulk(c: &mut Criterion) {
    let mut group = c.benchmark_group("bulk32 1t");
    group.throughput(Throughput::Elements(BULK as u64));

    // From each source that a bulk push takes.
    let queue = Bounded::new(CAPACITY);
    let pop = |items: &mut Vec<u64>| queue.try_pop_bulk(items, BULK);
    bulk_row(&mut group, "Bounded, Vec", |items| queue.try_push_bulk(items), pop);
    bulk_row(&mut group, "Bounded, Drain", |items| queue.try_push_bulk(&mut items.drain(..)), pop);
    bulk_row(
        &mut group,
        "Bounded, IntoIter, a new Vec each time",
        |items| queue.try_push_bulk(&mut mem::take(items).into_iter()),
        pop,
    );
    let push_slice = |items: &mut Vec<u64>| {
        let pushed = queue.try_push_bulk(&mut items.as_slice());
        items.clear();
        pushed
    };
    bulk_row(&mut group, "Bounded, slice", push_slice, pop);

    let queue = Segmented::new(CAPACITY);
    bulk_row(&mut group, "Segmented, Vec", |items| queue.try_push_bulk(items), |items| queue.try_pop_bulk(items, BULK));

    let (mut producer, mut consumer) = spsc::ring(CAPACITY);
    bulk_row(
        &mut group,
        "spsc, Vec",
        |items| producer.try_push_bulk(items),
        |items| consumer.try_pop_bulk(items, BULK),
    );
    bulk_row(
        &mut group,
        "spsc, chunks",
        |items| producer.try_write_chunk(BULK).map_or(0, |chunk| chunk.fill_from_iter(items.drain(..))),
        |items| {
            let before = items.len();
            items.extend(consumer.try_read_chunk(BULK).into_iter().flatten());
            items.len() - before
        },
    );

    // The yardstick: a queue without bulk calls.
    let queue = ArrayQueue::new(CAPACITY);
    bulk_row(
        &mut group,
        "crossbeam ArrayQueue, looped",
        |items| items.drain(..).take_while(|&item| queue.push(item).is_ok()).count(),
        |items| {
            let before = items.len();
            items.extend((0..BULK).map_while(|_| queue.pop()));
            items.len() - before
        },
    );
    group.finish();
}

criterion_group!(benches, pair, bulk);
criterion_main!(benches);
