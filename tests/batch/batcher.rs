//! When batches are handed over, in what order, and what happens when the batcher is full.

use crate::support::{Gate, assert_whole, reporting, until};
use bedplate::batch::{Batcher, PushError};
use bedplate::time::Manual;
use std::collections::HashMap;
use std::sync::Barrier;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);
const LINGER: Duration = Duration::from_millis(2);

#[test]
fn a_full_batch_goes_without_time_passing() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(3).linger(LINGER).clock(Manual::new()).spawn("full", handler).unwrap();
    (0..7).for_each(|n| batcher.push(n).unwrap());
    assert_eq!(batches.recv(), Ok(vec![0, 1, 2]));
    assert_eq!(batches.recv(), Ok(vec![3, 4, 5]));
    assert_eq!(batcher.close().handled, 7);
    assert_eq!(batches.recv(), Ok(vec![6]));
    let stats = batcher.stats();
    assert_eq!((stats.batches, stats.by_items, stats.by_close), (3, 2, 1));
}

#[test]
fn the_linger_ends_a_batch_on_its_thread() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(9).linger(LINGER).clock(time.clone()).spawn("linger", handler).unwrap();
    batcher.push(1).unwrap();
    while time.sleepers() == 0 {
        thread::yield_now();
    }
    time.advance(LINGER - NS);
    batcher.push(2).unwrap();
    assert!(batches.try_recv().is_err());
    time.advance(NS);
    assert_eq!(batches.recv(), Ok(vec![1, 2]));
    assert_eq!(batcher.stats().by_linger, 1);
}

#[test]
fn the_linger_counts_from_the_first_item_of_each_batch() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().max_items(2).linger(LINGER).clock(time.clone()).spawn("first", handler).unwrap();
    batcher.push(1).unwrap();
    time.advance(LINGER / 2);
    // Fills the first batch, so the one that follows starts now.
    batcher.push(2).unwrap();
    assert_eq!(batches.recv(), Ok(vec![1, 2]));
    batcher.push(3).unwrap();
    while time.sleepers() == 0 {
        thread::yield_now();
    }
    time.advance(LINGER / 2);
    assert_eq!(batcher.stats().pending, 1);
    time.advance(LINGER / 2);
    assert_eq!(batches.recv(), Ok(vec![3]));
}

#[test]
fn without_linger_a_batch_is_what_gathered_while_the_handler_was_busy() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(100).spawn("natural", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=40).for_each(|n| batcher.push(n).unwrap());
    assert_eq!(gate.pass(), [0]);
    assert_eq!(gate.pass(), (1..=40).collect::<Vec<_>>());
    batcher.flush().unwrap();
    assert_eq!(batcher.stats().by_linger, 2);
}

#[test]
fn bytes_end_a_batch_and_a_larger_item_goes_alone() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder()
        .capacity(20)
        .max_bytes(10, |n: &u64| *n as usize)
        .linger(Duration::MAX)
        .spawn("bytes", handler)
        .unwrap();
    // 4+6 is full; 3+9 would be more than full; 25 is by itself; 10 is full; 1 waits.
    for n in [4, 6, 3, 9, 25, 10, 1] {
        batcher.push(n).unwrap();
    }
    for batch in [vec![4, 6], vec![3], vec![9], vec![25], vec![10]] {
        assert_eq!(batches.recv(), Ok(batch));
    }
    batcher.flush().unwrap();
    assert_eq!(batches.recv(), Ok(vec![1]));
    let stats = batcher.stats();
    assert_eq!((stats.by_bytes, stats.by_flush), (5, 1));
}

#[test]
fn a_full_batcher_refuses_and_waits() {
    let time = Manual::new();
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(2).capacity(4).clock(time.clone()).spawn("bound", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=4).for_each(|n| batcher.push(n).unwrap());
    assert_eq!(batcher.try_push(9), Err(PushError::Full(9)));
    thread::scope(|s| {
        let late = s.spawn(|| batcher.push_timeout(9, LINGER));
        while time.sleepers() == 0 {
            thread::yield_now();
        }
        time.advance(LINGER);
        assert_eq!(late.join().unwrap(), Err(PushError::Full(9)));

        let waits = s.spawn(|| batcher.push(5));
        until(&batcher, |s| s.waits == 2);
        assert_eq!(batcher.stats().pending, 4);
        assert_eq!(gate.pass(), [0]);
        assert_eq!(waits.join().unwrap(), Ok(()));
    });
    assert_eq!(gate.pass(), [1, 2]);
    assert_eq!(gate.pass(), [3, 4]);
    assert_eq!(gate.pass(), [5]);
    drop(gate);
    let report = batcher.close();
    assert_eq!((report.handled, report.left_over), (6, vec![]));
    assert_whole(batcher.stats());
}

