use crate::primitive::atomic::{AtomicU8, Ordering, fence};
use crate::sync::fence::light;

/// Whether magazines may be visited: 0 where nothing stands against it, which is all that a visit asks.
#[derive(Debug)]
pub(super) struct Access(AtomicU8);

/// No visit begins. Changed under the depot's lock.
const REVOKED: u8 = 1;
/// A visit has to pass a full fence, because the heavy one does not do the light one's part. Never changed.
const FENCED: u8 = 2;

impl Access {
    /// Revoked, of magazines whose light fences are `free` or not.
    pub(super) fn new(free: bool) -> Self {
        Self(AtomicU8::new(if free { REVOKED } else { REVOKED | FENCED }))
    }

    /// Whether a visit may go on, by an owner that has just stored that it is busy.
    #[inline]
    pub(super) fn admits(&self) -> bool {
        // Pairs with the heavy fence in `Stock::collect` (edge "revoke"): of "busy stored, then this read" here and "this
        // stored, then busy read" there, at least one side sees the other's store.
        light();
        // Acquire pairs with the Release in `resume` (edge "resume"): what a revoker did to the items.
        self.0.load(Ordering::Acquire) == 0 || self.admits_fenced()
    }

    #[cold]
    fn admits_fenced(&self) -> bool {
        // Relaxed: an owner that stays away is always right.
        if self.0.load(Ordering::Relaxed) & REVOKED != 0 {
            return false;
        }
        // As above.
        fence(Ordering::SeqCst);
        self.0.load(Ordering::Acquire) & REVOKED == 0
    }

    /// Under the depot's lock, or as a guess.
    pub(super) fn is_revoked(&self) -> bool {
        // Relaxed: written under the lock.
        self.0.load(Ordering::Relaxed) & REVOKED != 0
    }

    /// Under the depot's lock. Until the heavy fence, visits that began before may still touch the items.
    pub(super) fn revoke(&self) {
        // Relaxed: written under the lock; ordered against visits by the fences.
        self.0.store(self.0.load(Ordering::Relaxed) | REVOKED, Ordering::Relaxed);
    }

    /// Under the depot's lock.
    pub(super) fn resume(&self) {
        // Release pairs with the Acquire in `admits` (edge "resume"). Relaxed: written under the lock.
        self.0.store(self.0.load(Ordering::Relaxed) & !REVOKED, Ordering::Release);
    }
}
