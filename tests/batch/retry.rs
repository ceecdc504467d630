//! Batches that are handed to the handler again.

use crate::support::{assert_whole, until, until_asleep};
use bedplate::batch::{Batcher, FlushError};
use bedplate::time::Manual;
use std::mem;
use std::panic::resume_unwind;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

const NS: Duration = Duration::from_nanos(1);
const BACKOFF: Duration = Duration::from_millis(3);

/// A call of the handler: what was in the batch, and the time in nanoseconds.
type Call = (Vec<u64>, u64);

/// Takes nothing on its first `failures` calls, and then everything.
fn failing(failures: usize, time: &Manual) -> (Receiver<Call>, impl FnMut(&mut Vec<u64>) + Send + 'static) {
    let (report, calls) = mpsc::channel();
    let time = time.clone();
    let mut left = failures;
    let handler = move |batch: &mut Vec<u64>| {
        let _ = report.send((batch.clone(), time.now().as_nanos()));
        if left > 0 {
            left -= 1;
        } else {
            batch.clear();
        }
    };
    (calls, handler)
}

#[test]
fn the_tries_come_after_the_backoff_that_doubles_and_not_before() {
    let time = Manual::new();
    let (calls, handler) = failing(3, &time);
    let batcher = Batcher::builder().retry(5, BACKOFF).clock(time.clone()).spawn("backoff", handler).unwrap();
    batcher.push(1).unwrap();
    assert_eq!(calls.recv(), Ok((vec![1], 0)));
    let mut at = Duration::ZERO;
    for n in 0..3 {
        until_asleep(&time, 1);
        time.advance(BACKOFF * 2_u32.pow(n) - NS);
        // One that came now would tell the time of now.
        until_asleep(&time, 1);
        assert_eq!(batcher.stats().retries, u64::from(n));
        time.advance(NS);
        at += BACKOFF * 2_u32.pow(n);
        assert_eq!(calls.recv(), Ok((vec![1], at.as_nanos() as u64)));
    }
    let report = batcher.close();
    assert_eq!((report.handled, report.failed), (1, 0));
    let stats = batcher.stats();
    assert_eq!((stats.retries, stats.batches, stats.panics), (3, 1, 0));
}

#[test]
fn without_backoff_the_tries_follow_at_once_and_order_is_kept() {
    let time = Manual::new();
    let (calls, handler) = failing(4, &time);
    let batcher = Batcher::builder().max_items(2).linger(Duration::MAX).retry(4, Duration::ZERO).inline(handler);
    (1..=4).for_each(|n| batcher.push(n).unwrap());
    let batches: Vec<Vec<u64>> = calls.try_iter().map(|(batch, _)| batch).collect();
    assert_eq!(batches, [[1, 2], [1, 2], [1, 2], [1, 2], [1, 2], [3, 4]]);
    assert_eq!(batcher.stats().handled, 4);
}

#[test]
fn those_behind_a_batch_that_is_tried_again_wait() {
    let time = Manual::new();
    let (calls, handler) = failing(1, &time);
    let builder = Batcher::builder().max_items(2).retry(1, BACKOFF).clock(time.clone());
    let batcher = builder.linger(Duration::MAX).spawn("behind", handler).unwrap();
    (1..=6).for_each(|n| batcher.push(n).unwrap());
    until_asleep(&time, 1);
    let stats = batcher.stats();
    assert_eq!((stats.in_flight, stats.pending), (2, 4));
    assert_whole(stats);
    assert_eq!(batcher.try_flush(), Err(FlushError::TimedOut));
    time.advance(BACKOFF);
    batcher.flush().unwrap();
    let batches: Vec<Vec<u64>> = calls.try_iter().map(|(batch, _)| batch).collect();
    assert_eq!(batches, [[1, 2], [1, 2], [3, 4], [5, 6]]);
}

