//! Producers, who gather items in stages of their own.

use crate::support::{Gate, assert_whole, reporting, until, until_asleep};
use bedplate::batch::{Batcher, FlushError, Producer, PushError};
use bedplate::time::{Deadline, Manual};
use std::mem;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const NS: Duration = Duration::from_nanos(1);
const LINGER: Duration = Duration::from_millis(2);

#[test]
fn a_stage_is_handed_over_when_one_more_item_comes() {
    let batcher = Batcher::builder().max_items(100).stage(4).linger(Duration::MAX).inline(|b: &mut Vec<u64>| b.clear());
    let mut producer = batcher.producer();
    for n in 0..9 {
        let stats = batcher.stats();
        let staged = if n == 0 { 0 } else { (n - 1) % 4 + 1 };
        assert_eq!((stats.staged as u64, stats.pending as u64), (staged, n - staged));
        assert_eq!(stats.pushed, n - staged);
        producer.push(n).unwrap();
    }
}

#[test]
fn a_stage_holds_256_items_or_a_batch() {
    let staged = |max_items| {
        let batcher =
            Batcher::builder().max_items(max_items).linger(Duration::MAX).inline(|b: &mut Vec<u64>| b.clear());
        let mut producer = batcher.producer();
        (0..600)
            .map(|n| {
                producer.push(n).unwrap();
                batcher.stats().staged
            })
            .max()
            .unwrap()
    };
    assert_eq!((staged(10), staged(256), staged(1_000)), (10, 256, 256));
}

#[test]
fn items_of_each_producer_keep_their_order() {
    const PRODUCERS: u64 = 4;
    const EACH: u64 = 10_000;
    for (stage, max_items) in [(1, 7), (3, 7), (7, 7), (64, 7), (10, 100)] {
        let (batches, handler) = reporting();
        let builder = Batcher::builder().max_items(max_items).capacity(max_items * 3).stage(stage);
        let batcher = builder.linger(Duration::from_micros(50)).spawn("order", handler).unwrap();
        thread::scope(|s| {
            for t in 0..PRODUCERS {
                let mut producer = batcher.producer();
                s.spawn(move || (0..EACH).for_each(|n| producer.push(n * PRODUCERS + t).unwrap()));
            }
        });
        assert_eq!(batcher.close().handled, PRODUCERS * EACH);
        assert_whole(batcher.stats());
        let all: Vec<u64> = batches.try_iter().inspect(|batch| assert!(batch.len() <= max_items)).flatten().collect();
        for t in 0..PRODUCERS {
            let own = all.iter().copied().filter(|id| id % PRODUCERS == t);
            assert!(own.eq((0..EACH).map(|n| n * PRODUCERS + t)), "stage {stage}, producer {t}");
        }
    }
}

#[test]
fn the_batch_thread_keeps_the_linger_of_a_producer_that_pushes_no_more() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).spawn("linger", handler).unwrap();
    let mut producer = batcher.producer();
    producer.push(1).unwrap();
    until_asleep(&time, 1);
    time.advance(LINGER - NS);
    // A batch that went too early would be without this one.
    producer.push(2).unwrap();
    time.advance(NS);
    assert_eq!(batches.recv(), Ok(vec![1, 2]));
    assert_eq!(batcher.stats().by_linger, 1);
    // And once more, now that the stage was emptied behind its back.
    producer.push(3).unwrap();
    until_asleep(&time, 1);
    time.advance(LINGER);
    assert_eq!(batches.recv(), Ok(vec![3]));
}

#[test]
fn the_linger_counts_from_the_push_and_not_from_the_hand_over() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).stage(2).linger(LINGER).clock(time.clone()).inline(handler);
    let end = Deadline::at(time.now() + LINGER);
    let mut producer = batcher.producer();
    producer.push(1).unwrap();
    time.advance(LINGER / 2);
    producer.hand_over().unwrap();
    assert_eq!(batcher.stats().pending, 1);
    assert_eq!(batcher.poll(), end);
    time.advance(LINGER / 2);
    batcher.poll();
    assert_eq!(batches.try_recv(), Ok(vec![1]), "after a hand-over");

    let end = Deadline::at(time.now() + LINGER);
    producer.push(2).unwrap();
    time.advance(LINGER / 2);
    producer.push(3).unwrap();
    // The stage is full and goes.
    producer.push(4).unwrap();
    assert_eq!(batcher.poll(), end);
    time.advance(LINGER / 2);
    batcher.poll();
    assert_eq!(batches.try_recv().map(|batch| batch[..2] == [2, 3]), Ok(true), "after a full stage");

    batcher.flush().unwrap();
    let _ = batches.try_recv();
    let end = Deadline::at(time.now() + LINGER);
    producer.push(5).unwrap();
    time.advance(LINGER / 2);
    drop(producer);
    assert_eq!(batcher.poll(), end);
    time.advance(LINGER / 2);
    batcher.poll();
    assert_eq!(batches.try_recv(), Ok(vec![5]), "after the producer");
}

