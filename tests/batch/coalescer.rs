use crate::support::until_asleep;
use bedplate::batch::{Coalescer, CoalescerStats, FlushError, Overflow, PushError};
use bedplate::time::{Deadline, Instant, Manual};
use std::collections::BTreeMap;
use std::mem;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::Duration;

const NS: Duration = Duration::from_nanos(1);
const LINGER: Duration = Duration::from_millis(2);

type Batch = Vec<(u64, u64)>;

fn add(sum: &mut u64, n: u64) {
    *sum += n;
}

/// Reports each batch whole.
fn reporting() -> (Receiver<Batch>, impl FnMut(&mut Batch) + Send + 'static) {
    let (report, batches) = mpsc::channel();
    (batches, move |batch: &mut Batch| {
        let _ = report.send(mem::take(batch));
    })
}

/// A handler that waits for a word before each batch and reports each batch whole; without a gate, everything goes through.
struct Gate {
    open: Sender<()>,
    batches: Receiver<Batch>,
}

impl Gate {
    fn new() -> (Self, impl FnMut(&mut Batch) + Send + 'static) {
        let (open, opened) = mpsc::channel();
        let (report, batches) = mpsc::channel();
        let handler = move |batch: &mut Batch| {
            let _ = opened.recv();
            let _ = report.send(mem::take(batch));
        };
        (Self { open, batches }, handler)
    }

    fn pass(&self) -> Batch {
        self.open.send(()).unwrap();
        self.batches.recv().unwrap()
    }
}

fn until<K, V>(coalescer: &Coalescer<K, V>, condition: impl Fn(CoalescerStats) -> bool) {
    while !condition(coalescer.stats()) {
        thread::yield_now();
    }
}

fn assert_whole(stats: CoalescerStats) {
    let inside = (stats.pending + stats.in_flight) as u64;
    let keys = stats.handled + stats.failed + stats.left_over + stats.dropped_oldest + inside;
    assert_eq!(stats.pushed, stats.merged + keys, "{stats:?}");
    let by = stats.by_items + stats.by_linger + stats.by_urgent + stats.by_flush + stats.by_close;
    assert_eq!(stats.batches, by, "{stats:?}");
}

#[test]
fn a_batch_is_full_by_its_distinct_keys() {
    let (batches, handler) = reporting();
    let sums = Coalescer::builder(add).max_items(3).linger(Duration::MAX).inline(handler);
    for n in 1..=100 {
        sums.push(n % 2, n).unwrap();
    }
    assert!(batches.try_recv().is_err(), "two keys, however often they come");
    let stats = sums.stats();
    assert_eq!((stats.pushed, stats.merged, stats.pending), (100, 98, 2));
    sums.push(7, 7).unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![(1, 2500), (0, 2550), (7, 7)]));
    assert_eq!(sums.stats().by_items, 1);
    assert_whole(sums.stats());
}

