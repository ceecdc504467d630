//! What a push does where no more items may wait.

use crate::support::{Gate, assert_whole, rest, until, until_asleep};
use bedplate::batch::{Batcher, BatcherBuilder, Overflow, PushError};
use bedplate::time::Manual;
use std::mem;
use std::sync::{Arc, OnceLock, Weak};
use std::thread;
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);
const TIMEOUT: Duration = Duration::from_secs(1);

fn of_four(overflow: Overflow) -> BatcherBuilder<u64> {
    Batcher::builder().max_items(2).capacity(4).overflow(overflow)
}

/// A batcher that holds `[1, 2, 3, 4]`, with 0 in hand.
fn full(builder: BatcherBuilder<u64>) -> (Gate, Batcher<u64>) {
    let (gate, handler) = Gate::new();
    let batcher = builder.spawn("full", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=3).for_each(|n| batcher.push(n).unwrap());
    assert_eq!(batcher.stats().pending, 3);
    batcher.push(4).unwrap();
    (gate, batcher)
}

#[test]
fn block_waits_until_there_is_room_however_late() {
    for overflow in [Overflow::Block(TIMEOUT), Overflow::Block(Duration::MAX)] {
        let time = Manual::new();
        let (gate, batcher) = full(of_four(overflow).clock(time.clone()));
        thread::scope(|s| {
            let push = s.spawn(|| batcher.push(5));
            until(&batcher, |s| s.waits == 1);
            // Time stands still here from now on, so that the push can only end by the room that is made.
            time.advance(TIMEOUT - NS);
            assert_eq!(gate.pass(), [0]);
            assert_eq!(push.join().unwrap(), Ok(()));
        });
        assert_eq!(rest(gate, &batcher), [vec![1, 2], vec![3, 4], vec![5]]);
    }
}

#[test]
fn block_gives_the_item_back_once_the_time_is_up() {
    let time = Manual::new();
    let (gate, batcher) = full(of_four(Overflow::Block(TIMEOUT)).clock(time.clone()));
    thread::scope(|s| {
        let push = s.spawn(|| batcher.push(5));
        until_asleep(&time, 1);
        time.advance(TIMEOUT);
        assert_eq!(push.join().unwrap(), Err(PushError::Full(5)));
    });
    assert_eq!(batcher.stats().waits, 1);
    assert_eq!(gate.pass(), [0]);
    assert_eq!(rest(gate, &batcher), [[1, 2], [3, 4]]);
}

#[test]
fn block_for_no_time_and_reject_give_the_item_back_at_once() {
    for overflow in [Overflow::Block(Duration::ZERO), Overflow::Reject] {
        let (gate, batcher) = full(of_four(overflow).clock(Manual::new()));
        assert_eq!(batcher.push(5), Err(PushError::Full(5)));
        assert_eq!(batcher.push_urgent(6), Err(PushError::Full(6)));
        let stats = batcher.stats();
        assert_eq!((stats.pending, stats.pushed, stats.waits), (4, 5, 0));
        assert_eq!(gate.pass(), [0]);
        assert_eq!(rest(gate, &batcher), [[1, 2], [3, 4]]);
    }
}

#[test]
fn drop_newest_keeps_what_waits() {
    let (gate, batcher) = full(of_four(Overflow::DropNewest));
    (5..=9).for_each(|n| batcher.push(n).unwrap());
    assert_eq!(gate.pass(), [0]);
    until(&batcher, |s| s.in_flight == 2);
    // Two have left.
    (10..=13).for_each(|n| batcher.push(n).unwrap());
    let stats = batcher.stats();
    assert_eq!((stats.dropped_newest, stats.dropped_oldest, stats.pushed), (7, 0, 7));
    assert_eq!(rest(gate, &batcher), [[1, 2], [3, 4], [10, 11]]);
}

#[test]
fn drop_oldest_keeps_the_last_ones_in_order_and_the_batch_in_hand() {
    for pushes in 0..12 {
        let (gate, batcher) = full(of_four(Overflow::DropOldest));
        (5..5 + pushes).for_each(|n| batcher.push(n).unwrap());
        let stats = batcher.stats();
        assert_eq!((stats.dropped_oldest, stats.dropped_newest), (pushes, 0));
        assert_eq!((stats.pending, stats.in_flight, stats.pushed), (4, 1, 5 + pushes));
        assert_whole(stats);
        assert_eq!(gate.pass(), [0]);
        let kept: Vec<u64> = rest(gate, &batcher).concat();
        assert_eq!(kept, (1 + pushes..5 + pushes).collect::<Vec<_>>());
        assert_eq!(batcher.close().dropped, pushes);
    }
}

