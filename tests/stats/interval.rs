//! What was recorded between two snapshots.

use bedplate::stats::{Histogram, HistogramSnapshot};
use proptest::prelude::*;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

fn counts(seen: &HistogramSnapshot) -> Vec<(u64, u64)> {
    seen.buckets().map(|bucket| (*bucket.values.start(), bucket.count)).collect()
}

#[test]
fn the_interval_between_a_snapshot_and_itself_is_empty() {
    let histogram = Histogram::new();
    assert_eq!(histogram.snapshot().since(&histogram.snapshot()), Histogram::new().snapshot());
    histogram.record(123_456);
    let seen = histogram.snapshot();
    assert_eq!(seen.since(&seen), Histogram::new().snapshot());
    assert_eq!(seen.since(&Histogram::new().snapshot()), seen);
}

#[test]
fn what_exceeds_the_largest_value_is_told_as_the_maximum_of_all_time() {
    let histogram = Histogram::builder().max_value(1_000).build();
    histogram.record(90_000);
    let first = histogram.snapshot();
    histogram.record_n(5_000, 2);
    histogram.record(400);
    let interval = histogram.snapshot().since(&first);
    assert_eq!((interval.count(), interval.min(), interval.max()), (3, 400, 90_000));
}

#[test]
fn the_sum_of_the_intervals_is_the_whole_while_others_record() {
    const INTERVALS: usize = 20;
    // More than have a table of their own.
    let threads = 2 * thread::available_parallelism().map_or(4, usize::from).clamp(4, 8) as u64 + 4;
    let histogram = Histogram::new();
    let (recorded, enough) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut before = histogram.snapshot();
    let mut sum = before.clone();
    // Compares a new snapshot with the last one; how many were recorded between them.
    let mut look = || {
        let now = histogram.snapshot();
        // Refuses snapshots in which some bucket has fallen.
        let interval = now.since(&before);
        assert_eq!(interval.count(), now.count() - before.count());
        assert!(before.count() == 0 || now.min() <= before.min());
        assert!(now.max() >= before.max());
        assert!(interval.min() <= interval.max() && interval.max() <= now.max());
        sum.merge(&interval);
        before = now;
        interval.count()
    };
    thread::scope(|s| {
        for t in 0..threads {
            let (histogram, recorded, enough) = (&histogram, &recorded, &enough);
            s.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    // Of all magnitudes, and every other one twice.
                    (0..1_000).for_each(|i| histogram.record_n((i * 7 + t) << (i % 20), 1 + i % 2));
                    recorded.fetch_add(1_500, Ordering::Relaxed);
                }
            });
        }
        // The threads end in any case, so that what fails here shows.
        let looked = panic::catch_unwind(AssertUnwindSafe(|| {
            let mut intervals = 0;
            while intervals < INTERVALS {
                intervals += usize::from(look() > 0);
            }
        }));
        enough.store(true, Ordering::Relaxed);
        looked.unwrap();
    });
    look();
    assert_eq!(before.count(), recorded.into_inner());
    assert_eq!(counts(&sum), counts(&before));
    assert_eq!(histogram.snapshot(), before);
}

#[test]
#[should_panic = "not an earlier one"]
fn a_later_snapshot_is_refused() {
    let histogram = Histogram::new();
    histogram.record(70_000);
    let first = histogram.snapshot();
    histogram.record(70_000);
    let _ = first.since(&histogram.snapshot());
}

#[test]
#[should_panic = "not an earlier one"]
fn a_snapshot_of_other_values_is_refused() {
    let (one, other) = (Histogram::new(), Histogram::new());
    one.record(70_000);
    other.record(5);
    let _ = one.snapshot().since(&other.snapshot());
}

#[test]
#[should_panic = "same options"]
fn a_snapshot_of_other_options_is_refused() {
    let _ = Histogram::new().snapshot().since(&Histogram::builder().significant_digits(2).build().snapshot());
}

/// Values of every magnitude, where uniform ones would nearly all be huge.
fn value() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn an_interval_tells_of_its_own_values_within_the_digits(
        digits in 1u8..=3,
        batches in prop::collection::vec(prop::collection::vec(value(), 0..60), 1..6),
        p in 0.0..=100.0f64,
    ) {
        let histogram = Histogram::builder().significant_digits(digits).max_value(u64::MAX).build();
        let bound = 10f64.powi(-i32::from(digits));
        let mut before = histogram.snapshot();
        for mut batch in batches {
            // In two threads, so that there are two tables.
            thread::scope(|s| {
                let (left, right) = batch.split_at(batch.len() / 2);
                s.spawn(|| left.iter().for_each(|&v| histogram.record(v)));
                s.spawn(|| right.iter().for_each(|&v| histogram.record(v)));
            });
            let now = histogram.snapshot();
            let interval = now.since(&before);
            batch.sort_unstable();
            prop_assert_eq!(interval.count(), batch.len() as u64);
            if let (Some(&min), Some(&max)) = (batch.first(), batch.last()) {
                let rank = ((p * batch.len() as f64 / 100.0).ceil() as usize).clamp(1, batch.len());
                for (exact, told) in [(min, interval.min()), (max, interval.max()), (batch[rank - 1], interval.percentile(p))] {
                    prop_assert!(exact.abs_diff(told) as f64 <= exact as f64 * bound, "{told} for {exact}");
                }
            } else {
                prop_assert_eq!((interval.min(), interval.max()), (0, 0));
            }
            let mut again = before.clone();
            again.merge(&interval);
            prop_assert_eq!(&again, &now);
            before = now;
        }
    }
}
