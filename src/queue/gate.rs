use crate::primitive::atomic::{AtomicBool, AtomicU8, Ordering, fence};
use crate::sync::CachePadded;

/// Pushes are refused from now on, though one may still be at work.
const SHUT: u8 = 1;
/// A pop has answered `Closed`: from then on a push that announces itself is one that will be refused.
const DRAINED: u8 = 2;
/// Nobody will pop any more.
const ABANDONED: u8 = 4;

/// Lets consumers close a ring whose producer, being alone, claims with a plain store.
///
/// Between the producer's look at the mark and its store, a consumer may shut the gate, find the ring empty and call it
/// drained. So a push that has to be exact against that announces itself first; see `docs/orderings`.
#[derive(Debug)]
pub(super) struct Gate {
    /// Written a few times, read with each push.
    state: CachePadded<AtomicU8>,
    /// An announced push is at work. Written by the producer.
    pushing: CachePadded<AtomicBool>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { state: CachePadded::new(AtomicU8::new(0)), pushing: CachePadded::new(AtomicBool::new(false)) }
    }

    /// Whether pushes are refused, as far as the calling thread knows.
    #[inline]
    pub(super) fn is_shut(&self) -> bool {
        // Acquire pairs with the AcqRel in `shut`: what was done before the close is seen.
        self.state.load(Ordering::Acquire) & SHUT != 0
    }

    /// Whether nobody will pop any more.
    pub(super) fn is_abandoned(&self) -> bool {
        // Acquire pairs with the AcqRel in `abandon`: what the consumers did before is seen.
        self.state.load(Ordering::Acquire) & ABANDONED != 0
    }

    /// Does a push so that whoever shuts the gate either has it refused or waits for it. Only the producer calls this.
    #[inline]
    pub(super) fn announced<R>(&self, push: impl FnOnce() -> R) -> R {
        // Relaxed: the fence orders it.
        self.pushing.store(true, Ordering::Relaxed);
        // Pairs with the fence in `shut` (edge "announce"): either the push sees the gate shut, or who shut it sees the
        // announcement.
        fence(Ordering::SeqCst);
        let result = push();
        // Release pairs with the Acquire in `is_quiet` (edge "announce"): who sees the end of the push sees its item.
        self.pushing.store(false, Ordering::Release);
        result
    }

    /// Refuses pushes from now on; says whether this call did it.
    pub(super) fn shut(&self) -> bool {
        // AcqRel pairs with the Acquire in `is_shut`.
        let before = self.state.fetch_or(SHUT, Ordering::AcqRel);
        // Pairs with the fence in `announced` (edge "announce").
        fence(Ordering::SeqCst);
        before & SHUT == 0
    }

    /// Shuts the gate, since nobody will pop any more.
    pub(super) fn abandon(&self) {
        // AcqRel pairs with the Acquire in `is_abandoned`.
        self.state.fetch_or(SHUT | ABANDONED, Ordering::AcqRel);
    }

    /// Whether the gate is shut and no push that came before it is at work, so that what is in the ring after this call
    /// is all there will be.
    pub(super) fn is_quiet(&self) -> bool {
        // Acquire pairs with the Release in `drained`: what was seen to be all then is so now.
        let state = self.state.load(Ordering::Acquire);
        if state & SHUT == 0 {
            return false;
        }
        // The fence of `shut` may be another thread's, still to come; this one pairs with that in `announced` instead.
        fence(Ordering::SeqCst);
        // Acquire pairs with the Release in `announced` (edge "announce").
        state & DRAINED != 0 || !self.pushing.load(Ordering::Acquire)
    }

    /// Notes that the ring was empty after [`is_quiet`](Self::is_quiet).
    pub(super) fn drained(&self) {
        // Release pairs with the Acquire in `is_quiet`.
        self.state.fetch_or(DRAINED, Ordering::Release);
    }
}
