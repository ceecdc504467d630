//! Coalescers against models that keep nothing but a list of pairs in the order in which the keys first came.

use bedplate::batch::{Coalescer, Overflow};
use bedplate::time::Manual;
use proptest::prelude::*;
use std::mem;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

type Batch = Vec<(u8, u64)>;

#[derive(Clone, Debug)]
enum Step {
    Push(u8),
    Urgent(u8),
    Advance(u64),
    Poll,
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0u8..8).prop_map(Step::Push),
        1 => (0u8..8).prop_map(Step::Urgent),
        3 => (0u64..6).prop_map(Step::Advance),
        1 => Just(Step::Poll),
        1 => Just(Step::Flush),
    ]
}

/// Adds to the pair of `key`, or begins one; whether it was there.
fn merge(pairs: &mut Batch, key: u8, value: u64) -> bool {
    let waiting = pairs.iter_mut().find(|pair| pair.0 == key);
    let found = waiting.is_some();
    match waiting {
        Some(pair) => pair.1 = pair.1 * 2 + value,
        None => pairs.push((key, value)),
    }
    found
}

/// Not commutative, so that the order shows.
fn in_order(old: &mut u64, value: u64) {
    *old = *old * 2 + value;
}

fn overflow() -> impl Strategy<Value = Overflow> {
    prop_oneof![Just(Overflow::Reject), Just(Overflow::DropNewest), Just(Overflow::DropOldest)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn batches_are_those_of_the_rules(
        steps in prop::collection::vec(step(), 1..100),
        max_items in 1usize..6,
        linger in 0u64..8,
    ) {
        let time = Manual::new();
        let (report, batches) = mpsc::channel();
        let coalescer = Coalescer::builder(in_order)
            .max_items(max_items)
            .linger(Duration::from_nanos(linger))
            .clock(time.clone())
            .inline(move |batch: &mut Batch| report.send(mem::take(batch)).unwrap());
        let mut waiting = Batch::new();
        let (mut since, mut now, mut merged, mut pushed) = (0, 0, 0, 0);
        for (n, step) in (0..).zip(steps) {
            let over = |since, now| now >= since + linger;
            let due = match step {
                Step::Push(key) | Step::Urgent(key) => {
                    let urgent = matches!(step, Step::Urgent(_));
                    if waiting.is_empty() {
                        since = now;
                    }
                    pushed += 1;
                    merged += u64::from(merge(&mut waiting, key, n));
                    if urgent { coalescer.push_urgent(key, n) } else { coalescer.push(key, n) }.unwrap();
                    urgent || waiting.len() == max_items || over(since, now)
                }
                Step::Advance(ns) => {
                    now += ns;
                    time.advance(Duration::from_nanos(ns));
                    false
                }
                Step::Poll => {
                    coalescer.poll();
                    over(since, now)
                }
                Step::Flush => {
                    coalescer.flush().unwrap();
                    true
                }
            };
            let expected = (due && !waiting.is_empty()).then(|| mem::take(&mut waiting));
            prop_assert_eq!(batches.try_recv().ok(), expected);
            let stats = coalescer.stats();
            prop_assert_eq!((stats.pushed, stats.merged, stats.pending), (pushed, merged, waiting.len()));
        }
        prop_assert_eq!(coalescer.try_close().left_over, waiting);
    }

    #[test]
    fn a_full_coalescer_keeps_to_its_rule(
        keys in prop::collection::vec(0u8..12, 1..60),
        max_items in 1usize..4,
        extra in 0usize..5,
        overflow in overflow(),
    ) {
        let capacity = max_items + extra;
        let (open, opened) = mpsc::channel::<()>();
        let (report, batches) = mpsc::channel();
        let coalescer = Coalescer::builder(in_order)
            .max_items(max_items)
            .capacity(capacity)
            .overflow(overflow)
            // A case that fails is over at once.
            .drop_timeout(Duration::ZERO)
            .spawn("model", move |batch: &mut Batch| {
                let _ = opened.recv();
                report.send(mem::take(batch)).unwrap();
            })
            .unwrap();
        // Until its batch has passed, nothing else is taken.
        coalescer.push(99, 0).unwrap();
        while coalescer.stats().in_flight == 0 {
            thread::yield_now();
        }
        let mut waiting = Batch::new();
        let mut merges = [0; 12];
        let (mut merged, mut dropped, mut dropped_merged, mut refused) = (0, 0, 0, 0);
        for (n, key) in (0..).zip(keys) {
            let full = waiting.len() == capacity && waiting.iter().all(|pair| pair.0 != key);
            let pushed = coalescer.push(key, n);
            if full && overflow != Overflow::DropOldest {
                prop_assert_eq!(pushed.is_err(), overflow == Overflow::Reject);
                prop_assert_eq!(pushed.map_err(|e| e.into_inner()).err().unwrap_or((key, n)), (key, n));
                refused += 1;
                continue;
            }
            prop_assert_eq!(pushed, Ok(()));
            if full {
                let (oldest, _) = waiting.remove(0);
                dropped += 1;
                dropped_merged += mem::take(&mut merges[usize::from(oldest)]);
            }
            if merge(&mut waiting, key, n) {
                merged += 1;
                merges[usize::from(key)] += 1;
            }
        }
        let stats = coalescer.stats();
        prop_assert_eq!((stats.pending, stats.merged), (waiting.len(), merged));
        prop_assert_eq!((stats.dropped_oldest, stats.dropped_merged), (dropped, dropped_merged));
        prop_assert_eq!(stats.dropped_newest, if overflow == Overflow::DropNewest { refused } else { 0 });
        drop(open);
        prop_assert_eq!(coalescer.close().handled, waiting.len() as u64 + 1);
        let handled: Vec<Batch> = batches.try_iter().collect();
        prop_assert!(handled.iter().all(|batch| batch.len() <= max_items));
        prop_assert_eq!(handled.concat()[1..].to_vec(), waiting);
    }
}
