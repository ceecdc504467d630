use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;

use super::carried::{AsCarried, Carried};
use super::counts::Counts;
use super::limits::{Limits, Terms};
use super::lookup::Asked;
use super::shared::Shared;
use crate::time::{Clock, Instant};

/// A map of which entries may expire, or are bounded by weight.
///
/// Its keys carry their hash, and the store runs no code of the caller's but `Eq` in a look-up, before it changes
/// anything. So no panic leaves it torn.
pub(super) struct Limited<K, V, S> {
    pub(super) store: LruCache<Carried<K>, V, AsCarried>,
    pub(super) limits: Limits<K, V>,
    pub(super) hasher: Shared<S>,
    pub(super) clock: Clock,
    pub(super) counts: Counts,
    /// What was loaded last and could not be stored: the reference to it has to point somewhere.
    pub(super) aside: Option<V>,
}

/// Entries that have left the store, to be dropped when the operation is done.
pub(super) type Gone<K, V> = Vec<(Carried<K>, V)>;

impl<K, V, S> Limited<K, V, S> {
    pub(super) fn new(capacity: NonZeroUsize, limits: Limits<K, V>, hasher: Shared<S>, clock: Clock) -> Self {
        // `LruCache::with_hasher` would take the memory of a full one at once.
        let mut store = LruCache::unbounded_with_hasher(AsCarried);
        store.resize(capacity);
        Self { store, limits, hasher, clock, counts: Counts::default(), aside: None }
    }

    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let now = self.now(None);
        let alive = move |slot| !self.limits.is_due_at(slot, now);
        let entries = self.store.iter().filter(move |(carried, _)| alive(carried.tag.slot));
        entries.map(|(carried, value)| (&carried.key, value))
    }

    pub(super) fn pop(&mut self) -> Option<(K, V)> {
        let mut expired = Gone::new();
        let popped = loop {
            let Some((carried, value)) = self.store.pop_lru() else { break None };
            let due = self.limits.is_due(carried.tag.slot, &self.clock);
            self.leave(carried.tag.slot, due);
            if !due {
                break Some((carried.key, value));
            }
            expired.push((carried, value));
        };
        drop(expired);
        popped
    }

    pub(super) fn take_expired(&mut self) -> Gone<K, V> {
        let now = self.now(None);
        let mut expired = Gone::new();
        while let Some(entry) = self.pop_due(now) {
            expired.push(entry);
        }
        expired
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let mut gone = self.take_expired();
        let kept: Vec<bool> = self.store.iter_mut().map(|(carried, value)| keep(&carried.key, value)).collect();
        if kept.iter().all(|&kept| kept) {
            return;
        }
        // `LruCache::retain` drops in place, and does not tell which slots are free. This turns the list once round.
        for kept in kept.into_iter().rev() {
            let (carried, value) = self.store.pop_lru().expect("as many as were asked about");
            if kept {
                self.store.push(carried, value);
            } else {
                self.leave(carried.tag.slot, false);
                self.counts.invalidations += 1;
                gone.push((carried, value));
            }
        }
    }

    pub(super) fn clear(&mut self) {
        self.counts.invalidations += self.store.len() as u64;
        let mut gone = Gone::with_capacity(self.store.len());
        while let Some(entry) = self.store.pop_lru() {
            gone.push(entry);
        }
        self.limits.slots.clear();
        self.limits.weight = 0;
        let aside = self.aside.take();
        drop((gone, aside));
    }

    pub(super) fn resize(&mut self, capacity: NonZeroUsize) {
        let now = self.now(None);
        let _gone = self.make_room(capacity.get(), u64::MAX, now);
        self.store.resize(capacity);
    }

    pub(super) fn resize_weight(&mut self, max_weight: u64) {
        self.limits.max_weight = max_weight;
        let now = self.now(None);
        drop(self.make_room(usize::MAX, max_weight, now));
    }

    /// Takes entries out until there are no more than `len`, of no more than `weight`: the expired first, then from the
    /// least recently used on. Returns those that were pushed out, and then the expired.
    pub(super) fn make_room(&mut self, len: usize, weight: u64, now: Instant) -> [Gone<K, V>; 2] {
        let (mut evicted, mut expired) = (Gone::new(), Gone::new());
        while self.store.len() > len || self.limits.weight > weight {
            if let Some(entry) = self.pop_due(now) {
                expired.push(entry);
                continue;
            }
            let entry = self.store.pop_lru().expect("an empty map has room");
            self.leave(entry.0.tag.slot, false);
            self.counts.evictions += 1;
            evicted.push(entry);
        }
        [evicted, expired]
    }

    /// The time, where an entry that lives for `ttl`, or one that is there, comes to an end.
    pub(super) fn now(&self, ttl: Option<Duration>) -> Instant {
        self.limits.now(ttl, &self.clock)
    }

    /// Takes out the most recently used entry, which is expired.
    #[cold]
    pub(super) fn pop_expired_mru(&mut self) -> Option<(Carried<K>, V)> {
        let entry = self.store.pop_mru()?;
        self.leave(entry.0.tag.slot, true);
        Some(entry)
    }

    /// Takes out the entry that ends first, where it has done so by `now`.
    fn pop_due(&mut self, now: Instant) -> Option<(Carried<K>, V)> {
        let tag = self.limits.slots.first_due(now)?;
        let entry = self.store.pop_entry(&tag).expect("an entry for each slot that ends");
        self.leave(tag.slot, true);
        Some(entry)
    }

    /// Notes that the entry of `slot` has left the store.
    fn leave(&mut self, slot: u32, expired: bool) {
        self.counts.expirations += u64::from(expired);
        self.limits.leave(slot);
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Limited<K, V, S> {
    pub(super) fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let asked = Asked::new(&self.hasher, key);
        if self.touch(&asked) { self.store.iter_mut().next().map(|(_, value)| value) } else { None }
    }

    pub(super) fn peek<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let asked = Asked::new(&self.hasher, key);
        let value = self.store.peek(asked.lookup())?;
        (!self.limits.is_due(asked.slot(), &self.clock)).then_some(value)
    }

    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let asked = Asked::new(&self.hasher, key);
        let (Carried { tag, key }, value) = self.store.pop_entry(asked.lookup())?;
        let due = self.limits.is_due(tag.slot, &self.clock);
        self.leave(tag.slot, due);
        drop(key);
        (!due).then_some(value)
    }

    /// Whether `asked` finds a live entry, which then is the most recently used. An expired one is dropped.
    pub(super) fn touch<Q: Eq + ?Sized>(&mut self, asked: &Asked<'_, Q>) -> bool
    where
        K: Borrow<Q>,
    {
        if !self.store.promote(asked.lookup()) {
            self.counts.misses += 1;
            return false;
        }
        if self.limits.touch(asked.slot(), &self.clock) {
            self.counts.hits += 1;
            return true;
        }
        self.counts.misses += 1;
        drop(self.pop_expired_mru());
        false
    }

    /// Stores an entry of a map without limits, which is not there yet, as the most recently used.
    pub(super) fn adopt(&mut self, hash: u32, key: K, value: V) {
        let tag = self.limits.enter(hash, Terms { weight: 0, ttl: None, now: Instant::default() });
        self.store.push(Carried { tag, key }, value);
    }
}
