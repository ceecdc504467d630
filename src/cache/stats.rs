use std::time::Duration;

use super::Cause;

/// What a cache has done since it was made, and how full it is.
///
/// The counts of a [`Cache`](super::Cache) are read one shard after the other: each is exact, but while other threads
/// work they are no single point in time. Hits and misses are counted on a line of the counting thread's own.
///
/// ```
/// use bedplate::cache::Cache;
///
/// let cache: Cache<u32, u32> = Cache::new(10);
/// cache.insert(1, 100);
/// assert_eq!(cache.get(&1), Some(100));
/// assert_eq!(cache.get(&2), None);
/// let stats = cache.stats();
/// assert_eq!((stats.hits, stats.misses, stats.len), (1, 1, 1));
/// assert_eq!(stats.hit_ratio(), Some(0.5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Look-ups that found a live entry.
    pub hits: u64,
    /// Look-ups that found none, or an expired one. A call that then loads, or waits for a load, counts here once.
    pub misses: u64,
    /// Values stored, in a new entry or in the place of an old value.
    pub insertions: u64,
    /// Live entries pushed out to make room. Removed and replaced ones do not count.
    pub evictions: u64,
    /// Entries dropped because their time was over. They are noticed when looked up, when room is needed and when
    /// purged, so this lags behind the clock.
    pub expirations: u64,
    /// Entries dropped by [`retain`](super::Cache::retain) and [`invalidate_all`](super::Cache::invalidate_all), the
    /// latter when their shard is next written.
    pub invalidations: u64,
    /// Pairs that were not stored because alone they are heavier than the whole cache.
    pub refused: u64,
    /// Loaders that returned a value, and functions of [`compute`](super::Cache::compute) that returned.
    pub loads: u64,
    /// Loaders that failed, and both that panicked.
    pub failed_loads: u64,
    /// How long all these ran.
    pub load_time: Duration,
    /// Entries held, including those that are expired and not yet noticed.
    pub len: usize,
    /// What the entries weigh; each 1 where the cache has no weigher.
    pub weight: u64,
    /// The most weight ever held.
    pub capacity: usize,
}

crate::stats::figures!(Stats {
    count: hits, misses, insertions, evictions, expirations, invalidations, refused, loads, failed_loads;
    time: load_time;
    level: len, weight, capacity;
});

impl Stats {
    /// Hits as a share of all look-ups; `None` before the first.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        let lookups = self.hits + self.misses;
        (lookups != 0).then(|| self.hits as f64 / lookups as f64)
    }
}

/// What a shard counts, under its lock.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// Look-ups of those who found no free slot, or whose hits write.
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) expirations: u64,
    pub(super) invalidations: u64,
    pub(super) refused: u64,
    pub(super) loads: u64,
    pub(super) failed_loads: u64,
    pub(super) load_time: Duration,
}

impl Counts {
    #[inline]
    pub(super) fn look_up(&mut self, hit: bool) {
        *if hit { &mut self.hits } else { &mut self.misses } += 1;
    }

    #[inline]
    pub(super) fn departed(&mut self, cause: Cause) {
        match cause {
            Cause::Expired => self.expirations += 1,
            Cause::Invalidated => self.invalidations += 1,
            Cause::TooHeavy => self.refused += 1,
            // Counted by the shard, or not at all.
            Cause::Evicted | Cause::Replaced => {}
        }
    }

    pub(super) fn loaded(&mut self, time: Duration) {
        self.loads += 1;
        self.load_time += time;
    }

    pub(super) fn failed(&mut self, time: Duration) {
        self.failed_loads += 1;
        self.load_time += time;
    }

    pub(super) fn add_to(&self, stats: &mut Stats) {
        stats.hits += self.hits;
        stats.misses += self.misses;
        stats.expirations += self.expirations;
        stats.invalidations += self.invalidations;
        stats.refused += self.refused;
        stats.loads += self.loads;
        stats.failed_loads += self.failed_loads;
        stats.load_time += self.load_time;
    }
}
