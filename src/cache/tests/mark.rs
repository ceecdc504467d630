use std::time::Duration;

use proptest::prelude::*;

use crate::cache::entry::{Entry, Mark};
use crate::time::Instant;

proptest! {
    #[test]
    fn each_field_keeps_to_its_bits(
        fields in prop::collection::vec((0u8..4, 0u8..4, 0u8..8, any::<u64>()), 1..5),
        order in any::<u64>(),
    ) {
        let mut mark = Mark::default();
        let mut expected = (0, 0, 0, 0);
        for (turn, (hits, region, frequency, used)) in fields.into_iter().enumerate() {
            match order >> (2 * turn) & 3 {
                0 => (mark, expected.0) = (mark.with_hits(hits), hits),
                1 => (mark, expected.1) = (mark.with_region(region), region),
                2 => (mark, expected.2) = (mark.with_frequency(frequency), frequency),
                _ => (mark, expected.3) = (mark.with_use(Instant::from_nanos(used)), used),
            }
            prop_assert_eq!((mark.hits(), mark.region(), mark.frequency()), (expected.0, expected.1, expected.2));
            prop_assert_eq!(mark.idle(Instant::from_nanos(expected.3)), Duration::from_nanos(expected.3 % 128));
        }
    }

    #[test]
    fn idle_is_up_to_127_ns_long_and_never_short(used in any::<u64>(), now in any::<u64>()) {
        let idle = Mark::new(3).with_use(Instant::from_nanos(used)).with_hits(3).with_frequency(7);
        let idle = idle.idle(Instant::from_nanos(now)).as_nanos();
        let exact = u128::from(now.saturating_sub(used));
        prop_assert!(now < used || (exact..exact + 128).contains(&idle));
        prop_assert!(now >= used || idle < 128, "another thread has used it since");
    }
}

#[test]
fn hits_are_counted_to_three() {
    let entry = Entry::new((), (), 0, 1, Instant::MAX);
    let used = Mark::new(2).with_frequency(5).with_use(Instant::from_nanos(1 << 60));
    entry.set_mark(used);
    for hits in [1, 2, 3, 3, 3] {
        entry.hit();
        assert_eq!(entry.mark(), used.with_hits(hits));
    }
}