#[test]
fn after_the_last_try_what_is_left_fails_in_order() {
    for times in [0, 1, 3] {
        let time = Manual::new();
        let (calls, handler) = failing(times + 1, &time);
        let (fail, failed) = mpsc::channel();
        let batcher = Batcher::builder()
            .max_items(3)
            .retry(times as u32, Duration::ZERO)
            .linger(Duration::MAX)
            .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
            .inline(handler);
        (1..=6).for_each(|n| batcher.push(n).unwrap());
        assert_eq!(calls.try_iter().count(), times + 2);
        assert_eq!(failed.try_iter().collect::<Vec<_>>(), [[1, 2, 3]]);
        let stats = batcher.stats();
        assert_eq!((stats.handled, stats.failed, stats.retries), (3, 3, times as u64));
        assert_whole(stats);
    }
}

#[test]
fn what_a_try_takes_is_handled() {
    let (report, handled) = mpsc::channel();
    let (fail, failed) = mpsc::channel();
    // One item a call.
    let handler = move |batch: &mut Vec<u64>| report.send(batch.remove(0)).unwrap();
    let batcher = Batcher::builder()
        .max_items(4)
        .linger(Duration::MAX)
        .retry(2, Duration::ZERO)
        .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
        .inline(handler);
    (1..=8).for_each(|n| batcher.push(n).unwrap());
    assert_eq!(handled.try_iter().collect::<Vec<_>>(), [1, 2, 3, 5, 6, 7]);
    assert_eq!(failed.try_iter().collect::<Vec<_>>(), [[4], [8]]);
    let stats = batcher.stats();
    assert_eq!((stats.handled, stats.failed, stats.retries), (6, 2, 4));
}

#[test]
fn a_panic_is_not_tried_again() {
    let (fail, failed) = mpsc::channel();
    let mut calls = 0;
    let handler = move |_: &mut Vec<u64>| {
        calls += 1;
        // The first call takes nothing, the second one panics.
        if calls == 2 {
            resume_unwind(Box::new("quiet"));
        }
    };
    let batcher = Batcher::builder()
        .retry(9, Duration::ZERO)
        .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
        .inline(handler);
    batcher.push(1).unwrap();
    assert_eq!(failed.try_recv(), Ok(vec![1]));
    let stats = batcher.stats();
    assert_eq!((stats.retries, stats.panics, stats.failed), (1, 1, 1));
}

#[test]
fn a_close_waits_for_the_tries() {
    let time = Manual::new();
    let (calls, handler) = failing(2, &time);
    let batcher = Batcher::builder().retry(9, BACKOFF).clock(time.clone()).spawn("waits", handler).unwrap();
    batcher.push(1).unwrap();
    thread::scope(|s| {
        until_asleep(&time, 1);
        let close = s.spawn(|| batcher.close());
        time.advance(BACKOFF);
        while calls.try_iter().count() == 0 || batcher.stats().retries < 1 {
            thread::yield_now();
        }
        until_asleep(&time, 1);
        time.advance(BACKOFF * 2);
        let report = close.join().unwrap();
        assert_eq!((report.handled, report.failed, report.left_over), (1, 0, vec![]));
    });
}

#[test]
fn a_close_whose_time_is_up_ends_the_tries() {
    let time = Manual::new();
    let (calls, handler) = failing(usize::MAX, &time);
    let (fail, failed) = mpsc::channel();
    let batcher = Batcher::builder()
        .max_items(1)
        .retry(u32::MAX, Duration::from_secs(3_600))
        .clock(time.clone())
        .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
        .spawn("ends", handler)
        .unwrap();
    batcher.push(1).unwrap();
    until_asleep(&time, 1);
    batcher.push(2).unwrap();
    thread::scope(|s| {
        let close = s.spawn(|| batcher.close_timeout(Duration::from_secs(1)));
        // The batch thread and the closer.
        until_asleep(&time, 2);
        time.advance(Duration::from_secs(1));
        assert_eq!(close.join().unwrap().left_over, [2]);
    });
    // Nothing moves the clock: the thread has been told.
    assert_eq!(failed.recv(), Ok(vec![1]));
    let report = batcher.close();
    assert_eq!((report.failed, report.in_flight), (1, 0));
    assert_eq!((calls.try_iter().count(), batcher.stats().retries), (1, 0));
}