#[test]
fn an_older_staged_item_takes_the_younger_open_batch_along() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).inline(handler);
    let mut producer = batcher.producer();
    producer.push(1).unwrap();
    time.advance(LINGER / 2);
    batcher.push(2).unwrap();
    time.advance(LINGER / 2);
    batcher.poll();
    let mut batch = batches.try_recv().unwrap();
    batch.sort_unstable();
    assert_eq!(batch, [1, 2]);
}

#[test]
fn nothing_is_to_be_polled_for_once_a_stage_was_handed_over() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(2).linger(LINGER).clock(Manual::new()).inline(handler);
    let mut producer = batcher.producer();
    producer.push(1).unwrap();
    producer.push(2).unwrap();
    producer.hand_over().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![1, 2]));
    assert_eq!(batcher.poll(), Deadline::NEVER);
}

#[test]
fn without_linger_a_staged_item_goes_as_soon_as_the_handler_is_free() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).spawn("natural", handler).unwrap();
    let mut producer = batcher.producer();
    for n in 0..3_000 {
        producer.push(n).unwrap();
        assert_eq!(batches.recv_timeout(Duration::from_secs(20)), Ok(vec![n]));
    }
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).inline(handler);
    let mut producer = batcher.producer();
    for n in 0..9 {
        producer.push(n).unwrap();
        assert_eq!(batches.try_recv(), Ok(vec![n]));
    }
}

/// What is handed in and collected at the same moment must be known to one side at least. Many moments are tried.
#[test]
fn no_item_is_forgotten_while_others_empty_the_stage() {
    const LIMIT: Duration = Duration::from_secs(20);
    let handled = Arc::new(AtomicU64::new(0));
    let theirs = Arc::clone(&handled);
    let handler = move |batch: &mut Vec<u64>| {
        // Relaxed: a count.
        theirs.fetch_add(batch.drain(..).count() as u64, Ordering::Relaxed);
    };
    // Without linger the batch thread is after every item. A flush beside it is, too, but only now and then, so that
    // what was forgotten stays so.
    let batcher = Batcher::builder().max_items(1_000).stage(1_000).spawn("races", handler).unwrap();
    let mut producer = batcher.producer();
    let done = AtomicU64::new(0);
    thread::scope(|s| {
        s.spawn(|| {
            while done.load(Ordering::Relaxed) == 0 {
                (0..100).for_each(|_| batcher.try_flush().unwrap_or_default());
                let seen = handled.load(Ordering::Relaxed);
                while handled.load(Ordering::Relaxed) < seen + 50 && done.load(Ordering::Relaxed) == 0 {
                    thread::yield_now();
                }
            }
        });
        let mut pushed = 0;
        'all: for round in 0..4_000u64 {
            for _ in 0..1 + round % 3 {
                producer.push(0).unwrap();
                pushed += 1;
            }
            let start = Instant::now();
            while handled.load(Ordering::Relaxed) < pushed {
                thread::yield_now();
                if start.elapsed() > LIMIT {
                    break 'all;
                }
            }
        }
        done.store(1, Ordering::Relaxed);
        assert_eq!(handled.load(Ordering::Relaxed), pushed, "an item was forgotten: {:?}", batcher.stats());
    });
}

#[test]
fn a_flush_by_any_thread_takes_staged_items_along() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(99).linger(Duration::MAX).spawn("flush", handler).unwrap();
    let mut producers: Vec<Producer<u64>> = (0..3).map(|_| batcher.producer()).collect();
    for n in 0..6 {
        producers[n % 3].push(n as u64).unwrap();
    }
    thread::scope(|s| s.spawn(|| batcher.flush().unwrap()).join().unwrap());
    let mut batch = batches.try_recv().unwrap();
    batch.sort_unstable();
    assert_eq!(batch, [0, 1, 2, 3, 4, 5]);
    let stats = batcher.stats();
    assert_eq!((stats.staged, stats.handled, stats.by_flush), (0, 6, 1));
    producers[0].push(6).unwrap();
    producers[1].flush().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![6]));
    producers[2].push(7).unwrap();
    // It may be handled by the look that follows the asking.
    assert!(matches!(batcher.try_flush(), Ok(()) | Err(FlushError::TimedOut)));
    assert_eq!(batches.recv(), Ok(vec![7]));
}

