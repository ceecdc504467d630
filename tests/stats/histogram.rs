use bedplate::stats::{Histogram, HistogramSnapshot};
use proptest::prelude::*;
use std::sync::Barrier;
use std::thread;

fn of(values: &[u64]) -> HistogramSnapshot {
    let histogram = Histogram::builder().max_value(u64::MAX).build();
    values.iter().for_each(|&v| histogram.record(v));
    histogram.snapshot()
}

/// Values of every magnitude, where uniform ones would nearly all be huge.
fn value() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0u32..64).prop_map(|(value, shift)| value >> shift)
}

#[test]
fn an_empty_snapshot_answers_zero() {
    let seen = of(&[]);
    assert_eq!((seen.count(), seen.min(), seen.max(), seen.mean()), (0, 0, 0, 0.0));
    assert_eq!((seen.percentile(0.0), seen.percentile(50.0), seen.percentile(100.0)), (0, 0, 0));
    assert_eq!(seen.buckets().count(), 0);
}

#[test]
fn percentiles_of_whole_thousandths_are_not_rounded_up() {
    // In floating point 16.1 % of 1000 is a little more than 161.
    let seen = of(&(1..=1_000).collect::<Vec<_>>());
    for (p, value) in [
        (0.0, 1),
        (0.1, 1),
        (0.15, 2),
        (16.1, 161),
        (64.9, 649),
        (50.0, 500),
        (50.1, 501),
        (99.0, 990),
        (99.9, 999),
        (100.0, 1_000),
    ] {
        assert_eq!(seen.percentile(p), value, "percentile {p}");
    }
    assert_eq!(seen.mean(), 500.5);
}

#[test]
fn zero_and_the_largest_integer_are_recorded() {
    let seen = of(&[0, u64::MAX]);
    assert_eq!((seen.count(), seen.min(), seen.max()), (2, 0, u64::MAX));
    assert_eq!(seen.buckets().map(|b| b.count).collect::<Vec<_>>(), [1, 1]);
}

#[test]
fn what_exceeds_the_largest_value_is_counted_and_told_as_the_maximum() {
    let histogram = Histogram::builder().significant_digits(2).max_value(1_000).build();
    histogram.record_n(10, 5);
    histogram.record_n(5_000, 2);
    histogram.record_n(7_777, 3);
    let seen = histogram.snapshot();
    assert_eq!((seen.count(), seen.max()), (10, 7_777));
    assert_eq!(seen.percentile(50.0), 10);
    assert_eq!(seen.percentile(60.0), 7_777);
    let last = seen.buckets().last().unwrap();
    assert_eq!((last.count, *last.values.end()), (5, u64::MAX));
    assert!((1_001..1_016).contains(last.values.start()), "{last:?}");
}

#[test]
fn record_n_of_nothing_leaves_no_trace() {
    let histogram = Histogram::new();
    histogram.record_n(5, 0);
    assert_eq!(histogram.snapshot(), Histogram::new().snapshot());
    histogram.record(7);
    assert_eq!(histogram.snapshot().min(), 7);
}

#[test]
fn no_sample_is_lost_or_doubled_between_threads() {
    let histogram = Histogram::new();
    let start = Barrier::new(8);
    thread::scope(|s| {
        for t in 0..8u64 {
            let (histogram, start) = (&histogram, &start);
            s.spawn(move || {
                start.wait();
                (0..10_000).for_each(|i| histogram.record(i % 500 * 2 + t % 2));
            });
        }
    });
    let seen = histogram.snapshot();
    assert_eq!((seen.count(), seen.min(), seen.max()), (80_000, 0, 999));
    // Below 1024 each value has its bucket, and each was recorded by four threads, twenty times.
    assert!(seen.buckets().all(|b| b.values.start() == b.values.end() && b.count == 80));
    assert_eq!(seen.buckets().count(), 1_000);
}

#[test]
fn threads_of_one_table_and_bucket_lose_nothing() {
    // More threads than have a table of their own, so some share one; all of them share the bucket.
    const EACH: u64 = 100_000;
    let threads = 2 * thread::available_parallelism().map_or(4, usize::from).clamp(4, 32) + 8;
    let histogram = Histogram::new();
    let start = Barrier::new(threads);
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                start.wait();
                (0..EACH).for_each(|_| histogram.record_n(7, 2));
            });
        }
    });
    assert_eq!(histogram.snapshot().count(), 2 * EACH * threads as u64);
}

