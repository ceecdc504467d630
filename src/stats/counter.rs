use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::sync::Sharded;

/// A count that many threads add to without sharing a cache line.
///
/// `add` is one uncontended atomic addition on the calling thread's shard; `get` sums the shards, and so sees every
/// addition that happened before it, but is no single point in time while others add. Wraps around past `u64::MAX`.
///
/// ```
/// use bedplate::stats::Counter;
///
/// let hits = Counter::new();
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| (0..1_000).for_each(|_| hits.add(1)));
///     }
/// });
/// assert_eq!(hits.get(), 4_000);
/// ```
#[derive(Debug)]
pub struct Counter {
    shards: Sharded<AtomicU64>,
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl Counter {
    /// A counter at zero.
    #[must_use]
    pub fn new() -> Self {
        Self { shards: Sharded::new(|| AtomicU64::new(0)) }
    }

    /// Adds `n`.
    #[inline]
    pub fn add(&self, n: u64) {
        // Relaxed: the count orders nothing.
        self.shards.local().fetch_add(n, Ordering::Relaxed);
    }

    /// The sum of all additions.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.shards.iter().fold(0, |sum, shard| sum.wrapping_add(shard.load(Ordering::Relaxed)))
    }
}