#[test]
fn a_key_that_comes_while_its_pair_is_handled_begins_a_new_one() {
    let (gate, handler) = Gate::new();
    let sums = Coalescer::builder(add).spawn("again", handler).unwrap();
    sums.push(1, 10).unwrap();
    until(&sums, |s| s.in_flight == 1);
    // The handler may not have the pair in hand yet: this one counts as merged then, and is in the first batch.
    sums.push(1, 1).unwrap();
    sums.push(1, 2).unwrap();
    sums.push(2, 5).unwrap();
    let merged = sums.stats().merged;
    match gate.pass()[..] {
        [(1, 10)] => assert_eq!((merged, gate.pass()), (1, vec![(1, 3), (2, 5)])),
        [(1, 11)] => assert_eq!((merged, gate.pass()), (1, vec![(1, 2), (2, 5)])),
        [(1, 13)] => assert_eq!((merged, gate.pass()), (2, vec![(2, 5)])),
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_is_merged_into_a_closed_batch_that_waits() {
    let (gate, handler) = Gate::new();
    let sums = Coalescer::builder(add).max_items(2).capacity(4).spawn("closed", handler).unwrap();
    sums.push(0, 0).unwrap();
    until(&sums, |s| s.in_flight == 1);
    (1..=4).for_each(|key| sums.push(key, 1).unwrap());
    (1..=4).for_each(|key| sums.push(key, key * 10).unwrap());
    gate.pass();
    assert_eq!(gate.pass(), [(1, 11), (2, 21)]);
    assert_eq!(gate.pass(), [(3, 31), (4, 41)]);
    assert_eq!(sums.stats().merged, 4);
}

#[test]
fn the_linger_counts_from_the_first_push_of_a_key() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let sums = Coalescer::builder(add).linger(LINGER).clock(time.clone()).spawn("linger", handler).unwrap();
    sums.push(1, 1).unwrap();
    until_asleep(&time, 1);
    time.advance(LINGER - NS);
    sums.push(1, 1).unwrap();
    assert_eq!(sums.stats().batches, 0);
    time.advance(NS);
    assert_eq!(batches.recv(), Ok(vec![(1, 2)]));
    assert_eq!(sums.stats().by_linger, 1);
}

#[test]
fn a_merging_push_into_an_inline_coalescer_sees_that_the_linger_is_over() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let sums = Coalescer::builder(add).linger(LINGER).clock(time.clone()).inline(handler);
    time.advance(NS);
    sums.push(1, 1).unwrap();
    assert_eq!(sums.poll(), Deadline::at(Instant::from_nanos(1) + LINGER));
    time.advance(LINGER - NS);
    sums.push(1, 1).unwrap();
    assert!(batches.try_recv().is_err());
    time.advance(NS);
    sums.push(1, 1).unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![(1, 3)]));
    assert_eq!(sums.poll(), Deadline::NEVER);
    sums.push(2, 1).unwrap();
    time.advance(LINGER);
    assert_eq!(sums.poll(), Deadline::NEVER);
    assert_eq!(batches.try_recv(), Ok(vec![(2, 1)]));
}

#[test]
fn an_adaptive_linger_is_looked_at_by_merging_pushes_too() {
    let time = Manual::new();
    let (batches, handler) = reporting();
    let sums = Coalescer::builder(add).adaptive_linger(LINGER).clock(time.clone()).inline(handler);
    sums.push(1, 1).unwrap();
    time.advance(LINGER);
    sums.push(1, 1).unwrap();
    assert_eq!(batches.try_recv(), Ok(vec![(1, 2)]));
}

#[test]
fn a_full_coalescer_takes_values_for_the_keys_it_has() {
    let (sums, gate, _) = full(Overflow::Reject);
    sums.push(1, 10).unwrap();
    assert_eq!(sums.push(3, 33), Err(PushError::Full((3, 33))));
    assert_eq!(sums.try_push(4, 44), Err(PushError::Full((4, 44))));
    sums.try_push(2, 20).unwrap();
    assert_eq!(gate.pass(), [(0, 0)]);
    assert_eq!(gate.pass(), [(1, 11), (2, 22)]);
    assert_eq!(sums.stats().pushed, 5);
}

/// One key in flight behind the gate, and the keys 1 and 2, which fill the coalescer. A test that fails drops the gate first.
fn full(overflow: Overflow) -> (Coalescer<u64, u64>, Gate, Manual) {
    let (gate, handler) = Gate::new();
    let time = Manual::new();
    let builder = Coalescer::builder(add).max_items(2).capacity(2).overflow(overflow).clock(time.clone());
    let sums = builder.spawn("full", handler).unwrap();
    sums.push(0, 0).unwrap();
    until(&sums, |s| s.in_flight == 1);
    sums.push(1, 1).unwrap();
    sums.push(2, 2).unwrap();
    (sums, gate, time)
}

