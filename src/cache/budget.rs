use crate::primitive::atomic::{AtomicI64, AtomicU64, Ordering};

/// How much weight the shards may take, all together.
///
/// At any time what the shards hold and what is free add up to the capacity: a shard takes before it stores, and gives
/// after it has let go. Where the cache is made smaller, what is free falls below zero until enough has gone.
#[derive(Debug)]
pub(super) struct Budget {
    capacity: AtomicU64,
    free: AtomicI64,
}

impl Budget {
    /// A capacity that can be counted.
    ///
    /// # Panics
    ///
    /// Where it is zero or above `i64::MAX`.
    pub(super) fn check(capacity: usize) -> u64 {
        assert!(capacity != 0, "a cache of capacity 0");
        assert!(i64::try_from(capacity).is_ok(), "a cache of capacity {capacity} has no room to count");
        capacity as u64
    }

    /// `capacity` was checked, here and below.
    pub(super) fn new(capacity: u64) -> Self {
        Self { capacity: AtomicU64::new(capacity), free: AtomicI64::new(capacity as i64) }
    }

    // Relaxed throughout: the numbers stand for themselves. What was let go is out of its shard before `give` is called in
    // the same thread; who takes it puts in something else.

    #[inline]
    pub(super) fn capacity(&self) -> u64 {
        self.capacity.load(Ordering::Relaxed)
    }

    pub(super) fn free(&self) -> i64 {
        self.free.load(Ordering::Relaxed)
    }

    /// Takes `weight`, if that much is free. A full cache only reads here.
    #[inline]
    pub(super) fn take(&self, weight: u64) -> bool {
        let weight = weight as i64; // Weights are below 2^32.
        let mut free = self.free.load(Ordering::Relaxed);
        while free >= weight {
            match self.free.compare_exchange_weak(free, free - weight, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => free = now,
            }
        }
        false
    }

    #[inline]
    pub(super) fn give(&self, weight: u64) {
        if weight != 0 {
            self.free.fetch_add(weight as i64, Ordering::Relaxed);
        }
    }

    /// Sets the capacity. Says whether that leaves a debt.
    pub(super) fn resize(&self, capacity: u64) -> bool {
        let old = self.capacity.swap(capacity, Ordering::Relaxed);
        let change = capacity as i64 - old as i64;
        self.free.fetch_add(change, Ordering::Relaxed) + change < 0
    }
}
