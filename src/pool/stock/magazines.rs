use super::Item;
use super::access::Access;
use super::magazine::{Magazine, Visit};
use super::table::Table;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::sync::known_thread_slot;

/// A magazine for each thread slot, and the word that revokes them all.
#[derive(Debug)]
pub(super) struct Magazines<I> {
    pub(super) access: Access,
    table: Table<I>,
    /// The magazines from here on were never used, so that revokers need not look at them.
    used: AtomicUsize,
}

impl<I: Item> Magazines<I> {
    /// Revoked, of threads whose light fences are `free` or not.
    pub(super) fn new(free: bool) -> Self {
        Self { access: Access::new(free), table: Table::new(), used: AtomicUsize::new(0) }
    }

    /// The calling thread's magazine, to be used now; `None` where it has none yet, or where all are revoked.
    #[inline]
    pub(super) fn visit(&self) -> Option<Visit<'_, I>> {
        self.table.get(known_thread_slot()?)?.visit(&self.access)
    }

    pub(super) fn get(&self, slot: usize) -> Option<&Magazine<I>> {
        self.table.get(slot)
    }

    /// Under the depot's lock: the thread of `slot` has come, and may use its magazine from now on.
    pub(super) fn meet(&self, slot: usize) {
        // Relaxed, here and below: written under the lock, under which magazines are revoked too before anybody looks at them.
        if slot >= self.used.load(Ordering::Relaxed) {
            self.used.store(slot + 1, Ordering::Relaxed);
        }
    }

    /// The magazines that were ever used.
    pub(super) fn used(&self) -> impl Iterator<Item = &Magazine<I>> {
        // Relaxed: as in `meet`.
        (0..self.used.load(Ordering::Relaxed)).filter_map(|slot| self.table.get(slot))
    }

    /// Items in all magazines, as a figure.
    pub(super) fn len(&self) -> usize {
        self.used().map(Magazine::len).sum()
    }

    /// Items popped from all magazines, as a figure.
    pub(super) fn popped(&self) -> u64 {
        self.used().fold(0, |sum, magazine| sum.wrapping_add(magazine.popped()))
    }
}