#[test]
fn a_push_of_a_new_key_waits_for_room_as_long_as_it_may() {
    let (sums, gate, time) = full(Overflow::Block(LINGER));
    thread::scope(|s| {
        let by_rule = s.spawn(|| sums.push(3, 3));
        let by_word = s.spawn(|| sums.push_timeout(4, 4, LINGER + NS));
        until_asleep(&time, 2);
        time.advance(LINGER);
        assert_eq!(by_rule.join().unwrap(), Err(PushError::Full((3, 3))));
        assert_eq!(gate.pass(), [(0, 0)]);
        // The full batch was taken for the handler: there is room.
        assert_eq!(by_word.join().unwrap(), Ok(()));
        assert_eq!(gate.pass(), [(1, 1), (2, 2)]);
        assert_eq!(gate.pass(), [(4, 4)]);
    });
    assert_eq!(sums.stats().waits, 2);
    assert_whole(sums.stats());
}

#[test]
fn a_waiting_push_whose_key_came_in_meanwhile_passes_the_room_on() {
    let (sums, gate, time) = full(Overflow::Block(LINGER));
    thread::scope(|s| {
        // The first two are told of the two rooms that come up, and take one.
        let waits: Vec<_> = [5, 5, 6]
            .into_iter()
            .zip(1..)
            .map(|(key, n)| {
                let push = s.spawn({
                    let sums = &sums;
                    move || sums.push(key, key)
                });
                until_asleep(&time, n);
                push
            })
            .collect();
        gate.pass();
        waits.into_iter().for_each(|push| push.join().unwrap().unwrap());
    });
    assert_eq!(sums.stats().waits, 3);
    gate.pass();
    let last: BTreeMap<_, _> = gate.pass().into_iter().collect();
    assert_eq!(last, BTreeMap::from([(5, 10), (6, 6)]));
}

#[test]
fn a_new_key_is_dropped_where_the_newest_goes() {
    let (sums, gate, _) = full(Overflow::DropNewest);
    sums.push(3, 3).unwrap();
    sums.push(1, 10).unwrap();
    let stats = sums.stats();
    assert_eq!((stats.pushed, stats.dropped_newest, stats.pending), (4, 1, 2));
    assert_whole(stats);
    gate.pass();
    assert_eq!(gate.pass(), [(1, 11), (2, 2)]);
}

#[test]
fn the_key_that_came_first_is_dropped_with_what_was_merged_into_it_where_the_oldest_goes() {
    let (sums, gate, _) = full(Overflow::DropOldest);
    (0..5).for_each(|_| sums.push(1, 1).unwrap());
    sums.push(3, 3).unwrap();
    sums.push(2, 20).unwrap();
    let stats = sums.stats();
    assert_eq!((stats.dropped_oldest, stats.dropped_merged, stats.merged, stats.pending), (1, 5, 6, 2));
    assert_whole(stats);
    // It is a new key again.
    sums.push(1, 100).unwrap();
    assert_eq!(sums.stats().dropped_merged, 6);
    gate.pass();
    assert_eq!(gate.pass(), [(3, 3), (1, 100)]);
}

#[test]
fn an_urgent_value_hurries_its_key_and_what_came_before_new_or_not() {
    let (batches, handler) = reporting();
    let sums = Coalescer::builder(add).linger(Duration::MAX).spawn("urgent", handler).unwrap();
    sums.push(1, 1).unwrap();
    sums.push(2, 2).unwrap();
    sums.push_urgent(1, 10).unwrap();
    assert_eq!(batches.recv(), Ok(vec![(1, 11), (2, 2)]));
    sums.push(3, 3).unwrap();
    sums.push_urgent(4, 4).unwrap();
    assert_eq!(batches.recv(), Ok(vec![(3, 3), (4, 4)]));
    assert_eq!(sums.stats().by_urgent, 2);
}