#[test]
fn a_try_close_and_a_drop_end_the_tries_too() {
    for drops in [false, true] {
        let time = Manual::new();
        let (_calls, handler) = failing(usize::MAX, &time);
        let (fail, failed) = mpsc::channel();
        let batcher = Batcher::builder()
            .retry(u32::MAX, Duration::MAX)
            .clock(time.clone())
            .drop_timeout(Duration::ZERO)
            .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
            .spawn("ends", handler)
            .unwrap();
        batcher.push(1).unwrap();
        // A back-off without an end waits for no time: it is seen by the batch in hand.
        until(&batcher, |s| s.in_flight == 1);
        if drops {
            drop(batcher);
        } else {
            assert_eq!(batcher.try_close().left_over, []);
        }
        assert_eq!(failed.recv(), Ok(vec![1]));
    }
}

#[test]
fn inline_the_tries_end_with_the_time_of_the_close() {
    let time = Manual::new();
    let (_calls, handler) = failing(3, &time);
    let (fail, failed) = mpsc::channel();
    let batcher = Batcher::builder()
        .max_items(2)
        .retry(9, Duration::from_secs(3_600))
        .linger(Duration::MAX)
        .clock(time.clone())
        .on_failed(move |items: Vec<u64>| fail.send(items).unwrap())
        .inline(handler);
    batcher.push(1).unwrap();
    let report = thread::scope(|s| {
        let close = s.spawn(|| batcher.close_timeout(Duration::from_secs(1)));
        until_asleep(&time, 1);
        time.advance(Duration::from_secs(1));
        // A close that is not bounded waits for hours of this clock, which pass only after it should have ended.
        let late = Instant::now() + Duration::from_secs(10);
        while !close.is_finished() {
            thread::yield_now();
            if Instant::now() > late {
                time.advance(Duration::from_secs(36_000));
            }
        }
        close.join().unwrap()
    });
    assert_eq!((report.handled, report.failed, report.left_over), (0, 1, vec![]), "the close ends with its time");
    assert_eq!(failed.try_recv(), Ok(vec![1]));
}

#[test]
fn inline_the_caller_waits_and_others_push_on() {
    let time = Manual::new();
    let (calls, handler) = failing(1, &time);
    let batcher = Batcher::builder().max_items(1).retry(1, BACKOFF).clock(time.clone()).inline(handler);
    thread::scope(|s| {
        let first = s.spawn(|| batcher.push(1));
        until_asleep(&time, 1);
        batcher.push(2).unwrap();
        time.advance(BACKOFF);
        first.join().unwrap().unwrap();
    });
    let batches: Vec<Vec<u64>> = calls.try_iter().map(|(batch, _)| batch).collect();
    assert_eq!(batches, [[1], [1], [2]]);
}

#[test]
fn items_that_a_handler_adds_are_tried_but_not_counted() {
    let (report, seen) = mpsc::channel();
    let mut calls = 0;
    let handler = move |batch: &mut Vec<u64>| {
        calls += 1;
        if calls == 1 {
            batch.push(100);
        } else {
            report.send(mem::take(batch)).unwrap();
        }
    };
    let batcher = Batcher::builder().retry(1, Duration::ZERO).inline(handler);
    batcher.push(1).unwrap();
    assert_eq!(seen.try_recv(), Ok(vec![1, 100]));
    let stats = batcher.stats();
    assert_eq!((stats.handled, stats.failed, stats.pushed), (1, 0, 1));
    assert_whole(stats);
}
