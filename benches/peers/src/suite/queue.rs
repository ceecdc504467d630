//! Queues that do not wait by themselves.

mod mpmc;
mod ring;

use crate::harness::{Bench, Better, Job, Spec, Wait, share, together, together_jobs};
use mpmc::Mpmc;
use ring::Ring;
use std::ops::Range;
use std::time::Duration;

const CAPACITY: usize = 1024;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    bench.run(
        Spec::new("pair 1t", "push, then pop, a u64; capacity 1024; no waiting; verified: each popped value")
            .unit("ns/pair", Better::Lower)
            .timed("bedplate", pair::<bedplate::queue::Bounded<u64>>)
            .timed("crossbeam ArrayQueue", pair::<crossbeam::queue::ArrayQueue<u64>>)
            .timed("concurrent-queue", pair::<concurrent_queue::ConcurrentQueue<u64>>),
    );
    for (row, producers, consumers) in [("single 1p1c", 1, 1), ("single 2p2c", 2, 2)] {
        bench.run(mpmc_row(row, producers, consumers, 1));
    }
    for (row, producers, consumers, bulk) in
        [("bulk8 1p1c", 1, 1, 8), ("bulk32 1p1c", 1, 1, 32), ("bulk32 2p2c", 2, 2, 32)]
    {
        bench.run(mpmc_row(row, producers, consumers, bulk));
    }
    bench.run(ring_row("spsc 1p1c", 1));
    bench.run(ring_row("spsc chunk32 1p1c", 32));
}

fn mpmc_row(row: &str, producers: usize, consumers: usize, bulk: usize) -> Spec<'static> {
    let calls = match bulk {
        1 => "single calls".to_owned(),
        n => format!("{n} items a call, single calls in a loop where a crate has no bulk call"),
    };
    let detail = format!("u64; capacity 1024; {calls}; 64 spins, then yields; verified: count and sum");
    Spec::new(row, detail)
        .threads(producers + consumers)
        .unit("ns/item", Better::Lower)
        .timed("bedplate", move |ops| flow::<bedplate::queue::Bounded<u64>>(producers, consumers, bulk, ops))
        .timed("crossbeam ArrayQueue", move |ops| {
            flow::<crossbeam::queue::ArrayQueue<u64>>(producers, consumers, bulk, ops)
        })
        .timed("concurrent-queue", move |ops| {
            flow::<concurrent_queue::ConcurrentQueue<u64>>(producers, consumers, bulk, ops)
        })
}

fn ring_row(row: &str, bulk: usize) -> Spec<'static> {
    let calls = if bulk == 1 { "single calls".to_owned() } else { format!("chunks of up to {bulk} items") };
    let detail = format!("u64; capacity 1024; {calls}; 64 spins, then yields; verified: order of all items");
    Spec::new(row, detail)
        .threads(2)
        .unit("ns/item", Better::Lower)
        .timed("bedplate", move |ops| stream::<ring::Bedplate>(bulk, ops))
        .timed("rtrb", move |ops| stream::<ring::Rtrb>(bulk, ops))
}

/// One thread pushes and pops.
fn pair<Q: Mpmc>(ops: u64) -> Duration {
    let queue = Q::with_capacity(CAPACITY);
    let (elapsed, _) = together(1, |_| {
        for value in 0..ops {
            assert!(queue.push(value));
            assert_eq!(queue.pop(), Some(value));
        }
        0
    });
    elapsed
}

/// `ops` items from the producers to the consumers, each of which has an equal share.
fn flow<Q: Mpmc>(producers: usize, consumers: usize, bulk: usize, ops: u64) -> Duration {
    let queue = &Q::with_capacity(CAPACITY);
    let (producers, consumers, bulk) = (producers as u64, consumers as u64, bulk as u64);
    let produce = |index| Box::new(move || produce(queue, share(ops, producers, index), bulk)) as Job<'_>;
    let consume = |index| Box::new(move || consume(queue, share(ops, consumers, index), bulk)) as Job<'_>;
    let jobs = (0..producers).map(produce).chain((0..consumers).map(consume)).collect();
    let (elapsed, sum) = together_jobs(jobs);
    assert_eq!(sum, sum_below(ops), "each item arrives once");
    assert_eq!(queue.pop(), None, "nothing arrives twice");
    elapsed
}

fn produce<Q: Mpmc>(queue: &Q, values: Range<u64>, bulk: u64) -> u64 {
    let mut wait = Wait::new();
    if bulk == 1 {
        for value in values {
            while !queue.push(value) {
                wait.pause();
            }
            wait.progress();
        }
        return 0;
    }
    let Range { start: mut next, end } = values;
    let mut items = Vec::with_capacity(bulk as usize);
    while next < end || !items.is_empty() {
        if items.is_empty() {
            let until = end.min(next + bulk);
            items.extend(next..until);
            next = until;
        }
        if queue.push_bulk(&mut items) == 0 {
            wait.pause();
        } else {
            wait.progress();
        }
    }
    0
}

/// Takes as many items as `places` has numbers.
fn consume<Q: Mpmc>(queue: &Q, places: Range<u64>, bulk: u64) -> u64 {
    let (mut wait, mut sum) = (Wait::new(), 0_u64);
    if bulk == 1 {
        for _ in places {
            let value = loop {
                match queue.pop() {
                    Some(value) => break value,
                    None => wait.pause(),
                }
            };
            wait.progress();
            sum = sum.wrapping_add(value);
        }
        return sum;
    }
    let (mut left, mut items) = (places.end - places.start, Vec::with_capacity(bulk as usize));
    while left > 0 {
        let taken = queue.pop_bulk(&mut items, left.min(bulk) as usize) as u64;
        if taken == 0 {
            wait.pause();
            continue;
        }
        assert_eq!(taken, items.len() as u64, "the count of a bulk pop is that of its items");
        wait.progress();
        left -= taken;
        sum = items.drain(..).fold(sum, u64::wrapping_add);
    }
    sum
}

/// `ops` items through a ring, in order.
fn stream<R: Ring>(bulk: usize, ops: u64) -> Duration {
    let (mut producer, mut consumer) = R::with_capacity(CAPACITY);
    let produce = move || {
        let (mut wait, mut next) = (Wait::new(), 0);
        while next < ops {
            let pushed = if bulk == 1 {
                u64::from(R::push(&mut producer, next))
            } else {
                R::push_range(&mut producer, next, (ops - next).min(bulk as u64) as usize) as u64
            };
            next += pushed;
            if pushed == 0 {
                wait.pause();
            } else {
                wait.progress();
            }
        }
        0_u64
    };
    let consume = move || {
        let (mut wait, mut next) = (Wait::new(), 0);
        while next < ops {
            let popped = if bulk == 1 {
                R::pop(&mut consumer).map_or(0, |value| {
                    assert_eq!(value, next, "items keep their order");
                    1
                })
            } else {
                R::pop_range(&mut consumer, next, bulk) as u64
            };
            next += popped;
            if popped == 0 {
                wait.pause();
            } else {
                wait.progress();
            }
        }
        next
    };
    let (elapsed, count) = together_jobs(vec![Box::new(produce) as Job<'_>, Box::new(consume)]);
    assert_eq!(count, ops);
    elapsed
}

/// The sum of all numbers below `n`, as wrapping additions give it.
fn sum_below(n: u64) -> u64 {
    (u128::from(n) * u128::from(n.saturating_sub(1)) / 2) as u64
}
