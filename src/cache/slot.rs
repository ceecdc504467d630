use crate::primitive::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Where a reading thread says which shard it is in, on a line of its own.
///
/// A thread has a slot to itself unless more threads than slots read at one time; then it tries the next. Whoever is in
/// a slot may also count there: its counters are written by its holder alone.
#[derive(Debug)]
pub(super) struct Slot {
    /// The number of the shard that is read, plus one; `FREE` where the slot is free. Written by its holder.
    holds: AtomicUsize,
    hits: AtomicU64,
    misses: AtomicU64,
}

const FREE: usize = 0;

impl Slot {
    pub(super) fn new() -> Self {
        Self { holds: AtomicUsize::new(FREE), hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// Takes the slot for a visit to `shard`, if it is free.
    #[inline]
    pub(super) fn enter(&self, shard: usize) -> bool {
        // Acquire pairs with the Release in `leave` (edge "next reader"): the counters come with the slot. SeqCst: edge
        // "reader or writer", in `Locks::read`.
        self.holds.compare_exchange(FREE, shard + 1, Ordering::SeqCst, Ordering::Relaxed).is_ok()
    }

    /// Gives the slot back.
    #[inline]
    pub(super) fn leave(&self) {
        // Release pairs with the load in `holds` of the writer that waits (edge "last reader"), and with `enter`.
        self.holds.store(FREE, Ordering::Release);
    }

    /// Whether a thread is in `shard` by this slot.
    #[inline]
    pub(super) fn holds(&self, shard: usize) -> bool {
        // Acquire pairs with the Release in `leave` (edge "last reader"). SeqCst: edge "reader or writer".
        self.holds.load(Ordering::SeqCst) == shard + 1
    }

    /// Counts a look-up. For the holder alone.
    #[inline]
    pub(super) fn count(&self, hit: bool) {
        let counter = if hit { &self.hits } else { &self.misses };
        // Relaxed, and no read-modify-write: one thread at a time holds the slot, and `enter` orders them.
        counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// Hits and misses counted so far.
    pub(super) fn counts(&self) -> (u64, u64) {
        // Relaxed: figures, which order nothing.
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}
