use crate::stats::buckets::Buckets;
use proptest::prelude::*;

#[test]
fn neighbouring_buckets_leave_no_gap_and_do_not_overlap() {
    for digits in 1..=4 {
        for max in [1, 15, 16, 1_000_000, u64::MAX - 1, u64::MAX] {
            let buckets = Buckets::new(digits, max);
            let mut next = 0;
            for index in 0..buckets.len() - 1 {
                let range = buckets.range(index);
                assert_eq!(*range.start(), next, "digits {digits}, max {max}, bucket {index}");
                assert_eq!(buckets.index(*range.start()), index);
                assert_eq!(buckets.index(*range.end()), index);
                next = range.end().wrapping_add(1);
            }
            // The largest value is in the last bucket but one.
            assert_eq!(buckets.index(max), buckets.len() - 2);
            if next != 0 {
                assert_eq!(buckets.range(buckets.len() - 1), next..=u64::MAX);
            }
        }
    }
}

#[test]
fn the_documented_sizes_hold() {
    // What `Histogram` says of its memory and of the values it tells exactly.
    assert_eq!(Buckets::new(3, 3_600_000_000_000).len() * 8 / 1024, 134);
    for (digits, exact) in [(1, 16), (2, 128), (3, 1024), (4, 16384)] {
        let buckets = Buckets::new(digits, u64::MAX);
        assert!((0..exact).all(|v| buckets.middle(buckets.index(v)) == v));
        assert_eq!(buckets.index(exact), buckets.index(exact + 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_middle_is_within_the_digits_of_every_value(digits in 1u8..=4, bits in 0u32..64, low in any::<u64>()) {
        let value = (1u64 << bits) | (low & ((1u64 << bits) - 1));
        let buckets = Buckets::new(digits, u64::MAX);
        let middle = buckets.middle(buckets.index(value));
        let error = value.abs_diff(middle) as f64 / value as f64;
        prop_assert!(error <= 10f64.powi(-i32::from(digits)), "{value} told as {middle}");
    }
}
