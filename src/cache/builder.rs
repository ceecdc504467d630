use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::sync::OnceLock;
use std::time::Duration;

use foldhash::fast::RandomState;

use super::budget::Budget;
use super::cache::Parts;
use super::departed::Listener;
use super::life::Life;
use super::{Cache, Cause, Policy};
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
    life: Life<K, V>,
    policy: Policy,
    weigher: Option<Box<Weigher<K, V>>>,
    listener: Option<Box<Listener<K, V>>>,
    shards: Option<usize>,
    hasher: S,
    entries: PhantomData<fn() -> (K, V)>,
}

/// Says what a pair weighs.
pub(super) type Weigher<K, V> = dyn Fn(&K, &V) -> u32 + Send + Sync;

/// More shards than this are not made: past it two threads meet rarely enough.
const MAX_SHARDS: usize = 1 << 16;

/// Unless told otherwise, a shard is not made for fewer entries than this: the policy knows only its own shard, and of few
/// entries it learns little.
const MIN_PER_SHARD: usize = 768;

/// Shards for each CPU: at 16, two of as many threads as CPUs seldom meet in one.
const SHARDS_PER_CPU: usize = 16;

/// Slots for readers, for each CPU. Threads that are not running rarely stand in one.
const SLOTS_PER_CPU: usize = 2;

impl<K, V> Builder<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Budget::check(capacity);
        Self {
            capacity,
            life: Life { clock: Clock::Coarse, ttl: None, idle: None, refresh: None, by_value: None },
            policy: Policy::default(),
            weigher: None,
            listener: None,
            shards: None,
            hasher: RandomState::default(),
            entries: PhantomData,
        }
    }
}