#[test]
fn a_flush_hands_over_merged_values_whatever_the_linger() {
    for inline in [false, true] {
        let (batches, handler) = reporting();
        let builder = Coalescer::builder(add).linger(Duration::MAX);
        let sums = if inline { builder.inline(handler) } else { builder.spawn("flush", handler).unwrap() };
        sums.push(1, 1).unwrap();
        sums.push(1, 1).unwrap();
        assert_eq!(sums.flush(), Ok(()));
        assert_eq!(batches.try_recv(), Ok(vec![(1, 2)]));
        assert_eq!(sums.try_flush(), Ok(()));
        assert_eq!(sums.stats().by_flush, 1);
    }
}

#[test]
fn a_close_hands_over_what_waits_and_refuses_keys_it_has() {
    let (batches, handler) = reporting();
    let sums = Coalescer::builder(add).linger(Duration::MAX).spawn("close", handler).unwrap();
    [1, 2, 1].into_iter().for_each(|key| sums.push(key, 1).unwrap());
    let report = sums.close();
    assert_eq!((report.handled, report.failed, report.in_flight, report.left_over), (2, 0, 0, vec![]));
    assert_eq!(batches.try_recv(), Ok(vec![(1, 2), (2, 1)]));
    assert_eq!(sums.push(1, 7), Err(PushError::Closed((1, 7))));
    assert_eq!(sums.flush(), Ok(()));
    assert_eq!(sums.stats().by_close, 1);
}

#[test]
fn a_close_that_does_not_wait_gives_pairs_back_in_order_and_refuses_waiting_pushes() {
    let (sums, gate, _) = full(Overflow::Block(Duration::MAX));
    sums.push(1, 100).unwrap();
    thread::scope(|s| {
        let waits = s.spawn(|| sums.push(3, 3));
        until(&sums, |s| s.waits == 1);
        let report = sums.try_close();
        assert_eq!((report.in_flight, report.left_over), (1, vec![(1, 101), (2, 2)]));
        assert_eq!(waits.join().unwrap(), Err(PushError::Closed((3, 3))));
    });
    // They wait no longer, and are not merged into.
    assert_eq!(sums.push(1, 5), Err(PushError::Closed((1, 5))));
    assert_eq!(sums.flush(), Err(FlushError::Closed));
    assert_eq!(gate.pass(), [(0, 0)]);
    assert_eq!(sums.close().handled, 1);
    assert_whole(sums.stats());
}

#[test]
fn nothing_is_merged_while_a_close_waits() {
    let (sums, gate, _) = full(Overflow::Reject);
    thread::scope(|s| {
        let close = s.spawn(|| sums.close());
        while sums.push(3, 3) != Err(PushError::Closed((3, 3))) {
            thread::yield_now();
        }
        let refused = sums.push(1, 10);
        // Before the assertion: the close waits for this.
        assert_eq!([gate.pass(), gate.pass()].concat(), [(0, 0), (1, 1), (2, 2)]);
        assert_eq!(close.join().unwrap().handled, 3);
        assert_eq!(refused, Err(PushError::Closed((1, 10))));
    });
}

#[test]
fn what_a_handler_leaves_fails() {
    let (fail, failed) = mpsc::channel();
    let sums = Coalescer::builder(add)
        .linger(Duration::MAX)
        .on_failed(move |pairs| fail.send(pairs).unwrap())
        .inline(|batch: &mut Batch| batch.retain(|(key, _)| key % 2 == 1));
    (1..=4).for_each(|key| sums.push(key, key).unwrap());
    sums.flush().unwrap();
    assert_eq!(failed.try_recv(), Ok(vec![(1, 1), (3, 3)]));
    assert_eq!((sums.stats().handled, sums.stats().failed), (2, 2));
    // The vector of the next batch holds nothing of this one.
    sums.push(5, 5).unwrap();
    sums.flush().unwrap();
    assert_eq!(failed.try_recv(), Ok(vec![(5, 5)]));
    assert_whole(sums.stats());
}

