use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use crate::cache::expiry::Expiry;
use crate::time::{Clock, Deadline, Instant, Manual};

proptest! {
    #[test]
    fn the_first_end_is_found_after_any_changes(changes in prop::collection::vec((0u32..20, prop::option::of(0u64..50)), 0..100)) {
        let time = Manual::new();
        time.advance(Duration::from_nanos(100));
        let clock = Clock::from(time);
        let (mut expiry, mut model) = (Expiry::default(), [None; 20]);
        for (slot, at) in changes {
            expiry.set(slot, at.map_or(Deadline::NEVER, |at| Deadline::at(Instant::from_nanos(at))));
            model[slot as usize] = at;
        }
        // Taken out one after the other, the ends come in order.
        let mut left: BTreeSet<(u64, u32)> = (0..20).filter_map(|slot| Some((model[slot as usize]?, slot))).collect();
        while let Some(slot) = expiry.first_due(&clock) {
            let at = model[slot as usize].expect("an end that was set");
            prop_assert_eq!(left.first().map(|first| first.0), Some(at));
            prop_assert!(left.remove(&(at, slot)));
            prop_assert!(expiry.is_due(slot, &clock));
            expiry.clear(slot);
            prop_assert!(!expiry.is_due(slot, &clock));
        }
        prop_assert!(left.is_empty());
    }
}
