use std::time::Duration;

use proptest::prelude::*;

use crate::cache::lru::limits::{Limits, Terms};
use crate::cache::lru::slots::Slots;
use crate::time::{Clock, Instant, Manual};

fn at(time: Option<u64>) -> Instant {
    time.map_or(Instant::MAX, Instant::from_nanos)
}

/// The heap is in order, and each slot knows its place.
fn validate(slots: &Slots) {
    for (place, &(bound, slot)) in slots.heap.iter().enumerate() {
        assert!(place == 0 || slots.heap[(place - 1) / 2].0 <= bound);
        let entry = slots.slots[slot as usize];
        assert_eq!(entry.place as usize, place);
        assert!(bound <= entry.until && entry.until <= entry.end);
    }
}

proptest! {
    /// Ends in any order, put off and forgotten: the first that is due is found, and none that is not.
    #[test]
    fn the_first_end_is_found(steps in prop::collection::vec((0u8..5, 0usize..30, prop::option::of(0u64..50), 0u64..50), 0..200)) {
        let mut slots = Slots::default();
        let mut model: Vec<(u32, Instant, Instant)> = Vec::new();
        // Enough for a heap of several levels.
        for (which, (_, _, _, until)) in steps.iter().take(20).enumerate() {
            let slot = slots.take(which as u32, 7);
            slots.set_end(slot, Instant::MAX, at(Some(*until)));
            model.push((slot, Instant::MAX, at(Some(*until))));
        }
        for (what, which, end, until) in steps {
            let chosen = if model.is_empty() { 0 } else { which % model.len() };
            match what {
                0 => {
                    let slot = slots.take(which as u32, 7);
                    prop_assert!(model.iter().all(|entry| entry.0 != slot), "a slot of its own");
                    model.push((slot, Instant::MAX, Instant::MAX));
                }
                1 if !model.is_empty() => {
                    let (slot, ..) = model.swap_remove(chosen);
                    prop_assert_eq!(slots.release(slot), 7);
                }
                2 if !model.is_empty() => {
                    let entry = &mut model[chosen];
                    (entry.1, entry.2) = (at(end), at(end).min(at(Some(until))));
                    slots.set_end(entry.0, at(end), at(Some(until)));
                }
                3 if !model.is_empty() => {
                    let entry = &mut model[chosen];
                    // A use only ever puts an end off.
                    let until = entry.2.max(at(Some(until)));
                    if entry.2 != Instant::MAX {
                        entry.2 = until.min(entry.1);
                    }
                    slots.put_off(entry.0, until);
                }
                _ => {
                    let now = at(Some(until));
                    let due: Vec<_> = model.iter().filter(|entry| entry.2 <= now).collect();
                    match slots.first_due(now) {
                        Some(tag) => prop_assert!(due.iter().any(|entry| entry.0 == tag.slot)),
                        None => prop_assert!(due.is_empty()),
                    }
                }
            }
            validate(&slots);
        }
    }
}

#[test]
fn the_clock_is_not_read_where_nothing_ends() {
    let time = Manual::new();
    time.advance(Duration::from_secs(1));
    let clock = Clock::from(time);
    let mut limits: Limits<u32, u32> = Limits { weigh: Some(Box::new(|_, _| 1)), ..Limits::new() };
    let unread = Instant::default();
    assert_eq!(limits.now(None, &clock), unread);
    let tag = limits.enter(1, Terms { weight: 1, ttl: None, now: unread });
    assert_eq!(limits.now(None, &clock), unread);
    limits.renew(tag.slot, Terms { weight: 1, ttl: Some(Duration::from_secs(1)), now: unread });
    assert_eq!(limits.now(None, &clock), clock.now());
}
