use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::Cache;
use crate::time::Clock;

/// Options of a [`Cache`]; made by [`Cache::builder`].
///
/// ```
/// use bedplate::cache::Cache;
/// use bedplate::time::Manual;
/// use std::time::Duration;
///
/// let time = Manual::new();
/// let cache: Cache<&str, u32> =
///     Cache::builder(1_000).ttl(Duration::from_secs(60)).clock(time.clone()).build();
/// cache.insert("session", 7);
/// time.advance(Duration::from_secs(60));
/// assert_eq!(cache.get("session"), None);
/// ```
#[must_use = "options do nothing until `build`"]
pub struct Builder<K, V, S = RandomState> {
    capacity: usize,
    ttl: Option<Duration>,
    clock: Clock,
    shards: Option<usize>,
    hasher: S,
    entries: PhantomData<fn() -> (K, V)>,
}

/// More shards than this are not made: their number is taken from sixteen bits of the hash.
const MAX_SHARDS: usize = 1 << 16;

/// The most entries of a shard: places are `u32`, and one of them means none.
const MAX_PER_SHARD: usize = (u32::MAX - 1) as usize;

/// Unless told otherwise, a shard is not made smaller than this. Keys spread over shards by chance, and at 1,024
/// entries the spread is 3 % of a shard; below, small shards would evict long before the cache is full.
const MIN_PER_SHARD: usize = 1_024;

/// Shards for each CPU: at 16, two of as many threads as CPUs seldom meet in one.
const SHARDS_PER_CPU: usize = 16;

impl<K, V> Builder<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity != 0, "a cache of capacity 0");
        assert!(capacity.div_ceil(MAX_SHARDS) <= MAX_PER_SHARD, "a cache of capacity {capacity} has no room to count");
        Self {
            capacity,
            ttl: None,
            clock: Clock::Coarse,
            shards: None,
            hasher: RandomState::default(),
            entries: PhantomData,
        }
    }
}

impl<K, V, S> Builder<K, V, S> {
    /// How long an entry lives where its insertion does not say. Without this, for ever.
    ///
    /// A time past the end of the clock is for ever too; with a `ttl` of zero nothing is stored.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Where times to live are measured. [`Clock::Coarse`] without this, by which an entry may live longer than it
    /// should, by the clock's resolution.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Into how many locks the cache is divided. Rounded up to a power of two, then cut to the capacity and to 65,536.
    /// Without this, 16 for each CPU, but none smaller than 1,024 entries.
    ///
    /// One shard follows the policy exactly, and fills to the last entry; more let more threads in at once.
    ///
    /// # Panics
    ///
    /// Where `shards` is zero.
    pub fn shards(mut self, shards: usize) -> Self {
        assert!(shards != 0, "a cache of 0 shards");
        self.shards = Some(shards);
        self
    }

    /// With what keys are hashed. [`foldhash::fast::RandomState`] without this: fast, seeded for each cache, and weak
    /// against an attacker who can observe timing; take `std::hash::RandomState` where keys come from one.
    pub fn hasher<T: BuildHasher>(self, hasher: T) -> Builder<K, V, T> {
        let Self { capacity, ttl, clock, shards, entries, .. } = self;
        Builder { capacity, ttl, clock, shards, hasher, entries }
    }

    /// The cache, empty. Memory for entries comes as it fills.
    #[must_use]
    pub fn build(self) -> Cache<K, V, S> {
        let wanted = match self.shards {
            Some(shards) => shards.min(MAX_SHARDS).next_power_of_two(),
            None => default_shards().min(floor_power_of_two((self.capacity / MIN_PER_SHARD).max(1))),
        };
        let needed = self.capacity.div_ceil(MAX_PER_SHARD).next_power_of_two();
        let shards = wanted.min(floor_power_of_two(self.capacity)).max(needed);
        Cache::with_parts(self.capacity, shards, self.ttl, self.clock, self.hasher)
    }
}

impl<K, V, S> fmt::Debug for Builder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .field("ttl", &self.ttl)
            .field("clock", &self.clock)
            .field("shards", &self.shards)
            .finish_non_exhaustive()
    }
}

fn default_shards() -> usize {
    // `available_parallelism` reads the cgroup's files, too much for each new cache.
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        let cpus = std::thread::available_parallelism().map_or(8, usize::from);
        (cpus * SHARDS_PER_CPU).next_power_of_two().min(MAX_SHARDS)
    })
}

/// The largest power of two that is not above `n`, for `n` above zero.
fn floor_power_of_two(n: usize) -> usize {
    1 << n.ilog2()
}