#[test]
fn drop_oldest_where_a_batch_is_all_that_fits() {
    let (gate, handler) = Gate::new();
    let builder = Batcher::builder().max_items(4).capacity(4).overflow(Overflow::DropOldest).linger(Duration::MAX);
    let batcher = builder.spawn("one", handler).unwrap();
    (0..4).for_each(|n| batcher.push(n).unwrap());
    until(&batcher, |s| s.in_flight == 4);
    (4..40).for_each(|n| batcher.push(n).unwrap());
    assert_eq!(gate.pass(), [0, 1, 2, 3]);
    let kept: Vec<u64> = rest(gate, &batcher).concat();
    assert_eq!(kept, [36, 37, 38, 39]);
}

#[test]
fn a_flush_does_not_wait_for_what_was_dropped() {
    let (gate, batcher) = full(of_four(Overflow::DropOldest));
    thread::scope(|s| {
        let flush = s.spawn(|| batcher.flush());
        (5..20).for_each(|n| batcher.push(n).unwrap());
        assert_eq!(gate.pass(), [0]);
        drop(gate);
        assert_eq!(flush.join().unwrap(), Ok(()));
    });
    assert_eq!(batcher.close().dropped, 15);
}

#[test]
fn who_says_how_long_to_wait_drops_nothing() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let (gate, batcher) = full(of_four(overflow).clock(Manual::new()));
        assert_eq!(batcher.try_push(5), Err(PushError::Full(5)));
        assert_eq!(batcher.push_timeout(6, Duration::ZERO), Err(PushError::Full(6)));
        assert_eq!(gate.pass(), [0]);
        assert_eq!(rest(gate, &batcher), [[1, 2], [3, 4]]);
        assert_eq!(batcher.close().dropped, 0);
    }
}

#[test]
fn a_closed_batcher_drops_nothing() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest, Overflow::Reject, Overflow::Block(TIMEOUT)] {
        let batcher = of_four(overflow).spawn("closed", |batch: &mut Vec<u64>| batch.clear()).unwrap();
        assert_eq!(batcher.close().handled, 0);
        assert_eq!(batcher.push(1), Err(PushError::Closed(1)));
        let stats = batcher.stats();
        assert_eq!((stats.dropped_newest, stats.dropped_oldest), (0, 0));
    }
}

/// Looks at the figures of its batcher when it is dropped, which takes its locks.
struct Looks(Arc<OnceLock<Weak<Batcher<Looks>>>>);

impl Drop for Looks {
    fn drop(&mut self) {
        if let Some(batcher) = self.0.get().and_then(Weak::upgrade) {
            let _ = batcher.stats();
        }
    }
}

#[test]
fn what_is_dropped_is_dropped_outside_the_locks() {
    for overflow in [Overflow::DropNewest, Overflow::DropOldest] {
        let own = Arc::new(OnceLock::new());
        let item = || Looks(Arc::clone(&own));
        // The thread is kept busy with the first batch.
        let (open, opened) = std::sync::mpsc::channel::<()>();
        let handler = move |batch: &mut Vec<Looks>| {
            let _ = opened.recv();
            // Outside of the batcher's reach, so that only dropped items look.
            mem::take(batch).into_iter().for_each(mem::forget);
        };
        let builder = Batcher::builder().max_items(1).capacity(2).overflow(overflow);
        let batcher = Arc::new(builder.spawn("looks", handler).unwrap());
        assert!(own.set(Arc::downgrade(&batcher)).is_ok());
        batcher.push(item()).unwrap();
        until(&batcher, |s| s.in_flight == 1);
        // Held: one by the handler, two that wait, this function's own.
        (0..10).for_each(|_| batcher.push(item()).unwrap());
        let mut many: Vec<_> = (0..10).map(|_| item()).collect();
        batcher.push_all(&mut many).unwrap();
        assert_eq!(Arc::strong_count(&own), 4);
        drop(open);
        let report = batcher.close();
        assert_eq!((report.handled, report.dropped), (3, 18));
    }
}
