use crate::stats::HistogramSnapshot;
use crate::stats::buckets::Buckets;
use std::iter;

/// A snapshot that read `counts` from the bucket of `at` on, and these extremes.
fn read(at: u64, counts: &[u64], min: u64, max: u64) -> HistogramSnapshot {
    let buckets = Buckets::new(2, 1 << 20);
    let first = buckets.index(at);
    let mut seen = HistogramSnapshot::zeros(buckets, first..first + counts.len());
    seen.add_counts(|range| {
        assert_eq!(range, first..first + counts.len());
        counts.iter().copied()
    });
    seen.widen(min, max);
    seen.settle();
    seen
}

#[test]
fn an_extreme_without_its_count_is_not_told() {
    // A thread that was stopped between its extremes and its count leaves extremes of a value that is in no bucket.
    let seen = read(10_000, &[3], 5, 70_000);
    let only = seen.buckets().next().unwrap();
    assert!(only.values.contains(&10_000));
    assert_eq!((seen.count(), seen.min(), seen.max()), (3, *only.values.start(), *only.values.end()));
}

#[test]
fn extremes_in_their_buckets_are_told_exactly() {
    let seen = read(10_000, &[3, 0, 1], 10_001, 10_300);
    assert_eq!((seen.min(), seen.max()), (10_001, 10_300));
}

#[test]
fn zeros_at_the_ends_make_no_other_snapshot() {
    let narrow = read(100, &[2, 0, 1], 100, 102);
    assert_eq!(read(90, &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0], 100, 102), narrow);
    let none: Vec<u64> = iter::repeat_n(0, 9).collect();
    assert_eq!(read(90, &none, 95, 95), HistogramSnapshot::empty(Buckets::new(2, 1 << 20)));
}
