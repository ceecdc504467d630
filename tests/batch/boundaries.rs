//! Where batches end, at the bound and on both sides of it. Inline, so that nothing happens but what a test does.

use crate::support::reporting;
use bedplate::batch::{Batcher, BatcherBuilder};
use bedplate::time::{Deadline, Instant, Manual};
use std::sync::mpsc::Receiver;
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);
const LINGER: Duration = Duration::from_millis(2);

/// The batches that come of pushing `items` one by one, and what waits then.
fn singly(builder: BatcherBuilder<u64>, items: &[u64]) -> (Vec<Vec<u64>>, usize) {
    let (batches, handler) = reporting();
    let batcher = builder.inline(handler);
    items.iter().for_each(|&item| batcher.push(item).unwrap());
    (batches.try_iter().collect(), batcher.stats().pending)
}

/// The same of pushing them at once.
fn at_once(builder: BatcherBuilder<u64>, mut items: &[u64]) -> (Vec<Vec<u64>>, usize) {
    let (batches, handler) = reporting();
    let batcher = builder.inline(handler);
    batcher.push_all(&mut items).unwrap();
    (batches.try_iter().collect(), batcher.stats().pending)
}

/// The same of a producer whose stage is as small as it can be.
fn staged(builder: BatcherBuilder<u64>, items: &[u64]) -> (Vec<Vec<u64>>, usize) {
    let (batches, handler) = reporting();
    let batcher = builder.stage(1).inline(handler);
    let mut producer = batcher.producer();
    items.iter().for_each(|&item| producer.push(item).unwrap());
    producer.hand_over().unwrap();
    (batches.try_iter().collect(), batcher.stats().pending)
}

fn each_way(builder: impl Fn() -> BatcherBuilder<u64>, items: &[u64], batches: &[&[u64]], pending: usize) {
    let expected = (batches.iter().map(|batch| batch.to_vec()).collect(), pending);
    assert_eq!(singly(builder(), items), expected, "one by one");
    assert_eq!(at_once(builder(), items), expected, "at once");
    assert_eq!(staged(builder(), items), expected, "staged");
}

#[test]
fn items() {
    let builder = || Batcher::builder().max_items(3).linger(Duration::MAX);
    each_way(builder, &[1, 2], &[], 2);
    each_way(builder, &[1, 2, 3], &[&[1, 2, 3]], 0);
    each_way(builder, &[1, 2, 3, 4], &[&[1, 2, 3]], 1);
    each_way(builder, &[1, 2, 3, 4, 5, 6], &[&[1, 2, 3], &[4, 5, 6]], 0);
}

#[test]
fn a_batch_of_one_item_is_full_at_once() {
    each_way(|| Batcher::builder().max_items(1).linger(Duration::MAX), &[7, 8], &[&[7], &[8]], 0);
}

#[test]
fn bytes() {
    let builder = || Batcher::builder().capacity(100).max_bytes(10, |n| *n as usize).linger(Duration::MAX);
    each_way(builder, &[4, 5], &[], 2);
    each_way(builder, &[4, 6], &[&[4, 6]], 0);
    // The one that would go past it begins the next batch.
    each_way(builder, &[4, 7], &[&[4]], 1);
    each_way(builder, &[9], &[], 1);
    each_way(builder, &[10], &[&[10]], 0);
    each_way(builder, &[11], &[&[11]], 0);
    each_way(builder, &[1, 11, 1], &[&[1], &[11]], 1);
    each_way(builder, &[1, 10, 1], &[&[1], &[10]], 1);
    // What measures nothing fills nothing, and goes with the others.
    each_way(builder, &[0, 0, 9, 0, 1, 0], &[&[0, 0, 9, 0, 1]], 1);
}

#[test]
fn bytes_that_no_number_holds() {
    let builder = || Batcher::builder().capacity(100).max_bytes(usize::MAX - 1, |n| *n as usize).linger(Duration::MAX);
    const ALL: u64 = u64::MAX;
    each_way(builder, &[ALL, 1, ALL, ALL], &[&[ALL], &[1], &[ALL], &[ALL]], 0);
    each_way(builder, &[ALL - 2], &[], 1);
    each_way(builder, &[ALL - 2, 1], &[&[ALL - 2, 1]], 0);
}

#[test]
fn items_and_bytes_whichever_is_first() {
    let builder = || Batcher::builder().max_items(3).max_bytes(10, |n| *n as usize).linger(Duration::MAX);
    each_way(builder, &[1, 1, 1, 9, 1, 1], &[&[1, 1, 1], &[9, 1]], 1);
    // Full of both.
    each_way(builder, &[3, 3, 4, 5], &[&[3, 3, 4]], 1);
}

/// An inline batcher with one item in it, pushed five nanoseconds after the clock's start.
fn lingering() -> (Manual, Batcher<u64>, Receiver<Vec<u64>>) {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).inline(handler);
    time.advance(NS * 5);
    batcher.push(1).unwrap();
    (time, batcher, batches)
}

#[test]
fn the_linger_to_the_nanosecond() {
    let end = Deadline::at(Instant::from_nanos(5) + LINGER);
    for (after, gone) in [(LINGER - NS, false), (LINGER, true), (LINGER + NS, true)] {
        let (time, batcher, batches) = lingering();
        assert_eq!(batcher.poll(), end);
        time.advance(after);
        assert_eq!(batcher.poll(), if gone { Deadline::NEVER } else { end }, "{after:?}");
        assert_eq!(batches.try_recv().ok(), gone.then(|| vec![1]), "{after:?}");
        assert_eq!(batcher.stats().by_linger, u64::from(gone));
    }
}

#[test]
fn the_linger_as_a_push_sees_it() {
    for (after, gone) in [(LINGER - NS, false), (LINGER, true), (LINGER + NS, true)] {
        let (time, batcher, batches) = lingering();
        time.advance(after);
        batcher.push(2).unwrap();
        assert_eq!(batches.try_recv().ok(), gone.then(|| vec![1, 2]), "{after:?}");
    }
}

#[test]
fn the_linger_of_a_staged_item_to_the_nanosecond() {
    for (after, gone) in [(LINGER - NS, false), (LINGER, true), (LINGER + NS, true)] {
        let time = Manual::new();
        let (batches, handler) = reporting();
        let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).inline(handler);
        let mut producer = batcher.producer();
        time.advance(NS * 5);
        producer.push(1).unwrap();
        assert_eq!(batcher.poll(), Deadline::at(Instant::from_nanos(5) + LINGER));
        time.advance(after);
        batcher.poll();
        assert_eq!(batches.try_recv().ok(), gone.then(|| vec![1]), "{after:?}");
    }
}

#[test]
fn a_linger_past_the_end_of_time_never_ends() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let linger = Duration::from_nanos(u64::MAX - 10);
    let batcher = Batcher::builder().max_items(9).linger(linger).clock(time.clone()).inline(handler);
    time.advance(NS * 20);
    batcher.push(1).unwrap();
    assert_eq!(batcher.poll(), Deadline::NEVER);
    time.advance(Duration::MAX);
    assert_eq!(batcher.poll(), Deadline::NEVER);
    assert!(batches.try_recv().is_err());
    batcher.flush().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![1]));
}