#[test]
fn a_close_handles_what_is_staged_or_gives_it_back() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(Manual::new()).spawn("close", handler).unwrap();
    let mut producer = batcher.producer();
    (0..3).for_each(|n| producer.push(n).unwrap());
    let report = batcher.close();
    assert_eq!((report.handled, report.left_over.len()), (3, 0));
    assert_eq!(batches.try_recv(), Ok(vec![0, 1, 2]));

    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(2).stage(3).spawn("back", handler).unwrap();
    let mut producer = batcher.producer();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=5).for_each(|n| producer.push(n).unwrap());
    let report = batcher.try_close();
    assert_eq!((report.in_flight, report.left_over), (1, vec![1, 2, 3, 4, 5]));
    assert_whole(batcher.stats());
    assert_eq!(batcher.stats().staged, 0);
    drop(gate);
}

#[test]
fn every_push_after_a_close_is_refused_and_gives_its_item_back() {
    for inline in [false, true] {
        let (failed, on_failed) = mpsc::channel();
        let builder = Batcher::builder().stage(4).linger(Duration::MAX);
        let builder = builder.on_failed(move |items: Vec<u64>| failed.send(items).unwrap());
        let handler = |batch: &mut Vec<u64>| batch.clear();
        let batcher = if inline { builder.inline(handler) } else { builder.spawn("late", handler).unwrap() };
        let mut producer = batcher.producer();
        producer.push(0).unwrap();
        assert_eq!(batcher.close().handled, 1);
        for n in 1..12 {
            assert_eq!(producer.push(n), Err(PushError::Closed(n)), "inline {inline}");
        }
        assert_eq!(producer.hand_over(), Err(PushError::Closed(())));
        assert_eq!(producer.flush(), Ok(()), "everything that was accepted is handled");
        // As is one that is made now.
        let mut late = batcher.producer();
        assert_eq!(late.push(1), Err(PushError::Closed(1)));
        assert_eq!(late.push(2), Err(PushError::Closed(2)));
        drop((producer, late));
        assert_eq!(batcher.stats().failed, 0);
        drop(batcher);
        assert_eq!(on_failed.iter().count(), 0);
    }
}

#[test]
fn a_producer_that_goes_hands_over_what_it_has() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(Duration::MAX).spawn("goes", handler).unwrap();
    let mut producer = batcher.producer();
    (0..3).for_each(|n| producer.push(n).unwrap());
    drop(producer);
    let stats = batcher.stats();
    assert_eq!((stats.staged, stats.pending, stats.pushed), (0, 3, 3));
    batcher.flush().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![0, 1, 2]));
}

#[test]
fn a_producer_may_outlive_its_batcher() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(Duration::MAX).spawn("first", handler).unwrap();
    let mut producer = batcher.producer();
    (0..3).for_each(|n| producer.push(n).unwrap());
    drop(batcher);
    // The handler is gone, and has handled all.
    assert_eq!(batches.iter().collect::<Vec<_>>(), [[0, 1, 2]]);
    assert_eq!(producer.push(3), Err(PushError::Closed(3)));
}

#[test]
fn the_handler_of_an_inline_batcher_goes_with_the_batcher_though_a_producer_stays() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(Duration::MAX).inline(handler);
    let mut producer = batcher.producer();
    producer.push(1).unwrap();
    drop(batcher);
    assert_eq!(batches.try_recv(), Ok(vec![1]));
    assert_eq!(batches.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    assert_eq!(producer.push(2), Err(PushError::Closed(2)));
}

#[test]
fn the_handler_of_an_inline_batcher_goes_with_a_close_that_leaves_items() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(Duration::MAX).inline(handler);
    batcher.push(1).unwrap();
    assert_eq!(batcher.try_close().left_over, [1]);
    assert_eq!(batches.try_recv(), Err(mpsc::TryRecvError::Disconnected));
    assert_eq!(batcher.poll(), Deadline::NEVER);
}

#[test]
fn a_producer_that_was_leaked_holds_nothing_up() {
    let (batches, handler) = reporting();
    let time = Manual::new();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).spawn("leak", handler).unwrap();
    let leak = |n| {
        let mut producer = batcher.producer();
        producer.push(n).unwrap();
        mem::forget(producer);
    };
    leak(1);
    until_asleep(&time, 1);
    time.advance(LINGER);
    assert_eq!(batches.recv(), Ok(vec![1]));
    leak(2);
    batcher.flush().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![2]));
    leak(3);
    assert_eq!(batcher.close().handled, 3);
    drop(batcher);
    assert_eq!(batches.iter().collect::<Vec<_>>(), [[3]]);
}

