//! Batchers without a thread.

use crate::support::{Gate, assert_whole, reporting, until};
use bedplate::batch::{Batcher, FlushError, PushError};
use bedplate::time::{Deadline, Instant, Manual};
use std::mem;
use std::sync::mpsc;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);
const LINGER: Duration = Duration::from_millis(2);

#[test]
fn the_push_that_fills_a_batch_runs_the_handler() {
    let (say, said) = mpsc::channel();
    let batcher =
        Batcher::builder().max_items(2).linger(LINGER).clock(Manual::new()).inline(move |b: &mut Vec<u64>| {
            say.send((thread::current().id(), mem::take(b))).unwrap();
        });
    batcher.push(1).unwrap();
    assert!(said.try_recv().is_err());
    thread::scope(|s| {
        let id = s.spawn(|| {
            batcher.push(2).unwrap();
            thread::current().id()
        });
        assert_eq!(said.recv(), Ok((id.join().unwrap(), vec![1, 2])));
    });
}

#[test]
fn a_poll_hands_over_at_the_end_of_the_linger_and_not_before() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).inline(handler);
    assert_eq!(batcher.poll(), Deadline::NEVER);
    time.advance(NS);
    batcher.push(1).unwrap();
    time.advance(LINGER - NS);
    batcher.push(2).unwrap();
    assert_eq!(batcher.poll(), Deadline::at(Instant::from_nanos(1) + LINGER));
    assert!(batches.try_recv().is_err());
    time.advance(NS);
    assert_eq!(batcher.poll(), Deadline::NEVER);
    assert_eq!(batches.try_recv(), Ok(vec![1, 2]));
    assert_eq!(batcher.stats().by_linger, 1);
}

#[test]
fn a_push_after_the_linger_hands_over_what_lingered() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).inline(handler);
    batcher.push(1).unwrap();
    time.advance(LINGER);
    batcher.push(2).unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![1, 2]));
}

#[test]
fn without_linger_every_push_that_finds_the_handler_free_is_a_batch() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().inline(handler);
    batcher.push(1).unwrap();
    batcher.push(2).unwrap();
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[1], [2]]);
}

#[test]
fn others_push_on_while_one_caller_runs_the_handler() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(3).capacity(6).inline(handler);
    thread::scope(|s| {
        let leader = s.spawn(|| batcher.push(0));
        until(&batcher, |s| s.in_flight == 1);
        (1..=6).for_each(|n| batcher.push(n).unwrap());
        assert_eq!(batcher.try_push(7), Err(PushError::Full(7)));
        let waits = s.spawn(|| batcher.push(7));
        until(&batcher, |s| s.waits == 1);
        // The first caller goes on with what became due meanwhile.
        assert_eq!(gate.pass(), [0]);
        assert_eq!(gate.pass(), [1, 2, 3]);
        waits.join().unwrap().unwrap();
        assert_eq!(gate.pass(), [4, 5, 6]);
        assert_eq!(gate.pass(), [7]);
        leader.join().unwrap().unwrap();
    });
    assert_whole(batcher.stats());
}

#[test]
fn a_flush_runs_the_handler_itself_or_waits_for_who_does() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(9).linger(Duration::MAX).inline(handler);
    batcher.push(1).unwrap();
    thread::scope(|s| {
        let first = s.spawn(|| batcher.flush());
        until(&batcher, |s| s.in_flight == 1);
        batcher.push(2).unwrap();
        assert_eq!(batcher.try_flush(), Err(FlushError::TimedOut));
        let second = s.spawn(|| batcher.flush());
        assert_eq!(gate.pass(), [1]);
        assert_eq!(gate.pass(), [2]);
        assert_eq!((first.join().unwrap(), second.join().unwrap()), (Ok(()), Ok(())));
    });
    assert_eq!(batcher.stats().by_flush, 2);
}

#[test]
fn a_close_runs_the_handler_and_a_try_close_does_not() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(2).linger(Duration::MAX).inline(handler);
    batcher.push(1).unwrap();
    assert_eq!(batcher.close().handled, 1);
    assert_eq!(batches.try_recv(), Ok(vec![1]));

    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(2).linger(Duration::MAX).inline(handler);
    batcher.push(1).unwrap();
    assert_eq!(batcher.try_close().left_over, [1]);
    assert!(batches.try_recv().is_err());
    assert_eq!(batcher.push(2), Err(PushError::Closed(2)));
}

#[test]
fn a_drop_handles_what_waits() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().linger(Duration::MAX).inline(handler);
    (0..3).for_each(|n| batcher.push(n).unwrap());
    drop(batcher);
    assert_eq!(batches.iter().flatten().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn a_handler_that_calls_back_is_refused() {
    let own: Arc<OnceLock<std::sync::Weak<Batcher<u64>>>> = Arc::default();
    let (say, said) = mpsc::channel();
    let theirs = Arc::clone(&own);
    let batcher = Arc::new(Batcher::builder().inline(move |batch: &mut Vec<u64>| {
        batch.clear();
        let own = theirs.get().unwrap().upgrade().unwrap();
        own.poll();
        say.send((own.push(7), own.flush())).unwrap();
    }));
    own.set(Arc::downgrade(&batcher)).unwrap();
    batcher.push(1).unwrap();
    assert_eq!(said.try_recv(), Ok((Err(PushError::Reentrant(7)), Err(FlushError::Reentrant))));
    // The refusals are over with the handler.
    batcher.push(2).unwrap();
    assert_eq!(batcher.stats().handled, 2);
}

#[test]
fn no_item_of_many_threads_is_lost_doubled_or_late() {
    let (report, handled) = mpsc::channel();
    let batcher = Batcher::builder().max_items(5).capacity(10).inline(move |batch: &mut Vec<u64>| {
        batch.drain(..).for_each(|n| report.send(n).unwrap());
    });
    thread::scope(|s| {
        for t in 0..8 {
            let batcher = &batcher;
            s.spawn(move || (0..2_000).for_each(|n| batcher.push(n * 8 + t).unwrap()));
        }
    });
    // Without linger nothing waits once all pushes have returned: the last to run the handler left nothing.
    assert_eq!(batcher.stats().handled, 16_000);
    drop(batcher);
    let mut ids: Vec<u64> = handled.iter().collect();
    ids.sort_unstable();
    assert!(ids.into_iter().eq(0..16_000));
}
