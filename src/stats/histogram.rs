use std::fmt;
use std::sync::OnceLock;

use super::buckets::Buckets;
use super::{HistogramBuilder, HistogramSnapshot};
use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::sync::Sharded;

/// The distribution of values that many threads record without sharing a cache line.
///
/// Values are counted in log-linear buckets: with `d` significant digits, what a [`snapshot`](Self::snapshot) tells of
/// a recorded value is within 10<sup>-d</sup> of it, relatively; values below 16, 128, 1024, 16384 (`d` of 1 to 4) are
/// told exactly, and so are the smallest and the largest value. Values above
/// [`max_value`](HistogramBuilder::max_value) are all counted in one last bucket, for which the largest of them stands.
///
/// `record` never blocks: it is one atomic addition and two loads in the calling thread's own table. The first
/// recording of a thread allocates that table, which then stays; threads that take turns reuse each other's, so there
/// are at most as many as CPUs, rounded up to a power of two (64 at the most). A table has
/// 8 · S · (log₂(max_value / S) + 1) bytes, where S is 8, 64, 512, 8192 for `d` of 1 to 4: 134 KiB with the default of
/// three digits and one hour in nanoseconds.
///
/// Every sample is counted once; a snapshot taken while others record may lack what is being recorded at that moment.
/// Counts wrap around past `u64::MAX`.
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
    min: AtomicU64,
    max: AtomicU64,
}

impl Table {
    #[cold]
    fn new(buckets: Buckets) -> Self {
        Self {
            counts: (0..buckets.len()).map(|_| AtomicU64::new(0)).collect(),
            min: AtomicU64::new(u64::MAX),
            max: AtomicU64::new(0),
        }
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
        Self { buckets, tables: Sharded::new(OnceLock::new) }
    }

    /// Counts `value` once.
    #[inline]
    pub fn record(&self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts `value` as often as `n` says.
    #[inline]
    pub fn record_n(&self, value: u64, n: u64) {
        if n == 0 {
            return;
        }
        let table = self.tables.local().get_or_init(|| Table::new(self.buckets));
        // Relaxed: made visible by the Release below. The loads spare two read-modify-writes at nearly every sample.
        if value < table.min.load(Ordering::Relaxed) {
            table.min.fetch_min(value, Ordering::Relaxed);
        }
        if value > table.max.load(Ordering::Relaxed) {
            table.max.fetch_max(value, Ordering::Relaxed);
        }
        // Release pairs with the Acquire in `snapshot`: who sees the count sees a minimum and maximum that cover it.
        table.counts[self.buckets.index(value)].fetch_add(n, Ordering::Release);
    }

    /// What was recorded so far. Reads every bucket of every table, and blocks nobody.
    #[must_use]
    pub fn snapshot(&self) -> HistogramSnapshot {
        let mut seen = HistogramSnapshot::empty(self.buckets);
        for table in self.tables.iter().filter_map(OnceLock::get) {
            // Acquire pairs with the Release in `record_n`: read the counts first, then what covers them.
            let counts = table.counts.iter().map(|count| count.load(Ordering::Acquire));
            seen.add_counts(counts);
            seen.widen(table.min.load(Ordering::Relaxed), table.max.load(Ordering::Relaxed));
        }
        seen
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.tables.iter().filter(|table| table.get().is_some()).count();
        f.debug_struct("Histogram").field("buckets", &self.buckets.len()).field("tables", &tables).finish()
    }
}
