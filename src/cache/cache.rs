use std::fmt;
use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;

use super::budget::Budget;
use super::builder::Weigher;
use super::departed::{Departed, Listener};
use super::held::Held;
use super::life::Life;
use super::locks::Locks;
use super::shard::{Context, Shard};
use super::waits::Waits;
use super::{Builder, FACTOR, Policy, Stats};
use crate::primitive::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{CachePadded, thread_slot};
use crate::time::Instant;

/// A map that holds at most `capacity` entries, for many threads, and forgets those that are worth least.
///
/// The capacity counts entries, or weight where there is a [weigher](Builder::weigher), and is never exceeded: what has
/// to go goes before the new entry comes. Entries are divided over shards, each behind its own lock, and all draw on one
/// budget, so that a cache fills to the last entry, and one heavy entry may take what others leave.
/// [What is evicted](super#the-policy), and [what runs under a lock](super#what-runs-where), the module says.
///
/// A hit writes nothing that another thread's hit reads: a line of its own thread, and two bits of the entry while they
/// are not all set. It waits only for a thread that writes to its shard. Writes are O(1), but for the growth of a shard's
/// table, and look at one line for each thread that reads. A value comes out as a clone: make `V` cheap to clone, an `Arc`
/// where it is large.
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
    pub(super) locks: Locks<Shard<K, V>>,
    pub(super) hasher: S,
    pub(super) life: Life<K, V>,
    pub(super) policy: Policy,
    weigher: Option<Box<Weigher<K, V>>>,
    listener: Option<Box<Listener<K, V>>>,
    /// How many times the cache was emptied.
    epoch: AtomicU64,
    /// Whether look-ups need not ask for the time. Once an entry with an end is stored, they have to.
    timeless: AtomicBool,
    /// Of how many of these times all shards know.
    known: AtomicU64,
    /// Padded, both: what follows is written, the fields above are read by all.
    pub(super) budget: CachePadded<Budget>,
    pub(super) waits: CachePadded<Waits<V>>,
    /// Where the next purge goes on.
    pub(super) purge: AtomicU64,
}

/// Where a key belongs: its shard, and what of its hash the shard uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub(super) shard: usize,
    pub(super) hash: u32,
}

/// The parts that options decide.
pub(super) struct Parts<K, V, S> {
    pub(super) capacity: usize,
    pub(super) shards: usize,
    pub(super) slots: usize,
    pub(super) hasher: S,
    pub(super) life: Life<K, V>,
    pub(super) policy: Policy,
    pub(super) weigher: Option<Box<Weigher<K, V>>>,
    pub(super) listener: Option<Box<Listener<K, V>>>,
}

impl<K, V> Cache<K, V> {
    /// A cache for `capacity` entries that live for ever, with the default policy, hasher and number of shards.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero, or above `i64::MAX`.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::builder(capacity).build()
    }

    /// Options for a cache of `capacity` entries; or of that weight, where they include a [weigher](Builder::weigher).
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn builder(capacity: usize) -> Builder<K, V> {
        Builder::new(capacity)
    }
}

impl<K, V, S> Cache<K, V, S> {
    pub(super) fn with_parts(parts: Parts<K, V, S>) -> Self {
        let Parts { capacity, shards, slots, hasher, life, policy, weigher, listener } = parts;
        let timeless = !life.idles();
        Self {
            timeless: AtomicBool::new(timeless),
            locks: Locks::new((0..shards).map(|_| Shard::new(policy)), slots),
            hasher,
            life,
            policy,
            weigher,
            listener,
            epoch: AtomicU64::new(0),
            known: AtomicU64::new(0),
            budget: CachePadded::new(Budget::new(capacity as u64)),
            waits: CachePadded::new(Waits::new()),
            purge: AtomicU64::new(0),
        }
    }

