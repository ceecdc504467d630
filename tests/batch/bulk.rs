//! Many items handed in at once.

use crate::support::{Gate, reporting, rest, until, until_asleep};
use bedplate::batch::{Batcher, BatcherBuilder, Overflow, PushError};
use bedplate::time::Manual;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(1);

/// A batcher of capacity 4 with 0 in hand and nothing waiting.
fn busy(builder: BatcherBuilder<u64>) -> (Gate, Batcher<u64>) {
    let (gate, handler) = Gate::new();
    let batcher = builder.max_items(2).capacity(4).linger(Duration::MAX).spawn("bulk", handler).unwrap();
    batcher.push_urgent(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (gate, batcher)
}

#[test]
fn each_kind_of_source_is_emptied_in_order() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(3).linger(Duration::MAX).inline(handler);
    let mut vec = vec![1, 2];
    batcher.push_all(&mut vec).unwrap();
    assert!(vec.is_empty() && vec.capacity() >= 2);
    let mut part = vec![3, 4, 5, 6];
    batcher.push_all(&mut part.drain(1..3)).unwrap();
    assert_eq!(part, [3, 6]);
    let mut owned = vec![7].into_iter();
    batcher.push_all(&mut owned).unwrap();
    assert_eq!(owned.as_slice(), []);
    let mut slice: &[u64] = &[8];
    batcher.push_all(&mut slice).unwrap();
    assert!(slice.is_empty());
    batcher.push_all(&mut slice).unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[1, 2, 4], [5, 7, 8]]);
    assert_eq!(batcher.stats().pushed, 6);
}

#[test]
fn what_a_full_batcher_rejects_stays_in_the_source() {
    for (n, taken) in [(3, 3), (4, 4), (5, 4), (9, 4)] {
        let (gate, batcher) = busy(Batcher::builder().overflow(Overflow::Reject));
        let mut items: Vec<u64> = (1..=n).collect();
        let pushed = batcher.push_all(&mut items);
        assert_eq!(pushed, if taken < n { Err(PushError::Full(())) } else { Ok(()) });
        assert_eq!(items, (taken + 1..=n).collect::<Vec<_>>());
        assert_eq!(batcher.stats().pushed, 1 + taken);
        assert_eq!(gate.pass(), [0]);
        assert_eq!(rest(gate, &batcher).concat(), (1..=taken).collect::<Vec<_>>());
    }
}

#[test]
fn a_source_larger_than_the_batcher_waits_for_the_handler() {
    let (batches, handler) = reporting();
    let builder = Batcher::builder().max_items(3).capacity(7).linger(Duration::MAX).clock(Manual::new());
    let batcher = builder.spawn("large", handler).unwrap();
    let mut items: Vec<u64> = (0..1_000).collect();
    batcher.push_all(&mut items).unwrap();
    assert!(items.is_empty());
    assert_eq!(batcher.close().handled, 1_000);
    let batches: Vec<Vec<u64>> = batches.try_iter().collect();
    assert!(batches[..333].iter().all(|batch| batch.len() == 3));
    assert_eq!(batches.concat(), (0..1_000).collect::<Vec<_>>());
}

#[test]
fn once_the_time_is_up_the_rest_stays_in_the_source() {
    let time = Manual::new();
    let (gate, batcher) = busy(Batcher::builder().overflow(Overflow::Block(TIMEOUT)).clock(time.clone()));
    let mut items: Vec<u64> = (1..=9).collect();
    thread::scope(|s| {
        let push = s.spawn(|| {
            let pushed = batcher.push_all(&mut items);
            (pushed, items)
        });
        until_asleep(&time, 1);
        // Room for one batch more, and then none.
        assert_eq!(gate.pass(), [0]);
        until(&batcher, |s| s.pushed == 7);
        until_asleep(&time, 1);
        time.advance(TIMEOUT);
        assert_eq!(push.join().unwrap(), (Err(PushError::Full(())), vec![7, 8, 9]));
    });
    assert_eq!(batcher.stats().waits, 1);
    assert_eq!(rest(gate, &batcher), [[1, 2], [3, 4], [5, 6]]);
}

