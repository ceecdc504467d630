use bedplate::time::Instant;
use proptest::prelude::*;
use std::time::Duration;

#[test]
fn sums_past_the_end_of_time_are_the_end_of_time() {
    assert_eq!(Instant::from_nanos(u64::MAX - 1) + Duration::from_nanos(1), Instant::MAX);
    assert_eq!(Instant::from_nanos(u64::MAX - 1) + Duration::from_nanos(2), Instant::MAX);
    assert_eq!(Instant::default() + Duration::MAX, Instant::MAX);
}

proptest! {
    #[test]
    fn what_was_added_is_the_distance(start in any::<u64>(), by in any::<u64>()) {
        let (start, by) = (Instant::from_nanos(start), Duration::from_nanos(by));
        let end = start + by;
        prop_assert!(end >= start);
        prop_assert!(end == Instant::MAX || end - start == by);
        prop_assert_eq!(start - end, Duration::ZERO);
    }
}