    /// The most entries, or weight, ever held.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.budget.capacity() as usize
    }

    /// How many entries are held, the expired but unnoticed among them. Visits the shards one after the other.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards(|shard| shard.table.len()).sum()
    }

    /// Whether no entry is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards(|shard| shard.table.len()).all(|len| len == 0)
    }

    /// What the entries weigh, all together: their number, where the cache has no [weigher](Builder::weigher).
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.shards(|shard| shard.held).sum()
    }

    /// What the cache has done, and how full it is. Visits the shards one after the other.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let mut stats = Stats { capacity: self.capacity(), ..Stats::default() };
        for slot in self.locks.slots() {
            let (hits, misses) = slot.counts();
            stats.hits += hits;
            stats.misses += misses;
        }
        for index in 0..self.locks.len() {
            self.visit(index, |shard| shard.add_to(&mut stats, self.epoch()));
        }
        stats
    }

    /// How many times the cache was emptied.
    ///
    /// Relaxed: who comes after the call that emptied it reads at least its count, and no more is promised.
    #[inline]
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// All that is in the cache is dead from here on.
    pub(super) fn advance_epoch(&self) {
        // Relaxed: as in `epoch`.
        self.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether shards may hold entries that are dead.
    #[inline]
    pub(super) fn is_behind(&self) -> bool {
        // Relaxed: a hint.
        self.known.load(Ordering::Relaxed) != self.epoch()
    }

    /// All shards know that the cache was emptied so many times.
    pub(super) fn catch_up_with(&self, epoch: u64) {
        // Relaxed: a hint; where two threads do this at once, the older number only has it done again.
        self.known.store(epoch, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn is_timeless(&self) -> bool {
        // Relaxed: a hint, beside which the entry says whether it has an end.
        self.timeless.load(Ordering::Relaxed)
    }

    /// An entry is stored that ends then.
    #[inline]
    pub(super) fn note_end(&self, due: Instant) {
        if due != Instant::MAX && self.is_timeless() {
            self.timeless.store(false, Ordering::Relaxed);
        }
    }

    #[inline]
    pub(super) fn context(&self) -> Context<'_, K, V> {
        Context { life: &self.life, budget: &self.budget, epoch: self.epoch() }
    }

    #[inline]
    pub(super) fn departed(&self) -> Departed<'_, K, V> {
        Departed::new(self.listener.as_deref())
    }

    /// What a pair weighs, by the weigher. A weight of zero counts as one: the number of entries would have no bound.
    pub(super) fn weigh(&self, key: &K, value: &V) -> u32 {
        self.weigher.as_ref().map_or(1, |weigh| weigh(key, value).max(1))
    }

    pub(super) fn is_weighed(&self) -> bool {
        self.weigher.is_some()
    }

    /// Marks the calling thread as inside this cache.
    ///
    /// # Panics
    ///
    /// Where it is inside already: it could wait for itself.
    #[inline]
    pub(super) fn hold(&self) -> Held {
        Held::enter(std::ptr::from_ref(&self.life) as usize)
    }

    /// As [`hold`](Self::hold), where the thread is in no cache at all.
    #[inline]
    pub(super) fn hold_first(&self) -> Option<Held> {
        Held::enter_first(std::ptr::from_ref(&self.life) as usize)
    }

    /// Reads a shard. A thread that finds no free slot goes in as a writer does.
    pub(super) fn visit<R>(&self, index: usize, f: impl FnOnce(&Shard<K, V>) -> R) -> R {
        let _held = self.hold();
        let mut f = Some(f);
        let read = self.locks.read(thread_slot().unwrap_or(0), index, |shard, _| f.take().map(|f| f(shard)));
        match (read.flatten(), f) {
            (Some(result), _) => result,
            (None, Some(f)) => self.locks.write(index, |shard| f(shard)),
            (None, None) => unreachable!("a visit that was made has a result"),
        }
    }

    /// Visits the shards that are up to date, one after the other.
    fn shards<R: Default>(&self, f: impl Fn(&Shard<K, V>) -> R) -> impl Iterator<Item = R> {
        (0..self.locks.len()).map(move |index| {
            self.visit(index, |shard| if shard.epoch == self.epoch() { f(shard) } else { R::default() })
        })
    }

    /// Writes a shard. What `f` puts into `out` is let go once the lock is released.
    #[inline]
    pub(super) fn change<R>(
        &self,
        index: usize,
        out: &mut Departed<'_, K, V>,
        f: impl FnOnce(&mut Shard<K, V>, Context<'_, K, V>, &mut Departed<'_, K, V>) -> R,
    ) -> R {
        let _held = self.hold();
        self.locks.write(index, |shard| {
            let context = self.context();
            shard.catch_up(context, out);
            f(shard, context, out)
        })
    }
}

impl<K, V, S: BuildHasher> Cache<K, V, S> {
    #[inline]
    pub(super) fn spot<Q: Hash + ?Sized>(&self, key: &Q) -> Spot {
        // Folded multiplication (as in wyhash), so that a plain hasher, the identity for one, still spreads.
        let wide = u128::from(self.hasher.hash_one(key)) * u128::from(FACTOR);
        let mixed = (wide >> 64) as u64 ^ wide as u64;
        // The upper half chooses the shard by its share of the range (Lemire, Fast alternative to modulo reduction, 2016);
        // `Builder` makes fewer than 2^32.
        let shard = ((mixed >> 32) * self.locks.len() as u64) >> 32;
        Spot { shard: shard as usize, hash: mixed as u32 }
    }
}

impl<K, V, S> fmt::Debug for Cache<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a lock, so that it can be printed from anywhere.
        f.debug_struct("Cache")
            .field("capacity", &self.capacity())
            .field("policy", &self.policy)
            .field("shards", &self.locks.len())
            .field("life", &self.life)
            .finish_non_exhaustive()
    }
}