impl<K, V, S> Builder<K, V, S> {
    /// How long an entry lives where neither its insertion nor [`expire_by`](Self::expire_by) says. Without this, for ever.
    ///
    /// A time past the end of the clock is for ever too; with a `ttl` of zero nothing is stored.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.life.ttl = Some(ttl);
        self
    }

    /// How long an entry lives without being asked for: it goes at the end of its time to live or of this, whichever comes
    /// first. It is counted in steps of 128 ns, and ends up to one early. With zero nothing is found again. Every hit then
    /// reads the clock and writes its entry; a thread that is held up between the two may write a use that is not the last.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// let cache: Cache<u32, u32> =
    ///     Cache::builder(10).time_to_idle(Duration::from_secs(5)).clock(time.clone()).build();
    /// cache.insert(1, 10);
    /// time.advance(Duration::from_secs(4));
    /// assert_eq!(cache.get(&1), Some(10));
    /// time.advance(Duration::from_secs(4));
    /// assert_eq!(cache.get(&1), Some(10));
    /// time.advance(Duration::from_secs(5));
    /// assert_eq!(cache.get(&1), None);
    /// ```
    pub fn time_to_idle(mut self, idle: Duration) -> Self {
        self.life.idle = Some(idle);
        self
    }

    /// How long an entry lives, by its key and value; `None` leaves it to [`ttl`](Self::ttl). A call that says a time to live
    /// itself is not asked about.
    ///
    /// It runs before an insertion without a lock; when a load ends, under the lock of a shard.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// // A token that knows how long it is good for.
    /// let tokens: Cache<&str, (u32, Duration)> =
    ///     Cache::builder(10).expire_by(|_, &(_, life)| Some(life)).clock(time.clone()).build();
    /// tokens.insert("a", (1, Duration::from_secs(1)));
    /// tokens.insert("b", (2, Duration::from_secs(2)));
    /// time.advance(Duration::from_secs(1));
    /// assert!(!tokens.contains("a") && tokens.contains("b"));
    /// ```
    pub fn expire_by(mut self, ttl: impl Fn(&K, &V) -> Option<Duration> + Send + Sync + 'static) -> Self {
        self.life.by_value = Some(Box::new(ttl));
        self
    }

    /// How long before its end an entry is loaded anew: of the calls that may load it, one does, and the others get the
    /// value that is still there. Without this, an entry is loaded once it is gone, and all wait.
    ///
    /// The caller whose loader fails gets the old value too, and [`Stats::failed_loads`](super::Stats::failed_loads) counts
    /// it. Nothing is loaded that nobody asks for, and there is no thread behind it.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let (time, seconds) = (Manual::new(), Duration::from_secs);
    /// let cache: Cache<u32, u32> =
    ///     Cache::builder(10).ttl(seconds(60)).refresh_ahead(seconds(10)).clock(time.clone()).build();
    /// assert_eq!(cache.get_or_insert_with(1, || 100), 100);
    /// time.advance(seconds(49));
    /// assert_eq!(cache.get_or_insert_with(1, || 200), 100);
    /// time.advance(seconds(1));
    /// assert_eq!(cache.get_or_insert_with(1, || 200), 200);
    /// ```
    pub fn refresh_ahead(mut self, ahead: Duration) -> Self {
        self.life.refresh = Some(ahead);
        self
    }

    /// Where times to live are measured. [`Clock::Coarse`] without this, by which an entry may live longer than it
    /// should, by the clock's resolution.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.life.clock = clock.into();
        self
    }

    /// What an entry weighs, where entries are not alike: the capacity is then the weight of all. Without this, each weighs 1.
    ///
    /// All shards draw on one budget: an entry may weigh up to the whole capacity. A weight of zero counts as 1. An entry keeps
    /// the weight it had when it came; where a value changes inside, insert it again.
    ///
    /// It runs before an insertion without a lock; when a load ends, under the lock of a shard.
    pub fn weigher(mut self, weigh: impl Fn(&K, &V) -> u32 + Send + Sync + 'static) -> Self {
        self.weigher = Some(Box::new(weigh));
        self
    }

    /// Hears of every entry that the cache lets go without giving it to a caller, and [why](Cause).
    ///
    /// It runs in the thread whose call made the entry go, after that call has done its work and without a lock; it may use
    /// the cache. Where it panics, it is still told of the others that went with that entry. Entries that are dropped with
    /// the cache it does not hear of.
    pub fn listener(mut self, listener: impl Fn(K, V, Cause) + Send + Sync + 'static) -> Self {
        self.listener = Some(Box::new(listener));
        self
    }

    /// How victims are chosen. [`Policy::default`] without this.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Into how many locks the cache is divided; at most as many as the capacity, and 65,536. Without this, 16 or more for
    /// each CPU, but none for fewer than 768 entries.
    ///
    /// One shard follows the policy exactly; more let more threads write at once. Readers do not meet in any case.
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
    /// against an attacker who can observe timing; take `std::hash::RandomState` where keys come from one. Of the hash, the
    /// cache uses 64 bits to choose a shard and 32 in it.
    pub fn hasher<T: BuildHasher>(self, hasher: T) -> Builder<K, V, T> {
        let Self { capacity, life, policy, weigher, listener, shards, entries, .. } = self;
        Builder { capacity, life, policy, weigher, listener, shards, hasher, entries }
    }

    /// The cache, empty. Memory for entries comes as it fills.
    #[must_use]
    pub fn build(self) -> Cache<K, V, S> {
        let shards = match self.shards {
            Some(shards) => shards.min(MAX_SHARDS).min(self.capacity),
            None => shards_for(self.capacity, cpus() * SHARDS_PER_CPU),
        };
        let Self { capacity, life, policy, weigher, listener, hasher, .. } = self;
        let slots = cpus() * SLOTS_PER_CPU;
        Cache::with_parts(Parts { capacity, shards, slots, hasher, life, policy, weigher, listener })
    }
}

/// How many shards a cache of so many entries has: about `wanted`, so many that each is three quarters of a power of two.
///
/// A hash table has a power of two of places and fills up to seven eighths of them. Filled beyond three quarters, it often has
/// to mark a place that is given up, and to be put in order when it has too many marks; filled to less, it wastes memory.
pub(super) fn shards_for(capacity: usize, wanted: usize) -> usize {
    let per_shard = (capacity / wanted.max(1)).max(MIN_PER_SHARD);
    // The largest three quarters of a power of two that is not above it, so that there are rather more shards than wanted.
    let power = (per_shard / 3 * 4).ilog2();
    let filled = (1_usize << power) / 4 * 3;
    capacity.div_ceil(filled).min(MAX_SHARDS)
}

fn cpus() -> usize {
    // `available_parallelism` reads the cgroup's files, too much for each new cache.
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| std::thread::available_parallelism().map_or(8, usize::from))
}

impl<K, V, S> fmt::Debug for Builder<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .field("life", &self.life)
            .field("policy", &self.policy)
            .field("shards", &self.shards)
            .finish_non_exhaustive()
    }
}
