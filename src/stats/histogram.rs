use std::fmt;
use std::sync::OnceLock;

use super::buckets::Buckets;
use super::zeros::zeros;
use super::{HistogramBuilder, HistogramSnapshot};
use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::sync::{Sharded, Writers};

/// The distribution of values that many threads record without sharing a cache line.
///
/// Values are counted in log-linear buckets: with `d` significant digits, what a [`snapshot`](Self::snapshot) tells of
/// a recorded value is within 10<sup>-d</sup> of it, relatively; values below 16, 128, 1024, 16384 (`d` of 1 to 4) are
/// told exactly, and so are the smallest and the largest value. Values above
/// [`max_value`](HistogramBuilder::max_value) are all counted in one last bucket, for which the largest of them stands.
///
/// `record` never waits for a thread that records or reads: it is a few loads and one store in a table that the calling
/// thread alone writes. Which threads have such a table is told at [`Counter`](super::Counter), where cells stand for
/// tables; the others share a few, with one atomic addition each. The first recording of a thread allocates its table,
/// which then stays, and in which the next thread that gets its place goes on. So there are never more tables than a
/// counter has cells, nor than threads that use structures of this crate lived at one moment, however many come and go.
///
/// A table has 8 · S · (log₂(max_value / S) + 1) bytes, where S is 8, 64, 512, 8192 for `d` of 1 to 4: 134 KiB with the
/// default of three digits and one hour in nanoseconds. Where the system provides pages when they are first written, as
/// Linux does, those of buckets never used take no memory. Beside its tables a histogram takes 128 bytes for each that
/// there may be.
///
/// Every sample is counted once; a snapshot taken while others record may lack what is being recorded at that moment,
/// which the next one then has: of two snapshots, [`since`](HistogramSnapshot::since) tells what was recorded between
/// them. Counts wrap around past `u64::MAX`.
///
/// A signal handler that records in the histogram in which the thread it interrupts is just recording may undo one of
/// the two.
///
/// ```
/// use bedplate::stats::Histogram;
///
/// let latency = Histogram::new();
/// std::thread::scope(|s| {
///     for t in 0..4 {
///         let latency = &latency;
///         s.spawn(move || (1..=250).for_each(|i| latency.record(t * 250 + i)));
///     }
/// });
/// let seen = latency.snapshot();
/// assert_eq!((seen.count(), seen.min(), seen.max()), (1_000, 1, 1_000));
/// assert_eq!(seen.percentile(50.0), 500);
/// ```
pub struct Histogram {
    buckets: Buckets,
    tables: Sharded<OnceLock<Table>>,
}

/// What the threads of one shard recorded.
struct Table {
    counts: Box<[AtomicU64]>,
    /// `u64::MAX` and 0 while nothing was recorded.
    min: AtomicU64,
    max: AtomicU64,
}

impl Table {
    #[cold]
    fn new(buckets: Buckets) -> Self {
        Self { counts: zeros(buckets.len()), min: AtomicU64::new(u64::MAX), max: AtomicU64::new(0) }
    }

    /// Counts `value` `n` times.
    #[inline]
    fn record(&self, buckets: Buckets, value: u64, n: u64, writers: Writers) {
        writers.lower(&self.min, value);
        writers.raise(&self.max, value);
        let count = self.counts.get(buckets.place(value)).unwrap_or_else(|| self.last());
        // Release pairs with the Acquire in `add_to`: who sees the count sees a minimum and maximum that cover it.
        writers.add(count, n, Ordering::Release);
    }

    #[cold]
    fn last(&self) -> &AtomicU64 {
        &self.counts[self.counts.len() - 1]
    }

    /// The first and the last bucket in which something may be counted. What was recorded before this is called is in
    /// them.
    fn ends(&self, buckets: Buckets) -> Option<(usize, usize)> {
        // Relaxed: a thread that recorded before stored its extremes before, and an older reading only leaves out what
        // is being recorded now.
        let (min, max) = (self.min.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed));
        // At first, and during the first record, they are the wrong way round.
        (min <= max).then(|| (buckets.index(min), buckets.index(max)))
    }

    /// Adds to `seen` what is in its buckets.
    fn add_to(&self, seen: &mut HistogramSnapshot) {
        // Acquire pairs with the Release in `record`: the counts are read first, then what covers them.
        seen.add_counts(|buckets| self.counts[buckets].iter().map(|count| count.load(Ordering::Acquire)));
        seen.widen(self.min.load(Ordering::Relaxed), self.max.load(Ordering::Relaxed));
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty histogram of three significant digits for values up to one hour in nanoseconds.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// The options to choose from.
    pub fn builder() -> HistogramBuilder {
        HistogramBuilder::default()
    }

    pub(super) fn with_buckets(buckets: Buckets) -> Self {
        let tables = Sharded::new(OnceLock::new);
        if cfg!(any(bedplate_loom, bedplate_shuttle)) {
            // Model checkers do not know std's OnceLock, and what it orders.
            tables.iter().for_each(|table| _ = table.get_or_init(|| Table::new(buckets)));
        }
        Self { buckets, tables }
    }

    /// Counts `value` once.
    #[inline]
    pub fn record(&self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts `value` as often as `n` says.
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if let Some(shard) = self.tables.own()
            && let Some(table) = shard.get()
            && n > 0
        {
            table.record(self.buckets, value, n, Writers::One);
        } else {
            self.record_elsewhere(value, n);
        }
    }

    #[cold]
    fn record_elsewhere(&self, value: u64, n: u64) {
        if n > 0 {
            let (table, writers) = self.tables.find();
            table.get_or_init(|| Table::new(self.buckets)).record(self.buckets, value, n, writers);
        }
    }

    /// What was recorded so far. Reads, in each table, the buckets from that of the smallest value to that of the
    /// largest, and stops nobody.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        let ends = self.tables().filter_map(|table| table.ends(self.buckets));
        let Some((first, last)) = ends.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
            return HistogramSnapshot::empty(self.buckets);
        };
        let mut seen = HistogramSnapshot::zeros(self.buckets, first..last + 1);
        self.tables().for_each(|table| table.add_to(&mut seen));
        seen.settle();
        seen
    }

    fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter_map(OnceLock::get)
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.tables().count();
        f.debug_struct("Histogram").field("buckets", &self.buckets.len()).field("tables", &tables).finish()
    }
}
