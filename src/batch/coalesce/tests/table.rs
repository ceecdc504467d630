//! The table against a list.

use crate::batch::coalesce::slot::Slot;
use crate::batch::coalesce::table::Table;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn pairs_are_found_merged_and_taken_and_slots_used_again(
        // Few hashes, so that they collide.
        steps in prop::collection::vec((0u8..4, 0u8..12), 1..200),
    ) {
        let mut table = Table::new();
        let mut waiting: Vec<(Slot, u8, u64, u64)> = Vec::new();
        let (mut most, mut merged, mut dropped_merged) = (0, 0, 0);
        for (n, (what, key)) in (0u64..).zip(steps) {
            let hash = u64::from(key % 3);
            let found = table.find(hash, &key);
            let at = waiting.iter().position(|pair| pair.1 == key);
            prop_assert_eq!(found, at.map(|at| waiting[at].0));
            match (what, found, at) {
                (0, Some(slot), Some(at)) => {
                    let (_, _, value, _) = waiting.remove(at);
                    prop_assert_eq!(table.take(slot), Some((key, value)));
                    prop_assert_eq!(table.take(slot), None);
                }
                (1, Some(slot), Some(at)) => {
                    let (_, _, value, merged) = waiting.remove(at);
                    prop_assert_eq!(table.evict(slot), Some((key, value)));
                    dropped_merged += merged;
                }
                (_, Some(slot), Some(at)) => {
                    table.merge(slot, n, |old, new| *old = old.wrapping_mul(2).wrapping_add(new));
                    let pair = &mut waiting[at];
                    (pair.2, pair.3) = (pair.2.wrapping_mul(2).wrapping_add(n), pair.3 + 1);
                    merged += 1;
                }
                _ => {
                    let slot = table.next();
                    table.insert(slot, hash, (key, n));
                    waiting.push((slot, key, n, 0));
                    most = waiting.len().max(most);
                    prop_assert!(slot.0 < most, "a slot beyond those that were needed at once");
                }
            }
            prop_assert_eq!((table.merged, table.dropped_merged), (merged, dropped_merged));
        }
    }
}