#[test]
fn a_close_ends_the_wait_and_the_rest_stays_in_the_source() {
    let (gate, batcher) = busy(Batcher::builder());
    let mut items: Vec<u64> = (1..=9).collect();
    thread::scope(|s| {
        let push = s.spawn(|| {
            let pushed = batcher.push_all(&mut items);
            (pushed, items)
        });
        until(&batcher, |s| s.waits == 1);
        assert_eq!(batcher.try_close().left_over, [1, 2, 3, 4]);
        assert_eq!(push.join().unwrap(), (Err(PushError::Closed(())), vec![5, 6, 7, 8, 9]));
    });
    drop(gate);
}

#[test]
fn dropped_ones_leave_the_source_and_are_counted() {
    let (gate, batcher) = busy(Batcher::builder().overflow(Overflow::DropNewest));
    let mut items: Vec<u64> = (1..=9).collect();
    batcher.push_all(&mut items).unwrap();
    assert!(items.is_empty());
    assert_eq!(batcher.stats().dropped_newest, 5);
    assert_eq!(gate.pass(), [0]);
    assert_eq!(rest(gate, &batcher), [[1, 2], [3, 4]]);

    let (gate, batcher) = busy(Batcher::builder().overflow(Overflow::DropOldest));
    let mut items: Vec<u64> = (1..=9).collect();
    batcher.push_all(&mut items).unwrap();
    assert!(items.is_empty());
    assert_eq!(batcher.stats().dropped_oldest, 5);
    assert_eq!(gate.pass(), [0]);
    assert_eq!(rest(gate, &batcher).concat(), [6, 7, 8, 9]);
}

#[test]
fn a_closed_batcher_takes_nothing() {
    let batcher = Batcher::builder().inline(|batch: &mut Vec<u64>| batch.clear());
    assert_eq!(batcher.close().handled, 0);
    let mut items = vec![1, 2];
    assert_eq!(batcher.push_all(&mut items), Err(PushError::Closed(())));
    assert_eq!(items, [1, 2]);
}

#[test]
fn a_measure_that_panics_leaves_everything_where_it_was() {
    let size = |n: &u64| if *n == 3 { resume_unwind(Box::new("quiet")) } else { 1 };
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_bytes(2, size).linger(Duration::MAX).inline(handler);
    let mut items = vec![1, 2, 3, 4];
    let pushed = catch_unwind(AssertUnwindSafe(|| batcher.push_all(&mut items)));
    assert!(pushed.is_err());
    assert_eq!((items.as_slice(), batcher.stats().pushed), (&[1, 2, 3, 4][..], 0));
    assert!(catch_unwind(AssertUnwindSafe(|| batcher.push(3))).is_err());
    let mut producer = batcher.producer();
    assert!(catch_unwind(AssertUnwindSafe(|| producer.push(3))).is_err());
    // Nothing is stuck in the middle.
    batcher.push(5).unwrap();
    producer.push(6).unwrap();
    producer.flush().unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[5, 6]]);
}

#[test]
fn items_of_several_threads_keep_each_threads_order() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(5).capacity(20).spawn("bulks", handler).unwrap();
    thread::scope(|s| {
        for t in 0..4u64 {
            let batcher = &batcher;
            s.spawn(move || {
                for start in (0..2_000).step_by(20) {
                    let mut items: Vec<u64> = (start..start + 20).map(|n| n * 4 + t).collect();
                    batcher.push_all(&mut items).unwrap();
                }
            });
        }
    });
    assert_eq!(batcher.close().handled, 8_000);
    let all: Vec<u64> = batches.try_iter().flatten().collect();
    for t in 0..4 {
        assert!(all.iter().filter(|id| *id % 4 == t).copied().eq((0..2_000).map(|n| n * 4 + t)), "thread {t}");
    }
}
