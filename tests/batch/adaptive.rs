//! A linger that waits as long as it is worth while.

use crate::support::{reporting, until_asleep};
use bedplate::batch::{Batcher, BatcherBuilder};
use bedplate::time::{Deadline, Manual};
use std::sync::mpsc::Receiver;
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);
const US: Duration = Duration::from_micros(1);
const MS: Duration = Duration::from_millis(1);
const MOST: Duration = Duration::from_millis(16);
/// The first step.
const STEP: Duration = Duration::from_millis(2);

fn adaptive(time: &Manual) -> BatcherBuilder<u64> {
    Batcher::builder().max_items(1_000).adaptive_linger(MOST).clock(time.clone())
}

fn inline() -> (Manual, Batcher<u64>, Receiver<Vec<u64>>) {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = adaptive(&time).inline(handler);
    (time, batcher, batches)
}

/// Pushes an item alone and gives it the time it waits for: how long that was.
fn alone(time: &Manual, batcher: &Batcher<u64>, batches: &Receiver<Vec<u64>>) -> Duration {
    batcher.push(7).unwrap();
    let pushed = time.now();
    loop {
        let end = batcher.poll();
        if end == Deadline::NEVER {
            assert_eq!(batches.try_recv(), Ok(vec![7]));
            return time.now() - pushed;
        }
        time.advance(end.instant().map_or(Duration::MAX, |end| end - time.now()));
    }
}

#[test]
fn a_step_in_which_nothing_came_is_the_last_to_the_nanosecond() {
    for (after, gone) in [(STEP - NS, false), (STEP, true), (STEP + NS, true)] {
        let (time, batcher, batches) = inline();
        batcher.push(1).unwrap();
        assert_eq!(batcher.poll(), Deadline::at(time.now() + STEP));
        time.advance(after);
        batcher.poll();
        assert_eq!(batches.try_recv().ok(), gone.then(|| vec![1]), "{after:?}");
    }
}

#[test]
fn a_step_that_brought_an_item_is_followed_by_another() {
    let (time, batcher, batches) = inline();
    batcher.push(1).unwrap();
    time.advance(STEP / 2);
    batcher.push(2).unwrap();
    time.advance(STEP / 2);
    assert_eq!(batcher.poll(), Deadline::at(time.now() + STEP));
    time.advance(STEP - NS);
    batcher.poll();
    assert!(batches.try_recv().is_err());
    time.advance(NS);
    batcher.poll();
    assert_eq!(batches.try_recv(), Ok(vec![1, 2]));
}

#[test]
fn while_each_step_brings_items_a_batch_waits_as_long_as_it_may_and_no_longer() {
    let (time, batcher, batches) = inline();
    for round in 0..10 {
        let pushed = time.now();
        while batches.try_recv().is_err() {
            batcher.push(round).unwrap();
            time.advance(100 * US);
            batcher.poll();
        }
        assert_eq!(time.now() - pushed, MOST, "batch {round}");
    }
    assert_eq!(batcher.stats().by_linger, 10);
}

#[test]
fn steps_that_bring_nothing_halve_until_there_is_none() {
    let (time, batcher, batches) = inline();
    let waits: Vec<Duration> = (0..12).map(|_| alone(&time, &batcher, &batches)).collect();
    let mut expected: Vec<Duration> = (0..6).map(|n| STEP / 2_u32.pow(n)).collect();
    expected.resize(12, Duration::ZERO);
    assert_eq!(waits, expected);
}

#[test]
fn steps_that_bring_items_double_up_to_a_quarter_of_the_most() {
    let (time, batcher, batches) = inline();
    for expected in [STEP, STEP * 2, MOST / 4, MOST / 4] {
        batcher.push(1).unwrap();
        assert_eq!(batcher.poll(), Deadline::at(time.now() + expected));
        // Brings one in the first step, and none in the second.
        batcher.push(2).unwrap();
        time.advance(expected);
        batcher.poll();
        assert!(batches.try_recv().is_err());
        time.advance(expected);
        batcher.poll();
        assert_eq!(batches.try_recv(), Ok(vec![1, 2]));
    }
}

#[test]
fn after_16_batches_of_several_items_without_a_wait_there_is_a_new_attempt() {
    let (time, batcher, batches) = inline();
    (0..8).for_each(|_| _ = alone(&time, &batcher, &batches));
    // Batches of one say nothing.
    (0..40).for_each(|_| assert_eq!(alone(&time, &batcher, &batches), Duration::ZERO));
    for _ in 0..16 {
        batcher.push_all(&mut vec![1, 2]).unwrap();
        assert_eq!(batches.try_recv(), Ok(vec![1, 2]));
    }
    batcher.push_all(&mut vec![1, 2]).unwrap();
    assert!(batches.try_recv().is_err());
    assert_eq!(batcher.poll(), Deadline::at(time.now() + MOST / 64));
}

