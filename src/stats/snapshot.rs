use std::fmt;
use std::ops::{Range, RangeInclusive};

use super::buckets::Buckets;

/// What a [`Histogram`](super::Histogram) had counted at one moment, or between two.
///
/// Every figure but `count`, `min` and `max` carries the relative error of the histogram's significant digits; those
/// two do where [`since`](Self::since) made the snapshot, or where it was taken while others recorded. An empty
/// snapshot answers zero everywhere.
///
/// It holds 8 bytes for each of the histogram's buckets from that of the smallest value to that of the largest.
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
    /// The bucket of the first count; 0 where there is none.
    first: usize,
    /// Those of the first bucket that holds something, of the last, and of all between them.
    counts: Vec<u64>,
    /// The sum of them.
    count: u64,
    /// The first is in the first bucket, the second in the last; `u64::MAX` and 0 where there is none.
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
        Self { buckets, first: 0, counts: Vec::new(), count: 0, min: u64::MAX, max: 0 }
    }

    /// With counts of zero for the buckets of `range`, to be added to and then [settled](Self::settle).
    pub(super) fn zeros(buckets: Buckets, range: Range<usize>) -> Self {
        Self { first: range.start, counts: vec![0; range.len()], ..Self::empty(buckets) }
    }

    /// Adds the counts that `of` gives for a range of buckets.
    pub(super) fn add_counts<I: Iterator<Item = u64>>(&mut self, of: impl FnOnce(Range<usize>) -> I) {
        let counts = of(self.first..self.first + self.counts.len());
        self.counts.iter_mut().zip(counts).for_each(|(sum, n)| *sum = sum.wrapping_add(n));
    }

    /// Makes `min..=max` part of the range.
    pub(super) fn widen(&mut self, min: u64, max: u64) {
        self.min = self.min.min(min);
        self.max = self.max.max(max);
    }

    /// Makes the counts those from the first bucket that holds something to the last, and the range one that begins and
    /// ends in these two: an extreme is stored before its value is counted, so the one that was read may be that of a
    /// value still to be counted.
    pub(super) fn settle(&mut self) {
        let filled = |n: &u64| *n != 0;
        let Some((from, to)) = self.counts.iter().position(filled).zip(self.counts.iter().rposition(filled)) else {
            *self = Self::empty(self.buckets);
            return;
        };
        self.counts.truncate(to + 1);
        self.counts.drain(..from);
        self.first += from;
        self.count = self.counts.iter().fold(0, |sum, n| sum.wrapping_add(*n));
        let within = |value: u64, index| {
            let range = self.buckets.range(index);
            value.clamp(*range.start(), *range.end())
        };
        let (first, last) = self.ends();
        (self.min, self.max) = (within(self.min, first), within(self.max, last));
    }

    /// How many values were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The smallest value, exactly; see [`since`](Self::since) for that of an interval.
    #[must_use]
    pub fn min(&self) -> u64 {
        if self.count == 0 { 0 } else { self.min }
    }

    /// The largest value, exactly; see [`since`](Self::since) for that of an interval.
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
        for (index, n) in (self.first..).zip(&self.counts) {
            // Wraps around where the counts have.
            below = below.wrapping_add(*n);
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
        if other.counts.is_empty() {
            return;
        }
        if self.counts.is_empty() {
            *self = other.clone();
            return;
        }
        let ((a, b), (c, d)) = (self.ends(), other.ends());
        let mut both = Self::zeros(self.buckets, a.min(c)..b.max(d) + 1);
        for one in [&*self, other] {
            let to = &mut both.counts[one.first - both.first..];
            to.iter_mut().zip(&one.counts).for_each(|(sum, n)| *sum = sum.wrapping_add(*n));
            both.widen(one.min, one.max);
        }
        both.settle();
        *self = both;
    }

    /// What was recorded between `earlier` and this snapshot, which are of the same histogram, or merged from the same
    /// ones.
    ///
    /// Each value is in one interval: of snapshots taken one after the other, each with the one before it, the
    /// intervals add up to the whole, bucket by bucket, however many threads were recording. `earlier`,
    /// [`merge`](Self::merge)d with the interval, is this snapshot again.
    ///
    /// The histogram keeps the smallest and the largest value of all time, not of intervals. So the interval's are told
    /// exactly where they are new extremes, and else by their bucket, with the error of the significant digits; where
    /// values above the histogram's `max_value` were recorded, the largest of all time stands for them.
    ///
    /// # Panics
    ///
    /// Where the options of the two histograms differ, or where `earlier` has counted more in some bucket: then it is
    /// not earlier, or of another histogram, or a count has wrapped around.
    ///
    /// ```
    /// use bedplate::stats::Histogram;
    ///
    /// let latency = Histogram::new();
    /// latency.record_n(900, 10);
    /// let first = latency.snapshot();
    /// latency.record_n(100, 5);
    /// let interval = latency.snapshot().since(&first);
    /// assert_eq!((interval.count(), interval.percentile(50.0), interval.max()), (5, 100, 100));
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        assert_eq!(self.buckets, earlier.buckets, "only snapshots of histograms with the same options can be compared");
        let mut seen = self.clone();
        for (index, then) in earlier.filled() {
            // A bucket that holds nothing now is outside, or zero.
            let now = index.checked_sub(seen.first).and_then(|place| seen.counts.get_mut(place));
            let left = now.as_ref().and_then(|now| now.checked_sub(then));
            let (Some(now), Some(left)) = (now, left) else {
                panic!("the earlier snapshot is not an earlier one of the same histogram");
            };
            *now = left;
        }
        seen.settle();
        if !seen.counts.is_empty() {
            let (first, last) = seen.ends();
            let is_in = |value, index| self.buckets.index(value) == index;
            let new_min = self.min < earlier.min && is_in(self.min, first);
            let new_max = self.max > earlier.max && is_in(self.max, last);
            seen.min = if new_min { self.min } else { self.value(first) };
            seen.max = if new_max { self.max } else { self.value(last) };
        }
        seen
    }

    /// The buckets that hold something, from the lowest.
    pub fn buckets(&self) -> impl Iterator<Item = Bucket> + '_ {
        self.filled().map(|(index, count)| Bucket { values: self.buckets.range(index), count })
    }

    /// The buckets that hold something, and their counts.
    fn filled(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        (self.first..).zip(self.counts.iter().copied()).filter(|&(_, n)| n != 0)
    }

    /// The first and the last bucket that hold something, where one does.
    fn ends(&self) -> (usize, usize) {
        (self.first, self.first + self.counts.len() - 1)
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