#[test]
fn a_panic_of_the_handler_loses_nothing() {
    let (fail, failed) = mpsc::channel();
    let sums = Coalescer::builder(add).linger(Duration::MAX).on_failed(move |pairs| fail.send(pairs).unwrap()).inline(
        |batch: &mut Batch| {
            batch.pop();
            // Not `panic!`: the hook would print it.
            std::panic::resume_unwind(Box::new("quiet"));
        },
    );
    (1..=3).for_each(|key| sums.push(key, key).unwrap());
    sums.flush().unwrap();
    assert_eq!(failed.try_recv(), Ok(vec![(1, 1), (2, 2)]));
    let stats = sums.stats();
    assert_eq!((stats.handled, stats.failed, stats.panics), (1, 2, 1));
}

#[test]
fn a_batch_is_tried_again_by_itself_and_what_comes_meanwhile_waits() {
    let (report, tries) = mpsc::channel();
    let (word, words) = mpsc::channel::<()>();
    let mut calls = 0;
    let sums = Coalescer::builder(add)
        .retry(2, Duration::ZERO)
        .spawn("retry", move |batch: &mut Batch| {
            let _ = words.recv();
            report.send(batch.clone()).unwrap();
            calls += 1;
            batch.truncate(if calls == 1 { 1 } else { 0 });
        })
        .unwrap();
    sums.push(1, 1).unwrap();
    until(&sums, |s| s.in_flight == 1);
    word.send(()).unwrap();
    let first = tries.recv().unwrap();
    assert_eq!(first[0].0, 1);
    // Its pair is in the handler's hands by now.
    sums.push(1, 50).unwrap();
    drop(word);
    assert_eq!(tries.recv().unwrap(), [first[0]]);
    assert_eq!(tries.recv().unwrap(), [(1, 50)]);
    sums.flush().unwrap();
    let stats = sums.stats();
    assert_eq!((stats.retries, stats.handled, stats.failed), (1, 2, 0));
}

#[test]
fn what_a_handler_leaves_at_its_last_try_fails() {
    let (fail, failed) = mpsc::channel();
    let sums = Coalescer::builder(add)
        .retry(3, Duration::ZERO)
        .linger(Duration::MAX)
        .on_failed(move |pairs| fail.send(pairs).unwrap())
        .inline(|batch: &mut Batch| batch.truncate(2.max(batch.len() - 1)));
    (1..=4).for_each(|key| sums.push(key, key).unwrap());
    sums.flush().unwrap();
    assert_eq!(failed.try_recv(), Ok(vec![(1, 1), (2, 2)]));
    let stats = sums.stats();
    assert_eq!((stats.retries, stats.handled, stats.failed), (3, 2, 2));
}

#[test]
fn a_handler_may_keep_its_vector_or_add_to_it() {
    let (report, batches) = mpsc::channel();
    let (fail, failed) = mpsc::channel();
    let sums = Coalescer::builder(add).linger(Duration::MAX).on_failed(move |pairs| fail.send(pairs).unwrap()).inline(
        move |batch: &mut Batch| {
            if batch[0].0 == 1 {
                report.send(mem::take(batch)).unwrap();
            } else {
                batch.push((77, 77));
            }
        },
    );
    for key in [1, 2, 1] {
        sums.push(key, key).unwrap();
        sums.flush().unwrap();
    }
    assert_eq!(batches.try_iter().collect::<Vec<_>>(), [[(1, 1)], [(1, 1)]]);
    assert_eq!(failed.try_iter().collect::<Vec<_>>(), [[(2, 2), (77, 77)]]);
    assert_eq!((sums.stats().handled, sums.stats().failed), (2, 1));
}

