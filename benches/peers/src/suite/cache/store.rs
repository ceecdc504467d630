//! The concurrent caches under one set of names.

use lru::LruCache;
use parking_lot::Mutex;
use std::num::NonZeroUsize;

/// A concurrent cache bounded by entries.
pub trait Store: Sync {
    /// An empty cache.
    fn with_capacity(capacity: usize) -> Self;
    /// A copy of the value, if it is there.
    fn get(&self, key: u64) -> Option<u64>;
    /// Puts a value in, and another out if need be.
    fn insert(&self, key: u64, value: u64);
    /// How many values are there.
    fn len(&self) -> usize;
    /// Ends work that was put off.
    fn settle(&self) {}
}

impl Store for bedplate::cache::Cache<u64, u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity)
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.get(&key)
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) {
        self.insert(key, value);
    }

    fn len(&self) -> usize {
        self.len()
    }
}

impl Store for quick_cache::sync::Cache<u64, u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity)
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.get(&key)
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) {
        self.insert(key, value);
    }

    fn len(&self) -> usize {
        self.len()
    }
}

impl Store for moka::sync::Cache<u64, u64> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(capacity as u64)
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.get(&key)
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) {
        self.insert(key, value);
    }

    fn len(&self) -> usize {
        self.entry_count() as usize
    }

    fn settle(&self) {
        self.run_pending_tasks();
    }
}

impl Store for Mutex<LruCache<u64, u64>> {
    fn with_capacity(capacity: usize) -> Self {
        Self::new(LruCache::new(NonZeroUsize::new(capacity).expect("a cache has room")))
    }

    #[inline]
    fn get(&self, key: u64) -> Option<u64> {
        self.lock().get(&key).copied()
    }

    #[inline]
    fn insert(&self, key: u64, value: u64) {
        self.lock().put(key, value);
    }

    fn len(&self) -> usize {
        self.lock().len()
    }
}
