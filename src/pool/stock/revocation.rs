use super::{Item, Stock};

/// Why a thread keeps the magazines revoked. Dropped, its reason is gone; they are resumed when the depot is next used.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reason {
    /// It waits for an item.
    Wait,
    /// It found nothing else, and empties them.
    Reclaim,
    /// It empties them to shrink or close the pool.
    Trim,
}

/// A thread that keeps the magazines revoked.
#[must_use = "the magazines may be resumed when this is dropped"]
pub(super) struct Revocation<'a, I: Item> {
    stock: &'a Stock<I>,
    reason: Reason,
}

impl<'a, I: Item> Revocation<'a, I> {
    /// By a caller that has counted it in the depot.
    pub(super) fn new(stock: &'a Stock<I>, reason: Reason) -> Self {
        Self { stock, reason }
    }
}

impl<I: Item> Drop for Revocation<'_, I> {
    fn drop(&mut self) {
        let mut depot = self.stock.lock();
        match self.reason {
            Reason::Wait => depot.waiters -= 1,
            Reason::Reclaim | Reason::Trim => depot.revokers -= 1,
        }
        self.stock.unlock_shelf(&depot);
    }
}