#[test]
fn a_handler_that_panics_leaves_producers_as_they_are() {
    let (fail, failed) = mpsc::channel();
    let batcher = Batcher::builder()
        .max_items(3)
        .stage(2)
        .linger(Duration::MAX)
        .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
        .spawn("panics", |batch| {
            if batch.contains(&4) {
                resume_unwind(Box::new("quiet"));
            }
            batch.clear();
        })
        .unwrap();
    let mut producer = batcher.producer();
    (1..=9).for_each(|n| producer.push(n).unwrap());
    producer.flush().unwrap();
    let stats = batcher.stats();
    assert_eq!((stats.handled, stats.failed, stats.panics), (6, 3, 1));
    assert_eq!(failed.try_recv(), Ok(vec![4, 5, 6]));
}

#[test]
fn a_producer_may_go_from_thread_to_thread() {
    let (batches, handler) = reporting();
    let batcher =
        Batcher::builder().max_items(7).stage(3).linger(Duration::from_micros(10)).spawn("moves", handler).unwrap();
    let mut producer = batcher.producer();
    for round in 0..50u64 {
        producer = thread::scope(|s| {
            let moved = s.spawn(move || {
                (0..11).for_each(|n| producer.push(round * 11 + n).unwrap());
                producer
            });
            moved.join().unwrap()
        });
    }
    drop(producer);
    assert_eq!(batcher.close().handled, 550);
    assert!(batches.try_iter().flatten().eq(0..550));
}

#[test]
fn each_item_is_dropped_once_wherever_it_is() {
    let item = Arc::new(());
    let batcher = Batcher::builder()
        .max_items(40)
        .stage(3)
        .linger(Duration::MAX)
        .spawn("drops", |batch: &mut Vec<Arc<()>>| batch.clear())
        .unwrap();
    let mut producer = batcher.producer();
    let mut idle = batcher.producer();
    (0..5).for_each(|_| producer.push(Arc::clone(&item)).unwrap());
    idle.push(Arc::clone(&item)).unwrap();
    producer.flush().unwrap();
    assert_eq!(Arc::strong_count(&item), 1);
    (0..5).for_each(|_| producer.push(Arc::clone(&item)).unwrap());
    idle.push(Arc::clone(&item)).unwrap();
    assert_eq!(Arc::strong_count(&item), 7);
    let report = batcher.try_close();
    assert_eq!(report.handled + report.in_flight as u64 + report.left_over.len() as u64, 12);
    drop(report);
    assert!(producer.push(Arc::clone(&item)).is_err());
    drop((batcher, producer, idle));
    assert_eq!(Arc::strong_count(&item), 1);
}

#[test]
fn bytes_count_when_a_stage_is_handed_over() {
    let (batches, handler) = reporting();
    let builder = Batcher::builder().capacity(100).max_bytes(10, |n| *n as usize).linger(Duration::MAX).stage(8);
    let batcher = builder.inline(handler);
    let mut producer = batcher.producer();
    [4, 6, 3, 9, 25, 10, 1].into_iter().for_each(|n| producer.push(n).unwrap());
    assert!(batches.try_recv().is_err());
    producer.hand_over().unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [vec![4, 6], vec![3], vec![9], vec![25], vec![10]]);
}

#[test]
fn producers_come_and_go_while_others_push() {
    let (batches, handler) = reporting();
    let batcher =
        Batcher::builder().max_items(16).stage(5).linger(Duration::from_micros(20)).spawn("many", handler).unwrap();
    let start = Barrier::new(4);
    thread::scope(|s| {
        for t in 0..4u64 {
            let (batcher, start) = (&batcher, &start);
            s.spawn(move || {
                start.wait();
                for life in 0..200 {
                    let mut producer = batcher.producer();
                    (0..7).for_each(|n| producer.push((life * 7 + n) * 4 + t).unwrap());
                }
            });
        }
    });
    assert_eq!(batcher.close().handled, 4 * 1_400);
    let all: Vec<u64> = batches.try_iter().flatten().collect();
    for t in 0..4 {
        assert!(all.iter().filter(|id| *id % 4 == t).copied().eq((0..1_400).map(|n| n * 4 + t)), "thread {t}");
    }
}
