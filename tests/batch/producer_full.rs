//! Producers of a batcher that is full.

use crate::support::{Gate, assert_whole, until, until_asleep};
use bedplate::batch::{Batcher, Overflow, PushError};
use bedplate::time::Manual;
use std::thread;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_millis(2);

#[test]
fn a_full_batcher_with_a_full_stage_refuses() {
    let (gate, handler) = Gate::new();
    let builder = Batcher::builder().max_items(2).capacity(4).stage(3).overflow(Overflow::Reject);
    let batcher = builder.spawn("bound", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    let mut producer = batcher.producer();
    let taken = (1..100).take_while(|&n| match producer.push(n) {
        Ok(()) => true,
        Err(error) => {
            assert_eq!(error, PushError::Full(n));
            false
        }
    });
    // The capacity and a stage, or less than that by what a partial hand-over leaves.
    let taken = taken.count() as u64;
    assert!((4..=4 + 3).contains(&taken), "{taken}");
    let stats = batcher.stats();
    assert_eq!(stats.pending, 4);
    assert_eq!(stats.staged as u64, taken - 4);
    assert!(producer.hand_over().is_err());
    // With room again the producer goes on where it was, in order.
    assert_eq!(gate.pass(), [0]);
    until(&batcher, |s| s.in_flight == 2);
    producer.push(taken + 1).unwrap();
    let batches = gate.open();
    assert_eq!(batcher.close().handled, taken + 2);
    assert_eq!(batches.try_iter().flatten().collect::<Vec<_>>(), (1..=taken + 1).collect::<Vec<_>>());
}

#[test]
fn a_producer_waits_for_room_as_a_push_does() {
    let time = Manual::new();
    let (gate, handler) = Gate::new();
    let builder = Batcher::builder().max_items(2).capacity(2).stage(1).clock(time.clone());
    let batcher = builder.overflow(Overflow::Block(TIMEOUT)).spawn("wait", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    let mut producer = batcher.producer();
    (1..=3).for_each(|n| producer.push(n).unwrap());
    let mut producer = thread::scope(|s| {
        let push = s.spawn(|| {
            assert_eq!(producer.push(4), Err(PushError::Full(4)));
            producer
        });
        until_asleep(&time, 1);
        time.advance(TIMEOUT);
        push.join().unwrap()
    });
    thread::scope(|s| {
        let push = s.spawn(|| producer.push(5));
        until(&batcher, |s| s.waits == 2);
        assert_eq!(gate.pass(), [0]);
        assert_eq!(push.join().unwrap(), Ok(()));
    });
    let batches = gate.open();
    let _ = batcher.close();
    assert_eq!(batches.try_iter().flatten().collect::<Vec<_>>(), [1, 2, 3, 5]);
}

/// A batcher of capacity 2 with 0 in hand.
fn busy(overflow: Overflow) -> (Gate, Batcher<u64>) {
    let (gate, handler) = Gate::new();
    let batcher =
        Batcher::builder().max_items(2).capacity(2).stage(4).overflow(overflow).spawn("busy", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (gate, batcher)
}

#[test]
fn drop_oldest_makes_room_for_what_was_staged() {
    let (gate, batcher) = busy(Overflow::DropOldest);
    let mut producer = batcher.producer();
    (1..=20).for_each(|n| producer.push(n).unwrap());
    producer.hand_over().unwrap();
    let stats = batcher.stats();
    assert_eq!((stats.pending, stats.staged, stats.dropped_oldest), (2, 0, 18));
    assert_whole(stats);
    assert_eq!(gate.pass(), [0]);
    let batches = gate.open();
    assert_eq!(batcher.close().dropped, 18);
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[19, 20]]);
}

#[test]
fn drop_newest_drops_what_is_pushed_and_nothing_that_was_accepted() {
    let (gate, batcher) = busy(Overflow::DropNewest);
    let mut producer = batcher.producer();
    (1..=20).for_each(|n| producer.push(n).unwrap());
    // Two fit, two more are in the stage, whose slots are free once all of it is handed over.
    assert_eq!(producer.hand_over(), Err(PushError::Full(())));
    let stats = batcher.stats();
    assert_eq!((stats.pending, stats.staged, stats.dropped_newest), (2, 2, 16));
    assert_whole(stats);
    assert_eq!(gate.pass(), [0]);
    let batches = gate.open();
    producer.flush().unwrap();
    producer.push(21).unwrap();
    let report = batcher.close();
    assert_eq!((report.dropped, report.handled), (16, 6));
    assert_eq!(batches.try_iter().flatten().collect::<Vec<_>>(), [1, 2, 3, 4, 21]);
}
