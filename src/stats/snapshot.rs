use std::fmt;
use std::ops::RangeInclusive;

use super::buckets::Buckets;

/// What a [`Histogram`](super::Histogram) had counted at one moment.
///
/// Every figure but `count`, `min` and `max` carries the relative error of the histogram's significant digits. An
/// empty snapshot answers zero everywhere.
///
/// ```
/// use bedplate::stats::Histogram;
///
/// let sizes = Histogram::builder().significant_digits(2).max_value(1 << 20).build();
/// sizes.record(4_096);
/// sizes.record_n(10_000, 9);
/// let seen = sizes.snapshot();
/// assert!(seen.percentile(50.0).abs_diff(10_000) <= 100);
/// assert_eq!(seen.buckets().map(|b| b.count).sum::<u64>(), 10);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HistogramSnapshot {
    buckets: Buckets,
    counts: Box<[u64]>,
    count: u64,
    /// `u64::MAX` and 0 while nothing was counted.
    min: u64,
    max: u64,
}

/// One bucket of a [`HistogramSnapshot`] that holds something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bucket {
    /// The values counted here; the last bucket's reach to `u64::MAX`.
    pub values: RangeInclusive<u64>,
    /// How many were recorded.
    pub count: u64,
}

impl HistogramSnapshot {
    pub(super) fn empty(buckets: Buckets) -> Self {
        Self { buckets, counts: vec![0; buckets.len()].into(), count: 0, min: u64::MAX, max: 0 }
    }

    /// Adds one count a bucket.
    pub(super) fn add_counts(&mut self, counts: impl Iterator<Item = u64>) {
        for (sum, n) in self.counts.iter_mut().zip(counts) {
            *sum = sum.wrapping_add(n);
            self.count = self.count.wrapping_add(n);
        }
    }

    /// Makes `min..=max` part of the range.
    pub(super) fn widen(&mut self, min: u64, max: u64) {
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// How many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest value, exactly.
    #[must_use]
    pub fn min(&self) -> u64 {
        if self.count == 0 { 0 } else { self.min }
    }

    /// The largest value, exactly.
    #[must_use]
    pub fn max(&self) -> u64 {
        if self.count == 0 { 0 } else { self.max }
    }

    /// The arithmetic mean. Values above the histogram's `max_value` enter it as the largest of them.
    #[must_use]
    pub fn mean(&self) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let sum: f64 = self.filled().map(|(index, n)| self.value(index) as f64 * n as f64).sum();
        sum / self.count as f64
    }

    /// The smallest value that at least `p` percent of the values do not exceed. `percentile(0.0)` is the minimum and
    /// `percentile(100.0)` the maximum, both exactly.
    ///
    /// # Panics
    ///
    /// Where `p` is not within 0 and 100.
    #[must_use]
    pub fn percentile(&self, p: f64) -> u64 {
        assert!((0.0..=100.0).contains(&p), "a percentile lies within 0 and 100, not at {p}");
        let rank = rank(p, self.count);
        if rank <= 1 {
            return self.min();
        }
        if rank == self.count {
            return self.max();
        }
        let mut below = 0u64;
        for (index, n) in self.filled() {
            below += n;
            if below >= rank {
                return self.value(index);
            }
        }
        self.max()
    }

    /// Adds what `other` counted.
    ///
    /// # Panics
    ///
    /// Where the histogram that `other` is from has other significant digits or another largest value: its buckets are
    /// not the same ones.
    pub fn merge(&mut self, other: &Self) {
        assert_eq!(self.buckets, other.buckets, "only snapshots of histograms with the same options can be merged");
        self.add_counts(other.counts.iter().copied());
        self.widen(other.min, other.max);
    }

    /// The buckets that hold something, from the lowest.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.filled().map(|(index, count)| Bucket { values: self.buckets.range(index), count })
    }

    fn filled(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.counts.iter().copied().enumerate().filter(|&(_, n)| n != 0)
    }

    /// The value that stands for bucket `index`.
    fn value(&self, index: usize) -> u64 {
        let value = if self.buckets.is_last(index) { self.max } else { self.buckets.middle(index) };
        // A bucket's middle may lie outside what was recorded in it.
        value.clamp(self.min, self.max)
    }
}

/// The place, counted from one, of the value that `p` percent of `count` values do not exceed.
fn rank(p: f64, count: u64) -> u64 {
    let exact = p * count as f64 / 100.0;
    // 16.1 percent of 1000 is 161.00000000000003 in floating point: what is that near to a whole number is meant as it.
    let whole = exact.round();
    let rank = if (exact - whole).abs() <= exact * 1e-12 { whole } else { exact.ceil() };
    (rank as u64).min(count)
}

impl fmt::Debug for HistogramSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistogramSnapshot")
            .field("count", &self.count())
            .field("min", &self.min())
            .field("p50", &self.percentile(50.0))
            .field("p99", &self.percentile(99.0))
            .field("max", &self.max())
            .finish_non_exhaustive()
    }
}
