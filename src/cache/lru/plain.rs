use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;

use lru::LruCache;

use super::counts::Counts;
use super::limited::Limited;
use super::limits::Limits;
use super::lookup::Asked;
use super::shared::Shared;
use crate::time::Clock;

/// A map of which no entry expires and none weighs. Its entries carry nothing beside key and value: with eight bytes more,
/// twice as many of those from `u64` to `u64` lie across two cache lines.
pub(super) struct Plain<K, V, S> {
    pub(super) store: LruCache<K, V, Shared<S>>,
    /// The store's, which does not give it out.
    pub(super) hasher: Shared<S>,
    pub(super) counts: Counts,
}

impl<K: Hash + Eq, V, S: BuildHasher> Plain<K, V, S> {
    pub(super) fn new(capacity: NonZeroUsize, hasher: Shared<S>) -> Self {
        Self { store: store(capacity, &hasher), hasher, counts: Counts::default() }
    }

    #[inline]
    pub(super) fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let value = self.store.get_mut(key);
        match &value {
            Some(_) => self.counts.hits += 1,
            None => self.counts.misses += 1,
        }
        value
    }

    #[inline(always)] // Into `Lru::insert`, which is not.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        if let Some(held) = self.store.get_mut(&key) {
            self.counts.insertions += 1;
            return Some((key, std::mem::replace(held, value)));
        }
        self.push(key, value)
    }

    /// Stores a key that is not there; returns the entry that had to go.
    #[inline(always)] // As `insert`.
    fn push(&mut self, key: K, value: V) -> Option<(K, V)> {
        if self.store.is_empty() {
            // An empty table was not asked: a `Hash` that panics does so here, where nothing has changed.
            let _ = self.hasher.hash_one(&key);
        }
        let full = self.store.len() == self.store.cap().get();
        self.counts.insertions += 1;
        self.counts.evictions += u64::from(full);
        let expected = self.store.len() + usize::from(!full);
        let guard = EmptyIfTorn { plain: self, expected };
        // The last expression, so that the pair is written where the caller wants it. To look at it here is to copy it, in
        // other pieces than it was written in, which waits for all stores before it.
        guard.plain.store.push(key, value)
    }

    #[cold]
    #[inline(never)]
    fn empty(&mut self) {
        self.store = store(self.store.cap(), &self.hasher);
    }

    pub(super) fn get_or_try_insert_with<E>(&mut self, key: K, load: impl FnOnce() -> Result<V, E>) -> Result<&V, E> {
        if self.store.promote(&key) {
            self.counts.hits += 1;
        } else {
            self.counts.misses += 1;
            // Until it has returned: so one that panics counts too.
            self.counts.failed_loads += 1;
            let value = match load() {
                Ok(value) => value,
                Err(error) => {
                    drop(key);
                    return Err(error);
                }
            };
            self.counts.failed_loads -= 1;
            self.counts.loads += 1;
            drop(self.push(key, value));
        }
        let (_, value) = self.store.peek_mru().expect("the entry just promoted or pushed");
        Ok(value)
    }

    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        // Not `pop`, which loses the value where dropping the key panics. And by name, before the value is returned: one that
        // is on its way out as a local's `Drop` panics is lost (rust-lang/rust#47949).
        let (key, value) = self.store.pop_entry(key)?;
        drop(key);
        Some(value)
    }

    /// All that is there, as a map whose entries may expire. Where a `Hash` or `Eq` panics that has answered before,
    /// what was taken until then is dropped, and the rest stays.
    #[cold]
    pub(super) fn take(&mut self, clock: Clock) -> Limited<K, V, S> {
        let mut limited = Limited::new(self.store.cap(), Limits::new(), self.hasher.clone(), clock);
        limited.counts = self.counts;
        while let Some((key, _)) = self.store.peek_lru() {
            let hash = Asked::new(&self.hasher, key).hash();
            let (key, value) = self.store.pop_lru().expect("the entry just seen");
            limited.adopt(hash, key, value);
        }
        limited
    }

    pub(super) fn retain(&mut self, keep: impl FnMut(&K, &mut V) -> bool) {
        let before = self.store.len();
        self.store.retain(keep);
        self.counts.invalidations += (before - self.store.len()) as u64;
    }

    pub(super) fn clear(&mut self) {
        self.counts.invalidations += self.store.len() as u64;
        let empty = store(self.store.cap(), &self.hasher);
        let mut store = std::mem::replace(&mut self.store, empty);
        // Its own `Drop` loses the rest where one panics; a list of them does not.
        let mut gone = Vec::with_capacity(store.len());
        while let Some(entry) = store.pop_lru() {
            gone.push(entry);
        }
    }

    pub(super) fn resize(&mut self, capacity: NonZeroUsize) {
        let mut gone = Vec::new();
        while self.store.len() > capacity.get() {
            gone.extend(self.store.pop_lru());
            self.counts.evictions += 1;
        }
        self.store.resize(capacity);
    }
}

fn store<K: Hash + Eq, V, S: BuildHasher>(capacity: NonZeroUsize, hasher: &Shared<S>) -> LruCache<K, V, Shared<S>> {
    // `LruCache::with_hasher` would take the memory of a full one at once.
    let mut store = LruCache::unbounded_with_hasher(hasher.clone());
    store.resize(capacity);
    store
}

/// The store links a new entry before it gives it a place in its table, where it runs `Hash` and `Eq`: a panic between
/// leaves it torn, with an entry less in the table than there should be.
struct EmptyIfTorn<'a, K: Hash + Eq, V, S: BuildHasher> {
    plain: &'a mut Plain<K, V, S>,
    expected: usize,
}

impl<K: Hash + Eq, V, S: BuildHasher> Drop for EmptyIfTorn<'_, K, V, S> {
    #[inline(always)] // So that the guard is in registers: each store counts here.
    fn drop(&mut self) {
        if self.plain.store.len() != self.expected {
            self.plain.empty();
        }
    }
}
