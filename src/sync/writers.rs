use crate::primitive::atomic::{AtomicU64, Ordering};

/// How many threads may write a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writers {
    /// The calling thread alone, as long as it lives. What another wrote before it happened before: see
    /// [`Sharded`](super::Sharded).
    One,
    /// Any of them at any time.
    Many,
}

impl Writers {
    /// Adds `n`, wrapping around. `order` is that of the store: Relaxed or Release.
    #[inline]
    pub(crate) fn add(self, cell: &AtomicU64, n: u64, order: Ordering) {
        match self {
            // The load is Relaxed because it reads what this thread stored last, or what happened before it took the
            // shard.
            Self::One => cell.store(cell.load(Ordering::Relaxed).wrapping_add(n), order),
            Self::Many => _ = cell.fetch_add(n, order),
        }
    }

    /// Makes the cell `value` where that is smaller.
    #[inline]
    pub(crate) fn lower(self, cell: &AtomicU64, value: u64) {
        // Relaxed, here and in `raise`: whoever must see it is told by a later store. The load spares nearly every
        // write.
        if value < cell.load(Ordering::Relaxed) {
            match self {
                Self::One => cell.store(value, Ordering::Relaxed),
                Self::Many => _ = cell.fetch_min(value, Ordering::Relaxed),
            }
        }
    }

    /// Makes the cell `value` where that is larger.
    #[inline]
    pub(crate) fn raise(self, cell: &AtomicU64, value: u64) {
        if value > cell.load(Ordering::Relaxed) {
            match self {
                Self::One => cell.store(value, Ordering::Relaxed),
                Self::Many => _ = cell.fetch_max(value, Ordering::Relaxed),
            }
        }
    }
}
