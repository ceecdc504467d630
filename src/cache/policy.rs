/// How a [`Cache`](super::Cache) chooses what goes when it is full: see [the policy](super#the-policy).
///
/// ```
/// use bedplate::cache::{Cache, Policy};
///
/// let cache: Cache<u32, u32> = Cache::builder(2).policy(Policy::Lru).build();
/// cache.insert(1, 10);
/// cache.insert(2, 20);
/// cache.get(&1);
/// cache.insert(3, 30);
/// assert!(cache.contains(&1) && !cache.contains(&2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// Of the class of W-TinyLFU: admits by frequency, so that it tolerates scans and loops, and adapts to recency. The best on
    /// most traces. A hit writes two bits of its entry.
    #[default]
    Adaptive,
    /// Simpler: tolerates scans, not loops, and is weak where what is asked for wanders. A hit writes two bits of its entry.
    S3Fifo,
    /// Exactly the least recently used of its shard, over the crate [`lru`]. Every hit moves its entry, and so takes the
    /// lock of its shard alone: much slower where threads share the cache.
    Lru,
}
