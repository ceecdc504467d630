/// What a cache has done since it was made, and how full it is.
///
/// The counts of a [`Cache`](super::Cache) are read one shard after the other: each is exact, but while other threads
/// work they are no single point in time.
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
    /// Loaders that returned a value.
    pub loads: u64,
    /// Entries held, including those that are expired and not yet noticed.
    pub len: usize,
    /// The most entries ever held.
    pub capacity: usize,
}

impl Stats {
    /// Hits as a share of all look-ups; `None` before the first.
    #[must_use]
    pub fn hit_ratio(&self) -> Option<f64> {
        let lookups = self.hits + self.misses;
        (lookups != 0).then(|| self.hits as f64 / lookups as f64)
    }
}
