use std::borrow::Borrow;
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;
use std::sync::Arc;

use foldhash::fast::RandomState;
use lru::LruCache;

use super::Stats;

/// A map that holds at most `capacity` entries and forgets exactly the one that was used least recently.
///
/// For one thread, or behind a lock: every hit moves its entry, so every use needs `&mut`. The store is the crate
/// [`lru`]; this adds counts, insertions that give back what had to go, and an answer to panics. All operations are O(1)
/// but [`iter`](Self::iter). Memory comes as it fills.
///
/// After a panic in a `Hash`, `Eq`, `Drop` or loader of the caller's, the map is as it was, or the operation is done. Only a
/// `Hash` or `Eq` that panics when a new key is linked in, after it has answered for the look-up before, empties it.
///
/// ```
/// use bedplate::cache::Lru;
///
/// let mut lru = Lru::new(2);
/// lru.insert("a", 1);
/// lru.insert("b", 2);
/// assert_eq!(lru.get("a"), Some(&1));
/// assert_eq!(lru.insert("c", 3), Some(("b", 2))); // the least recently used
/// assert!(lru.iter().map(|(&key, _)| key).eq(["c", "a"]));
/// ```
pub struct Lru<K, V, S = RandomState> {
    store: LruCache<K, V, Shared<S>>,
    /// The store's, which does not give it out.
    hasher: Shared<S>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    hits: u64,
    misses: u64,
    insertions: u64,
    evictions: u64,
    loads: u64,
}

impl<K: Hash + Eq, V> Lru<K, V> {
    /// A map for `capacity` entries.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::with_hasher(capacity, RandomState::default())
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> Lru<K, V, S> {
    /// A map for `capacity` entries that hashes keys with `hasher`.
    ///
    /// # Panics
    ///
    /// Where `capacity` is zero.
    #[must_use]
    pub fn with_hasher(capacity: usize, hasher: S) -> Self {
        let capacity = NonZeroUsize::new(capacity).expect("an Lru of capacity 0");
        let hasher = Shared(Arc::new(hasher));
        Self { store: store(capacity, &hasher), hasher, counts: Counts::default() }
    }

    /// The value of `key`, which becomes the most recently used.
    pub fn get<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.get_mut(key).map(|value| &*value)
    }

    /// The value of `key`, to change in place; it becomes the most recently used.
    pub fn get_mut<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
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

    /// The value of `key`. The order stays as it is, and the counts too.
    #[must_use]
    pub fn peek<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.store.peek(key)
    }

    /// Whether `key` is there. The order stays as it is, and the counts too.
    #[must_use]
    pub fn contains<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.peek(key).is_some()
    }

    /// Stores `value` for `key` as the most recently used, and returns the pair that had to go for it.
    ///
    /// That is, where `key` was there, the `key` passed in and the old value (the map keeps the key it had, and nothing
    /// else goes); where it was not and the map is full, the least recently used entry; else `None`.
    pub fn insert(&mut self, key: K, value: V) -> Option<(K, V)> {
        if let Some(held) = self.store.get_mut(&key) {
            self.counts.insertions += 1;
            return Some((key, std::mem::replace(held, value)));
        }
        self.push(key, value)
    }

    /// The value of `key`, which becomes the most recently used; where it is not there, what `load` returns, which is
    /// stored. The entry that goes for it is dropped. Where `load` panics, nothing changes.
    ///
    /// ```
    /// use bedplate::cache::Lru;
    ///
    /// let mut lru = Lru::new(2);
    /// assert_eq!(lru.get_or_insert_with("a", || 1), &1);
    /// assert_eq!(lru.get_or_insert_with("a", || unreachable!()), &1);
    /// ```
    pub fn get_or_insert_with(&mut self, key: K, load: impl FnOnce() -> V) -> &V {
        if self.store.promote(&key) {
            self.counts.hits += 1;
        } else {
            self.counts.misses += 1;
            let value = load();
            self.counts.loads += 1;
            drop(self.push(key, value));
        }
        let (_, value) = self.store.peek_mru().expect("the entry just promoted or pushed");
        value
    }

    /// Takes the entry of `key` out and returns its value.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.store.pop(key)
    }

    /// Takes the least recently used entry out.
    pub fn pop(&mut self) -> Option<(K, V)> {
        self.store.pop_lru()
    }

    /// Drops every entry.
    pub fn clear(&mut self) {
        self.store = store(self.store.cap(), &self.hasher);
    }

    /// The entries, the most recently used first. Reversed, the least. The order stays as it is.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> + ExactSizeIterator {
        self.store.iter()
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.store.is_empty()
    }

    /// The most entries there can be.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.store.cap().get()
    }

    /// What the map has done, and how full it is. Nothing expires here.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let Counts { hits, misses, insertions, evictions, loads } = self.counts;
        Stats { hits, misses, insertions, evictions, expirations: 0, loads, len: self.len(), capacity: self.capacity() }
    }

    /// Stores a key that is not there; returns the entry that had to go.
    fn push(&mut self, key: K, value: V) -> Option<(K, V)> {
        let guard = EmptyOnPanic { store: &mut self.store, hasher: &self.hasher };
        let victim = guard.store.push(key, value);
        std::mem::forget(guard);
        self.counts.insertions += 1;
        self.counts.evictions += u64::from(victim.is_some());
        victim
    }
}

fn store<K: Hash + Eq, V, S: BuildHasher>(capacity: NonZeroUsize, hasher: &Shared<S>) -> LruCache<K, V, Shared<S>> {
    // `LruCache::with_hasher` would take the memory of a full one at once.
    let mut store = LruCache::unbounded_with_hasher(hasher.clone());
    store.resize(capacity);
    store
}

/// A hasher that outlives the store it is in, and need not be `Clone` for that.
struct Shared<S>(Arc<S>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: BuildHasher> BuildHasher for Shared<S> {
    type Hasher = S::Hasher;

    #[inline]
    fn build_hasher(&self) -> S::Hasher {
        self.0.build_hasher()
    }
}

/// The store links a new entry before it gives it a place in its table, where it runs `Hash` and `Eq`: a panic between
/// leaves it torn.
///
/// Keys that carry their hash would leave only `Eq` to panic, but looking one up in borrowed form then takes a trait object,
/// and indirect calls on every hit.
struct EmptyOnPanic<'a, K: Hash + Eq, V, S: BuildHasher> {
    store: &'a mut LruCache<K, V, Shared<S>>,
    hasher: &'a Shared<S>,
}

impl<K: Hash + Eq, V, S: BuildHasher> Drop for EmptyOnPanic<'_, K, V, S> {
    fn drop(&mut self) {
        *self.store = store(self.store.cap(), self.hasher);
    }
}

impl<K: fmt::Debug + Hash + Eq, V: fmt::Debug, S: BuildHasher> fmt::Debug for Lru<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