#[test]
fn each_taken_batch_lets_as_many_waiting_pushes_in() {
    let (gate, handler) = Gate::new();
    let batcher = Batcher::builder().max_items(4).capacity(4).spawn("room", handler).unwrap();
    batcher.push(0).unwrap();
    until(&batcher, |s| s.in_flight == 1);
    (1..=4).for_each(|n| batcher.push(n).unwrap());
    thread::scope(|s| {
        for n in 5..=8 {
            let batcher = &batcher;
            s.spawn(move || batcher.push(n).unwrap());
        }
        until(&batcher, |s| s.waits == 4);
        assert_eq!(gate.pass(), [0]);
        // All four come in by the one batch that was taken, though the handler takes no further one.
        until(&batcher, |s| s.pushed == 9);
    });
    drop(gate);
    assert_eq!(batcher.close().handled, 9);
}

#[test]
fn items_of_each_thread_keep_their_order_and_none_is_lost() {
    const THREADS: u64 = 8;
    const EACH: u64 = 2_000;
    let (report, items) = mpsc::channel();
    let handler = move |batch: &mut Vec<(u64, u64)>| {
        assert!(batch.len() <= 7);
        batch.drain(..).for_each(|item| report.send(item).unwrap());
    };
    let batcher = Batcher::builder().max_items(7).capacity(21).spawn("order", handler).unwrap();
    let start = Barrier::new(THREADS as usize);
    thread::scope(|s| {
        for t in 0..THREADS {
            let (batcher, start) = (&batcher, &start);
            s.spawn(move || {
                start.wait();
                (0..EACH).for_each(|n| batcher.push((t, n)).unwrap());
            });
        }
    });
    let closed = batcher.close();
    assert_eq!((closed.handled, closed.failed), (THREADS * EACH, 0));
    assert_whole(batcher.stats());
    drop(batcher);
    let mut next: HashMap<u64, u64> = HashMap::new();
    for (t, n) in items {
        let expected = next.entry(t).or_default();
        assert_eq!(n, *expected, "thread {t}");
        *expected += 1;
    }
    assert!(next.len() == THREADS as usize && next.values().all(|&n| n == EACH));
}

#[test]
fn vectors_come_back_with_their_memory() {
    const ROOM: usize = 1_000;
    let (report, capacities) = mpsc::channel();
    let mut calls = 0;
    let handler = move |batch: &mut Vec<u64>| {
        report.send(batch.capacity()).unwrap();
        batch.clear();
        // Two vectors take turns where the handler keeps up: what the first two were given, all others have.
        if calls < 2 {
            batch.reserve(ROOM);
        }
        calls += 1;
    };
    let batcher = Batcher::builder().max_items(64).linger(Duration::MAX).spawn("recycle", handler).unwrap();
    for round in 0..20 {
        (0..64).for_each(|n| batcher.push(round * 64 + n).unwrap());
        batcher.flush().unwrap();
    }
    drop(batcher);
    let capacities: Vec<usize> = capacities.iter().collect();
    assert!(capacities[..2].iter().all(|&n| n < ROOM) && capacities[2..].iter().all(|&n| n >= ROOM), "{capacities:?}");
}

#[test]
fn the_thread_has_its_name_and_starts_with_the_callers_closure() {
    let (say, said) = mpsc::channel();
    let say_too = say.clone();
    let batcher = Batcher::builder()
        .on_thread_start(move || say.send(thread::current().name().map(str::to_owned)).unwrap())
        .spawn("commits", move |batch: &mut Vec<u64>| {
            batch.clear();
            say_too.send(thread::current().name().map(str::to_owned)).unwrap();
        })
        .unwrap();
    batcher.push(1).unwrap();
    assert_eq!(batcher.close().handled, 1);
    drop(batcher);
    assert_eq!(said.iter().collect::<Vec<_>>(), [Some("commits".to_owned()), Some("commits".to_owned())]);
}

#[test]
fn the_figures_are_whole_at_every_moment() {
    let batcher = Batcher::builder()
        .max_items(3)
        .capacity(9)
        .spawn("figures", |batch: &mut Vec<u64>| batch.truncate(batch.len() / 2))
        .unwrap();
    thread::scope(|s| {
        let pushers: Vec<_> = (0..4).map(|_| s.spawn(|| (0..3_000).for_each(|n| batcher.push(n).unwrap()))).collect();
        while pushers.iter().any(|p| !p.is_finished()) {
            let stats = batcher.stats();
            assert_whole(stats);
            assert!(stats.pending <= 9 && stats.in_flight <= 3, "{stats:?}");
        }
    });
    let report = batcher.close();
    assert_eq!(report.handled + report.failed, 12_000);
    assert!(report.failed > 0);
}
