//! Queues that do not wait by themselves.

mod broadcast;
mod flow;
mod mpmc;
mod pingpong;
mod ring;
mod stream;

use super::payload::Payload;
use super::shape::{CAPACITY, Shape};
use crate::harness::{Bench, Better, Spec};
use bedplate::queue::Bounded;
use concurrent_queue::ConcurrentQueue;
use crossbeam::queue::ArrayQueue;
use crossfire::mpmc::Array;
use flow::{flow, force, pair};
use pingpong::pingpong;
use ring::{Mpsc, Rtrb, Shared, Spmc, Spsc};
use stream::stream;
use thingbuf::ThingBuf;

/// What a thread does when it finds nothing.
const WAIT: &str = "64 spins, then yields";
/// Items of a bulk call in the rows about shapes.
const BULK: usize = 32;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    bench.run(
        Spec::new("pair 1t", "push, then pop, a u64; capacity 1024; no waiting; verified: each popped value")
            .unit("ns/pair", Better::Lower)
            .timed("bedplate", pair::<Bounded<u64>>)
            .timed("crossbeam ArrayQueue", pair::<ArrayQueue<u64>>)
            .timed("concurrent-queue", pair::<ConcurrentQueue<u64>>)
            .timed("crossfire", pair::<Array<u64>>)
            .timed("thingbuf", pair::<ThingBuf<u64>>),
    );
    for shape in [Shape::new(1, 1), Shape::new(2, 2)] {
        bench.run(more_peers(row::<u64>(shape), shape));
        for bulk in [8, BULK] {
            bench.run(row::<u64>(Shape { bulk, ..shape }));
        }
    }
    forced(bench);
    rings(bench);
    broadcast::run(bench);
    shapes(bench);
    round_trips(bench);
}

/// Other payloads, capacities and numbers of threads.
fn shapes(bench: &mut Bench) {
    for bulk in [1, BULK] {
        for shape in [Shape { bulk, ..Shape::new(1, 1) }, Shape { bulk, ..Shape::new(2, 2) }] {
            bench.run(row::<[u64; 8]>(shape));
            bench.run(row::<[u64; 128]>(shape));
            for capacity in [64, 65_536] {
                bench.run(row::<u64>(Shape { capacity, ..shape }));
            }
        }
        for (producers, consumers) in [(4, 1), (1, 4), (4, 4)] {
            bench.run(row::<u64>(Shape { bulk, ..Shape::new(producers, consumers) }));
        }
    }
}

fn row<T: Payload>(shape: Shape) -> Spec<'static> {
    let (calls, how) = match shape.bulk {
        1 => ("single".to_owned(), "single calls".to_owned()),
        n => (format!("bulk{n}"), format!("{n} items a call, single calls in a loop where a crate has no bulk call")),
    };
    Spec::new(shape.row::<T>(&calls), format!("{}; {how}; {WAIT}; verified: count and sum", shape.detail::<T>()))
        .threads(shape.threads())
        .unit("ns/item", Better::Lower)
        .timed("bedplate", move |ops| flow::<T, Bounded<T>>(shape, ops))
        .timed("crossbeam ArrayQueue", move |ops| flow::<T, ArrayQueue<T>>(shape, ops))
        .timed("concurrent-queue", move |ops| flow::<T, ConcurrentQueue<T>>(shape, ops))
}

/// The peers that are not named in the bounds of the rows.
fn more_peers(row: Spec<'_>, shape: Shape) -> Spec<'_> {
    row.timed("crossfire", move |ops| flow::<u64, Array<u64>>(shape, ops))
        .timed("thingbuf", move |ops| flow::<u64, ThingBuf<u64>>(shape, ops))
}

/// One producer and one consumer by construction.
fn rings(bench: &mut Bench) {
    let row = |row: &str, calls: &str| {
        Spec::new(row, format!("u64; capacity {CAPACITY}; {calls}; {WAIT}; verified: order of all items"))
            .threads(2)
            .unit("ns/item", Better::Lower)
    };
    bench.run(
        row("spsc 1p1c", "single calls")
            .timed("bedplate", |ops| stream::<Spsc, 1>(CAPACITY, ops))
            .timed("rtrb", |ops| stream::<Rtrb, 1>(CAPACITY, ops)),
    );
    bench.run(
        row("spsc chunk32 1p1c", "chunks of up to 32 items, written from and read by iterators")
            .timed("bedplate", |ops| stream::<Spsc, BULK>(CAPACITY, ops))
            .timed("rtrb", |ops| stream::<Rtrb, BULK>(CAPACITY, ops)),
    );
    bench.run(
        row("mpsc 1p1c", "single calls")
            .timed("bedplate", |ops| stream::<Mpsc, 1>(CAPACITY, ops))
            .timed("bedplate Bounded", |ops| stream::<Shared<Bounded<u64>>, 1>(CAPACITY, ops))
            .timed("crossbeam ArrayQueue", |ops| stream::<Shared<ArrayQueue<u64>>, 1>(CAPACITY, ops)),
    );
    bench.run(
        row("spmc 1p1c", "single calls")
            .timed("bedplate", |ops| stream::<Spmc, 1>(CAPACITY, ops))
            .timed("bedplate Bounded", |ops| stream::<Shared<Bounded<u64>>, 1>(CAPACITY, ops))
            .timed("crossbeam ArrayQueue", |ops| stream::<Shared<ArrayQueue<u64>>, 1>(CAPACITY, ops)),
    );
}

/// Pushes that take the place of the oldest.
fn forced(bench: &mut Bench) {
    let detail = "force_push of a u64 into a full queue; capacity 1024; no waiting; verified: what came back";
    bench.run(
        Spec::new("force 1t", detail)
            .timed("bedplate", |ops| force(ops, |queue: &Bounded<u64>, value| queue.force_push(value).ok().flatten()))
            .timed("crossbeam ArrayQueue", |ops| force(ops, |queue: &ArrayQueue<u64>, value| queue.force_push(value)))
            .timed("concurrent-queue", |ops| {
                force(ops, |queue: &ConcurrentQueue<u64>, value| queue.force_push(value).ok().flatten())
            }),
    );
}

/// How long an item takes to and fro.
fn round_trips(bench: &mut Bench) {
    let row = |queues: &str, capacity: usize| {
        let detail = format!(
            "a u64 there and back through two queues of capacity {capacity}, a reading of the clock included; {WAIT}; \
             verified: each value"
        );
        Spec::new(format!("{queues} p50"), detail)
            .threads(2)
            .unit("ns/trip", Better::Lower)
            .beside(format!("{queues} p99"), "ns/trip")
    };
    for (queues, capacity) in [("pingpong", 1), ("pingpong cap64", 64)] {
        bench.run(
            row(queues, capacity)
                .each("bedplate", move |trips| pingpong::<Shared<Bounded<u64>>>(capacity, trips))
                .each("crossbeam ArrayQueue", move |trips| pingpong::<Shared<ArrayQueue<u64>>>(capacity, trips))
                .each("concurrent-queue", move |trips| pingpong::<Shared<ConcurrentQueue<u64>>>(capacity, trips)),
        );
    }
    for (queues, capacity) in [("pingpong spsc", 1), ("pingpong spsc cap64", 64)] {
        bench.run(
            row(queues, capacity)
                .each("bedplate", move |trips| pingpong::<Spsc>(capacity, trips))
                .each("rtrb", move |trips| pingpong::<Rtrb>(capacity, trips)),
        );
    }
}
