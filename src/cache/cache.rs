use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use foldhash::fast::RandomState;

use super::ghost::mix;
use super::held::Held;
use super::shard::Shard;
use super::waits::Waits;
use super::{Builder, Equivalent, Stats};
use crate::primitive::{Mutex, MutexGuard};
use crate::sync::CachePadded;
use crate::time::{Clock, Deadline};

/// A map that holds at most `capacity` entries, for many threads, and forgets those that are worth least.
///
/// `len() <= capacity` holds at any time: the victim goes before the new entry comes. Entries are divided over shards,
/// each behind its own lock with an exact share of the capacity, and a shard that is full evicts though others may have
/// room. [What is evicted](super#the-policy), and [what runs under a lock](super#what-runs-where), the module says.
///
/// A look-up or an insertion is O(1), and O(log n) where entries have a time to live. It locks one shard, and waits only
/// for threads that are in it. A value comes out as a clone: make `V` cheap to clone, an `Arc` where it is large.
///
/// ```
/// use bedplate::cache::Cache;
///
/// let cache: Cache<String, u64> = Cache::new(10_000);
/// assert_eq!(cache.insert("a".to_owned(), 1), None);
/// assert_eq!(cache.insert("a".to_owned(), 2), Some(1));
/// assert_eq!(cache.get("a"), Some(2)); // looked up by &str
/// assert_eq!(cache.get_or_insert_with("b".to_owned(), || 3), 3);
/// assert_eq!(cache.remove("a"), Some(2));
/// assert_eq!(cache.len(), 1);
/// ```
pub struct Cache<K, V, S = RandomState> {
    /// A power of two of them.
    shards: Box<[Lock<K, V>]>,
    hasher: S,
    pub(super) ttl: Option<Duration>,
    pub(super) clock: Clock,
    capacity: usize,
    /// Padded: it is written by threads that wait, the fields above are read by all.
    pub(super) waits: CachePadded<Waits<V>>,
}

type Lock<K, V> = CachePadded<Mutex<Shard<K, V>>>;

/// How many expired entries a purge takes out before it lets others into the shard.
const PURGE_AT_ONCE: usize = 128;

impl<K, V> Cache<K, V> {
    /// A cache for `capacity` entries that live for ever, with the default hasher and number of shards.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero, or on a 64-bit machine above 2^48 less 2^17.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::builder(capacity).build()
    }

    /// Options for a cache of `capacity` entries.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn builder(capacity: usize) -> Builder<K, V> {
        Builder::new(capacity)
    }
}

impl<K, V, S> Cache<K, V, S> {
    pub(super) fn with_parts(capacity: usize, shards: usize, ttl: Option<Duration>, clock: Clock, hasher: S) -> Self {
        let (share, rest) = (capacity / shards, capacity % shards);
        let shards = (0..shards).map(|i| CachePadded::new(Mutex::new(Shard::new(share + usize::from(i < rest)))));
        let shards = shards.collect();
        Self { shards, hasher, ttl, clock, capacity, waits: CachePadded::new(Waits::new()) }
    }

    /// The most entries ever held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many entries are held, the expired but unnoticed among them. Locks the shards one after the other.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards().map(|shard| shard.len()).sum()
    }

    /// Whether no entry is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards().all(|shard| shard.len() == 0)
    }

    /// What the cache has done, and how full it is. Locks the shards one after the other.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = Stats { capacity: self.capacity, ..Stats::default() };
        self.shards().for_each(|shard| shard.add_to(&mut stats));
        stats
    }

    /// Drops every entry, and forgets what was evicted lately.
    ///
    /// On return, what was stored before the call is gone, and a load that was under way stores nothing (its callers
    /// still get its value). Shards are emptied one after the other: what other threads store meanwhile may stay.
    pub fn invalidate_all(&self) {
        for index in 0..self.shards.len() {
            let (entries, flights) = self.lock_at(index).clear();
            // All, before anything of the caller's is dropped.
            flights.iter().for_each(super::flights::Flight::close);
            drop((flights, entries));
        }
    }

    /// Drops the entries whose time is over; says how many. O(log n) for each, a lock for up to 128 at a time.
    ///
    /// There is no need to call this: expired entries are never returned, and go first when room is needed. It frees
    /// their memory before that.
    pub fn purge_expired(&self) -> usize {
        let mut purged = 0;
        for index in 0..self.shards.len() {
            loop {
                let expired = self.lock_at(index).purge(&self.clock, PURGE_AT_ONCE);
                purged += expired.len();
                if expired.len() < PURGE_AT_ONCE {
                    break;
                }
            }
        }
        purged
    }

    /// Until when an entry lives that comes now, or `None` where it is dead on arrival.
    pub(super) fn due(&self, ttl: Option<Duration>) -> Option<Deadline> {
        match ttl {
            None => Some(Deadline::NEVER),
            Some(Duration::ZERO) => None,
            Some(ttl) => Some(Deadline::after(&self.clock, ttl)),
        }
    }

    /// Locks the shard of `hash`.
    #[inline]
    pub(super) fn lock(&self, hash: u64) -> Locked<'_, K, V> {
        // The top sixteen bits: `Builder` makes no more shards.
        self.lock_at((mix(hash) >> 48) as usize & (self.shards.len() - 1))
    }

    #[inline]
    fn lock_at(&self, index: usize) -> Locked<'_, K, V> {
        let held = Held::enter(self.shards.as_ptr() as usize);
        Locked { shard: self.shards[index].lock(), _held: held }
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = Locked<'_, K, V>> {
        (0..self.shards.len()).map(|index| self.lock_at(index))
    }
}