#[test]
fn a_stream_comes_in_full_batches_and_its_end_soon_after() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = adaptive(&time).max_items(10).inline(handler);
    for n in 0..1_000 {
        batcher.push(n).unwrap();
        time.advance(US);
        batcher.poll();
    }
    let stats = batcher.stats();
    assert_eq!((stats.by_items, stats.by_linger, stats.pending), (100, 0, 0));
    let _ = batches.try_iter().count();
    batcher.push(1_000).unwrap();
    time.advance(MOST / 4);
    batcher.poll();
    assert_eq!(batches.try_recv(), Ok(vec![1_000]));
}

#[test]
fn no_batch_waits_longer_than_it_may() {
    let (time, batcher, _batches) = inline();
    // Steps of a walk through all paces, from a nanosecond to some 100 ms.
    let mut step = 1_u64;
    for n in 0..2_000_u64 {
        batcher.push(n).unwrap();
        let end = batcher.poll();
        assert!(end == Deadline::NEVER || end <= Deadline::at(time.now() + MOST), "step {n}");
        step = (step * 7 + n) % 134_217_689;
        time.advance(Duration::from_nanos(step >> (n % 27)));
        batcher.poll();
    }
    assert_eq!(batcher.close().handled, 2_000);
}

#[test]
fn a_caller_who_pushes_and_waits_is_not_kept_waiting() {
    for pause in [US, 300 * US, 3 * MS, 30 * MS] {
        let (time, batcher, batches) = inline();
        let waits: Vec<Duration> = (0..200)
            .map(|_| {
                let wait = alone(&time, &batcher, &batches);
                time.advance(pause);
                wait
            })
            .collect();
        let kept = waits[10..].iter().filter(|wait| !wait.is_zero()).count();
        assert_eq!(kept, 0, "pause {pause:?}: items were kept waiting for others who do not come");
    }
}

#[test]
fn full_and_flushed_batches_are_as_without() {
    let (time, batcher, batches) = inline();
    batcher.push(1).unwrap();
    batcher.flush().unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![1]));
    batcher.push_urgent(2).unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![2]));
    // Neither says anything about the wait.
    batcher.push(3).unwrap();
    assert_eq!(batcher.poll(), Deadline::at(time.now() + STEP));
}

#[test]
fn no_linger_at_all_may_be_adapted() {
    let (batches, handler) = reporting();
    let batcher = Batcher::builder().adaptive_linger(Duration::ZERO).inline(handler);
    batcher.push(1).unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![1]));
}

#[test]
fn the_batch_thread_keeps_the_steps() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = adaptive(&time).spawn("adaptive", handler).unwrap();
    for n in 0..6 {
        batcher.push(n).unwrap();
        until_asleep(&time, 1);
        time.advance(STEP / 2_u32.pow(n as u32) - NS);
        until_asleep(&time, 1);
        assert_eq!(batcher.stats().pending, 1);
        time.advance(NS);
        assert_eq!(batches.recv(), Ok(vec![n]));
    }
    // From now on time stands still, and what is pushed goes.
    for n in 6..12 {
        batcher.push(n).unwrap();
        assert_eq!(batches.recv_timeout(Duration::from_secs(20)), Ok(vec![n]));
    }
}

#[test]
fn the_batch_thread_wakes_for_the_open_batch_though_it_sleeps_for_a_stage() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let batcher = adaptive(&time).spawn("both", handler).unwrap();
    let mut producer = batcher.producer();
    producer.push(1).unwrap();
    // Until the end of the linger of what is staged.
    until_asleep(&time, 1);
    time.advance(MS);
    batcher.push(2).unwrap();
    // The open batch is due earlier. A thread that has not learnt of it sleeps on.
    let mut steps = 0;
    let first = loop {
        match batches.recv_timeout(Duration::from_millis(20)) {
            Ok(batch) => break batch,
            Err(_) if time.now().as_nanos() < (MOST - MS).as_nanos() as u64 => time.advance(MS / 4),
            Err(_) => {
                steps += 1;
                assert!(steps < 500, "the thread sleeps on");
            }
        }
    };
    assert_eq!(first, [2]);
    time.advance(MOST);
    assert_eq!(batches.recv_timeout(Duration::from_secs(20)), Ok(vec![1]));
}
