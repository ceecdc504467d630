//! Both sides of a batcher against a model that keeps nothing but the list of what was pushed and when.

use crate::batch::back::Back;
use crate::batch::feed::One;
use crate::batch::front::{Front, Room};
use crate::batch::limits::Limits;
use crate::batch::linger::Linger;
use crate::batch::trigger::Trigger;
use crate::time::{Clock, Manual};
use proptest::prelude::*;
use std::time::Duration;

#[derive(Clone, Debug)]
enum Step {
    Push { bytes: usize },
    Advance { ns: u64 },
    Take,
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0usize..12).prop_map(|bytes| Step::Push { bytes }),
        2 => (0u64..8).prop_map(|ns| Step::Advance { ns }),
        3 => Just(Step::Take),
        1 => Just(Step::Flush),
    ]
}

/// What the model knows of an item that waits.
#[derive(Clone, Copy)]
struct Item {
    id: u64,
    bytes: usize,
    at: u64,
}

/// The first batch of `items` and whether it is full, by the documented rules alone.
fn first_batch(items: &[Item], limits: Limits) -> (usize, bool) {
    let mut bytes = 0;
    for (n, item) in items.iter().enumerate() {
        if n > 0 && bytes + item.bytes > limits.max_bytes {
            return (n, true);
        }
        bytes += item.bytes;
        if n + 1 == limits.max_items || bytes >= limits.max_bytes {
            return (n + 1, true);
        }
    }
    (items.len(), false)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn batches_are_those_of_the_rules(
        steps in prop::collection::vec(step(), 1..120),
        max_items in 1usize..6,
        max_bytes in 1usize..30,
        linger in 0u64..10,
        extra in 0usize..12,
    ) {
        let limits = Limits { max_items, max_bytes, capacity: max_items + extra };
        let sized = max_bytes < 25;
        let limits = Limits { max_bytes: if sized { max_bytes } else { usize::MAX }, ..limits };
        let time = Manual::new();
        let clock = Clock::from(time.clone());
        let mut back = Back::new(limits);
        let mut front = Front::new(limits, Linger::fixed(Duration::from_nanos(linger)), false);
        let mut waiting: Vec<Item> = Vec::new();
        let mut pushed = 0u64;
        let mut taken = 0u64;
        // All items with an id below this were asked for by a flush.
        let mut flushed = 0u64;

        for step in steps {
            match step {
                Step::Push { bytes } => {
                    let bytes = if sized { bytes } else { 0 };
                    // As a push does: the short way where it is open, and the long one.
                    let short = if sized { front.admit_sized(pushed, bytes) } else { front.admit(pushed) };
                    let taken = short.is_ok() || {
                        let mut one = One::new(pushed, bytes);
                        front.admit_slow(&mut back, &mut one, Room::Bounded, &clock);
                        one.item.is_none()
                    };
                    prop_assert_eq!(taken, waiting.len() < limits.capacity);
                    if taken {
                        waiting.push(Item { id: pushed, bytes, at: time.now().as_nanos() });
                        pushed += 1;
                    }
                }
                Step::Advance { ns } => time.advance(Duration::from_nanos(ns)),
                Step::Flush => {
                    front.make_due(Trigger::Flush);
                    flushed = pushed;
                }
                Step::Take => {
                    let (n, full) = first_batch(&waiting, limits);
                    let due = n > 0 && {
                        let first = waiting[0];
                        full || first.id < flushed || time.now().as_nanos() >= first.at + linger
                    };
                    prop_assert_eq!(back.has_sealed() || front.due(&clock).is_some(), due);
                    if !back.has_sealed() && let Some(trigger) = front.due(&clock) {
                        front.seal(&mut back, trigger);
                    }
                    let batch = back.take();
                    prop_assert_eq!(batch.is_some(), due);
                    if let Some(mut batch) = batch.map(|batch| batch.items) {
                        let model: Vec<u64> = waiting.drain(..n).map(|item| item.id).collect();
                        prop_assert_eq!(&batch, &model);
                        taken += n as u64;
                        prop_assert_eq!(back.is_settled(taken), Some(false));
                        batch.clear();
                        back.settle(0, batch);
                        prop_assert_eq!(back.is_settled(taken), Some(true));
                    }
                }
            }
            let stats = back.stats(front.len(), 0);
            prop_assert_eq!(stats.pending, waiting.len());
            prop_assert_eq!(stats.pushed, pushed);
            prop_assert_eq!(stats.handled, taken);
            let by = [stats.by_items, stats.by_bytes, stats.by_linger, stats.by_flush];
            prop_assert_eq!(stats.batches, by.iter().sum::<u64>());
        }
        let ids: Vec<u64> = waiting.iter().map(|item| item.id).collect();
        prop_assert_eq!(back.take_out(front.take_out(), true), ids);
        prop_assert!(front.is_empty() && (back.inside() == 0));
        prop_assert_eq!(back.is_settled(pushed), if waiting.is_empty() { Some(true) } else { None });
    }
}