#[test]
fn a_drop_hands_over_what_waits_and_what_it_has_no_time_for_fails() {
    let (batches, handler) = reporting();
    let sums = Coalescer::builder(add).linger(Duration::MAX).spawn("drop", handler).unwrap();
    [1, 2, 1].into_iter().for_each(|key| sums.push(key, 1).unwrap());
    drop(sums);
    assert_eq!(batches.recv(), Ok(vec![(1, 2), (2, 1)]));

    let (gate, handler) = Gate::new();
    let (fail, failed) = mpsc::channel();
    let sums = Coalescer::builder(add)
        .max_items(2)
        .drop_timeout(Duration::ZERO)
        .on_failed(move |pairs| fail.send(pairs).unwrap())
        .spawn("late", handler)
        .unwrap();
    sums.push(0, 0).unwrap();
    until(&sums, |s| s.in_flight == 1);
    [1, 2, 3, 1].into_iter().for_each(|key| sums.push(key, 1).unwrap());
    drop(sums);
    assert_eq!(failed.try_recv(), Ok(vec![(1, 2), (2, 1), (3, 1)]));
    assert_eq!(gate.pass(), [(0, 0)]);
}

#[test]
fn a_handler_that_calls_back_is_refused() {
    let own: Arc<OnceLock<Weak<Coalescer<u64, u64>>>> = Arc::default();
    let (say, said) = mpsc::channel();
    let theirs = Arc::clone(&own);
    let sums = Arc::new(Coalescer::builder(add).inline(move |batch: &mut Batch| {
        batch.clear();
        let own = theirs.get().unwrap().upgrade().unwrap();
        own.poll();
        say.send((own.push(7, 7), own.flush(), own.stats().in_flight)).unwrap();
    }));
    own.set(Arc::downgrade(&sums)).unwrap();
    sums.push(1, 1).unwrap();
    assert_eq!(said.try_recv(), Ok((Err(PushError::Reentrant((7, 7))), Err(FlushError::Reentrant), 1)));
    sums.push(2, 2).unwrap();
    assert_eq!(sums.stats().handled, 2);
}

#[test]
fn the_thread_start_hook_runs_on_the_thread_of_the_handler() {
    let (say, said) = mpsc::channel();
    let handled = say.clone();
    let tell = move |say: &Sender<_>| say.send(thread::current().name().map(str::to_owned)).unwrap();
    let sums = Coalescer::builder(add)
        .on_thread_start(move || tell(&say))
        .spawn("hooked", move |batch: &mut Batch| {
            batch.clear();
            tell(&handled);
        })
        .unwrap();
    sums.push(1, 1).unwrap();
    assert_eq!(sums.close().handled, 1);
    let names: Vec<_> = said.try_iter().flatten().collect();
    assert_eq!(names, ["hooked", "hooked"]);
}

#[test]
#[should_panic = "never holds the 3 items"]
fn a_capacity_under_a_batch_is_refused() {
    let _ = Coalescer::builder(add).max_items(3).capacity(2).inline(|_: &mut Batch| {});
}

#[test]
fn keys_of_any_kind_need_be_neither_cloned_nor_shown() {
    #[derive(PartialEq, Eq, Hash)]
    struct Key(String);
    let kept = Arc::new(Mutex::new(Vec::new()));
    let theirs = Arc::clone(&kept);
    let lists = Coalescer::builder(|list: &mut Vec<u8>, more: Vec<u8>| list.extend(more))
        .linger(Duration::MAX)
        .inline(move |batch| theirs.lock().unwrap().append(batch));
    for (key, value) in [("a", 1), ("b", 2), ("a", 3)] {
        assert!(lists.push(Key(key.into()), vec![value]).is_ok());
    }
    assert!(format!("{lists:?}").contains("merged: 1"));
    lists.flush().unwrap();
    let kept = kept.lock().unwrap();
    let kept: Vec<_> = kept.iter().map(|(key, list)| (key.0.as_str(), list.as_slice())).collect();
    assert_eq!(kept, [("a", [1, 3].as_slice()), ("b", &[2])]);
}
