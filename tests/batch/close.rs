use crate::support::{Gate, assert_whole, reporting, until, until_asleep};
use bedplate::batch::{Batcher, PushError};
use bedplate::time::Manual;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[test]
fn a_close_hands_over_what_waits_and_refuses_what_comes() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().linger(Duration::MAX).clock(Manual::new()).spawn("close", handler).unwrap();
    (0..3).for_each(|n| batcher.push(n).unwrap());
    let report = batcher.close();
    assert_eq!((report.handled, report.failed, report.in_flight, report.left_over), (3, 0, 0, vec![]));
    assert_eq!(batches.try_recv(), Ok(vec![0, 1, 2]));
    assert_eq!(batcher.push(3), Err(PushError::Closed(3)));
    assert_eq!(batcher.try_push(3), Err(PushError::Closed(3)));
    assert_eq!(batcher.flush(), Ok(()));
    assert_eq!(batcher.close().handled, 3);
}

#[test]
fn the_thread_and_its_handler_are_gone_when_a_close_returns() {
    let held = Arc::new(());
    let theirs = Arc::clone(&held);
    let handler = move |batch: &mut Vec<u64>| {
        let _ = &theirs;
        batch.clear();
    };
    let batcher = Batcher::builder().spawn("gone", handler).unwrap();
    batcher.push(1).unwrap();
    assert_eq!(Arc::strong_count(&held), 2);
    assert_eq!(batcher.close().handled, 1);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn at_its_deadline_a_close_gives_back_what_was_not_begun_in_order() {
    let time = Manual::new();
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(2).capacity(8).clock(time.clone()).spawn("time", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=7).for_each(|n| batcher.push(n).unwrap());
    thread::scope(|s| {
        let close = s.spawn(|| batcher.close_timeout(Duration::from_secs(1)));
        while time.sleepers() == 0 {
            thread::yield_now();
        }
        time.advance(Duration::from_secs(1));
        let report = close.join().unwrap();
        assert_eq!((report.handled, report.in_flight), (0, 1));
        assert_eq!(report.left_over, [1, 2, 3, 4, 5, 6, 7]);
    });
    assert_whole(batcher.stats());
    assert_eq!(gate.pass(), [0]);
    // The second one finds the handler done and has nothing more to give back.
    let report = batcher.close();
    assert_eq!((report.handled, report.in_flight, report.left_over), (1, 0, vec![]));
    assert_eq!(batcher.stats().left_over, 7);
}

#[test]
fn a_close_gives_waiting_pushes_their_items_back() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(1).capacity(1).spawn("waiting", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    batcher.push(1).unwrap();
    thread::scope(|s| {
        let pushes: Vec<_> = (2..5)
            .map(|n| {
                (
                    n,
                    s.spawn({
                        let b = &batcher;
                        move || b.push(n)
                    }),
                )
            })
            .collect();
        until(&batcher, |s| s.waits == 3);
        assert_eq!(batcher.try_close().left_over, [1]);
        for (n, push) in pushes {
            assert_eq!(push.join().unwrap(), Err(PushError::Closed(n)));
        }
    });
    drop(gate);
}

#[test]
fn a_drop_handles_what_waits() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().linger(Duration::MAX).clock(Manual::new()).spawn("drop", handler).unwrap();
    (0..3).for_each(|n| batcher.push(n).unwrap());
    drop(batcher);
    assert_eq!(batches.iter().flatten().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn a_drop_that_cannot_wait_gives_what_waits_to_on_failed() {
    let (gate, handler) = Gate::new();
    let (fail, failed) = mpsc::channel();
    let batcher = Batcher::builder()
        .max_items(2)
        .drop_timeout(Duration::ZERO)
        .on_failed(move |items| fail.send(items).unwrap())
        .spawn("stuck", handler)
        .unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=3).for_each(|n| batcher.push(n).unwrap());
    drop(batcher);
    assert_eq!(failed.try_recv(), Ok(vec![1, 2, 3]));
    // The thread is on its own now, and still does what it had in hand.
    assert_eq!(gate.pass(), [0]);
    assert_eq!(failed.iter().count(), 0);
}

#[test]
fn a_drop_waits_as_long_as_it_was_told_or_five_seconds() {
    for told in [None, Some(Duration::from_millis(30))] {
        let time = Manual::new();
        let (gate, handler) = Gate::new();
        let (fail, failed) = mpsc::channel();
        let builder = Batcher::builder().max_items(2).clock(time.clone());
        let builder = builder.on_failed(move |items: Vec<u64>| fail.send(items).unwrap());
        let builder = if let Some(told) = told { builder.drop_timeout(told) } else { builder };
        let batcher = builder.spawn("waits", handler).unwrap();
        batcher.push(0).unwrap();
        until(&batcher, |s| s.in_flight == 1);
        (1..=3).for_each(|n| batcher.push(n).unwrap());
        thread::scope(|s| {
            let dropping = s.spawn(|| drop(batcher));
            until_asleep(&time, 1);
            time.advance(told.unwrap_or(Duration::from_secs(5)) - Duration::from_nanos(1));
            until_asleep(&time, 1);
            assert!(!dropping.is_finished() && failed.try_recv().is_err());
            time.advance(Duration::from_nanos(1));
            assert_eq!(failed.recv(), Ok(vec![1, 2, 3]));
            dropping.join().unwrap();
        });
        assert_eq!(gate.pass(), [0]);
    }
}

#[test]
fn a_drop_that_is_in_time_loses_nothing_however_slow_the_handler() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(2).clock(Manual::new()).spawn("slow", handler).unwrap();
    let mut producer = batcher.producer();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=3).for_each(|n| batcher.push(n).unwrap());
    producer.push(4).unwrap();
    thread::scope(|s| {
        let dropping = s.spawn(|| drop(batcher));
        assert_eq!([gate.pass(), gate.pass(), gate.pass()], [vec![0], vec![1, 2], vec![3, 4]]);
        dropping.join().unwrap();
    });
}

#[test]
fn a_drop_after_a_close_that_timed_out_does_not_wait() {
    // A drop that waited would wait on this clock, which nobody moves.
    let time = Manual::new();
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().clock(time).spawn("left", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    assert_eq!(batcher.try_close().in_flight, 1);
    drop(batcher);
    assert_eq!(gate.pass(), [0]);
}

#[test]
fn a_batcher_may_be_dropped_by_its_own_handler() {
    let (give, given) = mpsc::channel::<Arc<Batcher<u64>>>();
    let (say, said) = mpsc::channel();
    let mut own = None;
    let handler = move |batch: &mut Vec<u64>| {
        own = own.take().or_else(|| given.recv().ok());
        batch.clear();
        // Waits until the other handle is gone, so that this one is the last.
        while Arc::strong_count(own.as_ref().unwrap()) > 1 {
            thread::yield_now();
        }
        drop(own.take());
        say.send(()).unwrap();
    };
    let batcher = Arc::new(Batcher::builder().spawn("own", handler).unwrap());
    batcher.push(1).unwrap();
    give.send(batcher).unwrap();
    said.recv().unwrap();
    // The sender is dropped with the handler: the thread has ended.
    assert!(said.recv().is_err());
}
