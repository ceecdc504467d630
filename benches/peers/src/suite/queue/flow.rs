//! Items through a many-to-many queue.

use super::mpmc::Mpmc;
use crate::harness::{Job, Wait, share, together};
use crate::suite::payload::{Payload, sum_below};
use crate::suite::shape::{CAPACITY, Shape};
use std::ops::Range;
use std::time::Duration;

/// One thread pushes and pops, `ops` times.
pub fn pair<Q: Mpmc<u64>>(ops: u64) -> Duration {
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

/// One thread pushes into a full queue, `ops` times; `force` gives the item that went for it.
pub fn force<Q: Mpmc<u64>>(ops: u64, force: impl Fn(&Q, u64) -> Option<u64> + Sync) -> Duration {
    let capacity = CAPACITY as u64;
    let queue = Q::with_capacity(CAPACITY);
    assert!((0..capacity).all(|value| queue.push(value)));
    let (elapsed, _) = together(1, |_| {
        for value in capacity..capacity + ops {
            assert_eq!(force(&queue, value), Some(value - capacity), "the oldest goes");
        }
        0
    });
    elapsed
}

/// `ops` items from the producers to the consumers, each of which has an equal share.
pub fn flow<T: Payload, Q: Mpmc<T>>(shape: Shape, ops: u64) -> Duration {
    let queue = &Q::with_capacity(shape.capacity);
    let part = |parts, index| share(ops, parts as u64, index as u64);
    let produce = |index| Box::new(move || produce(queue, part(shape.producers, index), shape.bulk)) as Job<'_>;
    let consume = |index| Box::new(move || consume(queue, part(shape.consumers, index), shape.bulk)) as Job<'_>;
    let jobs = (0..shape.producers).map(produce).chain((0..shape.consumers).map(consume)).collect();
    let (elapsed, sum) = shape.start(jobs);
    assert_eq!(sum, sum_below(ops), "each item arrives once");
    assert!(queue.pop().is_none(), "nothing arrives twice");
    elapsed
}

/// Pushes an item, waiting for room.
pub fn put<T: Copy>(queue: &impl Mpmc<T>, item: T, wait: &mut Wait) {
    while !queue.push(item) {
        wait.pause();
    }
    wait.progress();
}

/// Pops an item, waiting for one.
pub fn take<T>(queue: &impl Mpmc<T>, wait: &mut Wait) -> T {
    loop {
        if let Some(item) = queue.pop() {
            wait.progress();
            return item;
        }
        wait.pause();
    }
}

fn produce<T: Payload, Q: Mpmc<T>>(queue: &Q, numbers: Range<u64>, bulk: usize) -> u64 {
    let mut wait = Wait::new();
    if bulk == 1 {
        numbers.for_each(|number| put(queue, T::numbered(number), &mut wait));
        return 0;
    }
    let Range { start: mut next, end } = numbers;
    let mut items = Vec::with_capacity(bulk);
    while next < end || !items.is_empty() {
        if items.is_empty() {
            let until = end.min(next + bulk as u64);
            items.extend((next..until).map(T::numbered));
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

/// Takes as many items as `places` has numbers; gives the sum of theirs.
fn consume<T: Payload, Q: Mpmc<T>>(queue: &Q, places: Range<u64>, bulk: usize) -> u64 {
    let (mut wait, mut sum) = (Wait::new(), 0_u64);
    if bulk == 1 {
        return places.fold(0, |sum, _| sum.wrapping_add(take(queue, &mut wait).number()));
    }
    let (mut left, mut items) = (places.end - places.start, Vec::with_capacity(bulk));
    while left > 0 {
        let taken = queue.pop_bulk(&mut items, left.min(bulk as u64) as usize) as u64;
        if taken == 0 {
            wait.pause();
            continue;
        }
        assert_eq!(taken, items.len() as u64, "the count of a bulk pop is that of its items");
        wait.progress();
        left -= taken;
        sum = items.drain(..).fold(sum, |sum, item| sum.wrapping_add(item.number()));
    }
    sum
}