impl<K, V, S: BuildHasher> Cache<K, V, S> {
    #[inline]
    pub(super) fn hash<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The value of `key`, cloned, where there is a live one.
    ///
    /// The key may come in any form that is [`Equivalent`] and hashes the same, as `&str` for `String`.
    ///
    /// # Panics
    ///
    /// Where it is called from inside `Eq`, `Clone` or a [`get_with`](Self::get_with) closure of the same cache, as every
    /// other method.
    #[inline]
    pub fn get<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
        V: Clone,
    {
        self.get_with(key, V::clone)
    }

    /// What `read` makes of the value of `key`, where there is a live one: for values that are dear to clone.
    ///
    /// `read` runs under the lock of a shard. Other threads wait for it, and it must not use this cache.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    ///
    /// let cache: Cache<u32, Vec<u8>> = Cache::new(10);
    /// cache.insert(1, vec![0; 4096]);
    /// assert_eq!(cache.get_with(&1, Vec::len), Some(4096));
    /// ```
    ///
    /// # Panics
    ///
    /// Where `read` uses this cache: the panic comes from that use, and the cache stays whole.
    #[inline]
    pub fn get_with<Q, R>(&self, key: &Q, read: impl FnOnce(&V) -> R) -> Option<R>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        // Declared before the lock, so dropped after it; the same below.
        let mut expired = None;
        let mut shard = self.lock(hash);
        shard.look_up(hash, key, &self.clock, &mut expired).map(read)
    }

    /// Whether there is a live entry for `key`. Counts as no look-up, and does not keep the entry from eviction.
    pub fn contains<Q>(&self, key: &Q) -> bool
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        self.lock(hash).peek(hash, key, &self.clock).is_some()
    }

    /// Takes the entry of `key` out and returns its value, unless it has expired.
    ///
    /// A load of `key` that is under way will store nothing; its callers still get its value.
    pub fn remove<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Hash + Equivalent<K> + ?Sized,
    {
        let hash = self.hash(key);
        let (orphan, removed, live);
        {
            let mut shard = self.lock(hash);
            // Both run `Eq`, before anything changes.
            let (found, flight) = (shard.find(hash, key), shard.flights.find(hash, key));
            live = found.is_some_and(|at| !shard.expiry.is_due(at, &self.clock));
            removed = found.map(|at| if live { shard.take(at) } else { shard.expire(at) });
            orphan = shard.flights.cancel(flight);
        }
        if let Some(flight) = &orphan {
            flight.close();
        }
        removed.filter(|_| live).map(|(_, value)| value)
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Cache<K, V, S> {
    /// Stores `value` for `key`, for as long as [`Builder::ttl`] says, and returns the live value it replaces.
    ///
    /// Where the shard is full, one entry is dropped first: an expired one, else [by policy](super#the-policy). Where
    /// `key` was there, the old key stays and the new one is dropped. A load of `key` that is under way will not store
    /// over `value`.
    pub fn insert(&self, key: K, value: V) -> Option<V> {
        self.insert_until(key, value, self.due(self.ttl))
    }

    /// [`insert`](Self::insert) with a time to live of its own. With [`Duration::MAX`] the entry never expires; with
    /// zero nothing is stored, and what was there goes.
    ///
    /// ```
    /// use bedplate::cache::Cache;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// let cache: Cache<&str, u32> = Cache::builder(10).clock(time.clone()).build();
    /// cache.insert_with_ttl("lease", 1, Duration::from_secs(5));
    /// time.advance(Duration::from_nanos(4_999_999_999));
    /// assert_eq!(cache.get("lease"), Some(1));
    /// time.advance(Duration::from_nanos(1));
    /// assert_eq!(cache.get("lease"), None);
    /// ```
    pub fn insert_with_ttl(&self, key: K, value: V, ttl: Duration) -> Option<V> {
        self.insert_until(key, value, self.due(Some(ttl)))
    }

    fn insert_until(&self, key: K, value: V, due: Option<Deadline>) -> Option<V> {
        let Some(due) = due else { return self.remove(&key) };
        let hash = self.hash(&key);
        let (orphan, displaced);
        {
            let mut shard = self.lock(hash);
            let (found, flight) = (shard.find(hash, &key), shard.flights.find(hash, &key));
            orphan = shard.flights.cancel(flight);
            displaced = shard.store(found, hash, key, value, due, &self.clock);
        }
        if let Some(flight) = &orphan {
            flight.close();
        }
        displaced.old
    }
}

impl<K, V, S> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a lock, so that it can be printed from anywhere.
        f.debug_struct("Cache")
            .field("capacity", &self.capacity)
            .field("shards", &self.shards.len())
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// A locked shard.
pub(super) struct Locked<'a, K, V> {
    // Dropped in this order.
    shard: MutexGuard<'a, Shard<K, V>>,
    _held: Held,
}

impl<K, V> Deref for Locked<'_, K, V> {
    type Target = Shard<K, V>;

    #[inline]
    fn deref(&self) -> &Shard<K, V> {
        &self.shard
    }
}

impl<K, V> DerefMut for Locked<'_, K, V> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Shard<K, V> {
        &mut self.shard
    }
}