#[test]
fn a_snapshot_taken_meanwhile_is_whole() {
    let histogram = Histogram::new();
    thread::scope(|s| {
        let recorder = s.spawn(|| (1..=50_000).for_each(|v| histogram.record(v)));
        let mut before = 0;
        while !recorder.is_finished() {
            let seen = histogram.snapshot();
            assert!(seen.count() >= before, "counts went back");
            before = seen.count();
            assert_eq!(seen.buckets().map(|b| b.count).sum::<u64>(), seen.count());
            if let Some(top) = seen.buckets().last() {
                assert!(seen.max() >= *top.values.start(), "the maximum does not cover what was counted");
            }
        }
    });
    assert_eq!(histogram.snapshot().count(), 50_000);
}

#[test]
fn threads_that_come_and_go_lose_nothing() {
    let histogram = Histogram::new();
    thread::scope(|s| {
        for t in 0..4u64 {
            let histogram = &histogram;
            // Four at a time, each begun when the one before it is on its way out.
            s.spawn(move || {
                for n in 0..250 {
                    thread::scope(|s| _ = s.spawn(|| (0..20).for_each(|_| histogram.record(1 + 250 * t + n))));
                }
            });
        }
    });
    let seen = histogram.snapshot();
    assert_eq!((seen.count(), seen.min(), seen.max()), (20_000, 1, 1_000));
    assert!(seen.buckets().all(|b| b.count == 20) && seen.buckets().count() == 1_000);
}

#[test]
fn counts_that_wrapped_around_are_read() {
    let histogram = Histogram::new();
    histogram.record_n(7, u64::MAX);
    histogram.record_n(7, 6);
    histogram.record_n(8, u64::MAX - 1);
    histogram.record_n(9, 10);
    let seen = histogram.snapshot();
    assert_eq!(seen.buckets().map(|b| b.count).collect::<Vec<_>>(), [5, u64::MAX - 1, 10]);
    assert_eq!(seen.count(), 13);
    assert!((7..=9).contains(&seen.percentile(50.0)));
}

#[test]
#[should_panic = "same options"]
fn snapshots_of_other_options_do_not_merge() {
    of(&[1]).merge(&Histogram::builder().significant_digits(2).build().snapshot());
}

#[test]
#[should_panic = "within 0 and 100"]
fn a_percentile_above_a_hundred_is_refused() {
    let _ = of(&[1]).percentile(100.1);
}

#[test]
#[should_panic = "1 to 4 significant digits, not 5"]
fn five_digits_are_refused() {
    let _ = Histogram::builder().significant_digits(5).build();
}

#[test]
#[should_panic = "at least 1"]
fn a_largest_value_of_zero_is_refused() {
    let _ = Histogram::builder().max_value(0).build();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn percentiles_are_within_the_digits_of_the_sorted_samples(
        digits in 1u8..=4,
        mut values in prop::collection::vec(value(), 1..300),
        thousandths in prop::collection::vec(0u64..=100_000, 8),
    ) {
        let histogram = Histogram::builder().significant_digits(digits).max_value(u64::MAX).build();
        values.iter().for_each(|&v| histogram.record(v));
        let seen = histogram.snapshot();
        values.sort_unstable();
        let bound = 10f64.powi(-i32::from(digits));

        prop_assert_eq!(seen.count(), values.len() as u64);
        prop_assert_eq!((seen.min(), seen.max()), (values[0], *values.last().unwrap()));
        for p in thousandths {
            // The nearest rank in whole numbers: thousandths of a percent of the samples, rounded up.
            let rank = (p as usize * values.len()).div_ceil(100_000).max(1);
            let (exact, told) = (values[rank - 1], seen.percentile(p as f64 / 1_000.0));
            prop_assert!(exact.abs_diff(told) as f64 <= exact as f64 * bound, "{p}: {told} for {exact}");
        }
        let mean = values.iter().map(|&v| v as f64).sum::<f64>() / values.len() as f64;
        prop_assert!((seen.mean() - mean).abs() <= mean * bound + 1e-9, "mean {} for {mean}", seen.mean());
    }

    #[test]
    fn merged_snapshots_are_the_snapshot_of_both(
        left in prop::collection::vec(value(), 0..100),
        right in prop::collection::vec(value(), 0..100),
    ) {
        let mut merged = of(&left);
        merged.merge(&of(&right));
        prop_assert_eq!(merged, of(&[left, right].concat()));
    }

    #[test]
    fn record_n_is_n_times_record(value in value(), n in 0u64..50) {
        let many = Histogram::builder().max_value(u64::MAX).build();
        many.record_n(value, n);
        prop_assert_eq!(many.snapshot(), of(&vec![value; n as usize]));
    }
}
