#![allow(unsafe_code)] // Slots are written by one side and read by the other.

use std::fmt;
use std::mem::MaybeUninit;

use super::feed::Feed;
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::CachePadded;
use crate::time::Instant;

/// The items that one producer has gathered and not handed over.
///
/// The producer, its *owner*, alone writes slots and `len`. Whoever has the lock of the batcher's front may take items
/// out, from the oldest, and alone writes `taken`. A slot is the owner's until `len` passes it, the lock's until
/// `taken` passes it, and then nobody's until the owner, under the lock, begins from the first slot again.
///
/// The owner learns from `taken` that it has something to tell: it looks at it after each item, and who changes it
/// passes the heavy fence and then looks at `len` (see [`Shared::collect`](super::shared::Shared)). So of an item that
/// comes while the stage is emptied at least one side knows that it is there.
pub(super) struct Stage<T> {
    slots: Box<[Slot<T>]>,
    /// What the items measure; empty where nothing measures them.
    bytes: Box<[UnsafeCell<usize>]>,
    /// How many slots have been filled since the owner began. Written by the owner.
    len: CachePadded<AtomicUsize>,
    /// How many of them were emptied, and [`CLOSED`]. Written under the lock.
    taken: CachePadded<AtomicUsize>,
    /// When the oldest item came that the owner has told of, as nanoseconds; [`UNTOLD`] where there is none. Used under
    /// the lock.
    since: AtomicU64,
}

type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// No time, in `since`.
const UNTOLD: u64 = u64::MAX;

/// Set in `taken` once the batcher is closed.
const CLOSED: usize = 1 << (usize::BITS - 1);

// SAFETY: items are moved in by the owner and out by who has the lock, which `len` (Release, Acquire) and the lock
// order.
unsafe impl<T: Send> Send for Stage<T> {}
// SAFETY: as above; no reference to an item is shared.
unsafe impl<T: Send> Sync for Stage<T> {}

impl<T> Stage<T> {
    /// A stage for up to `capacity` items.
    pub(super) fn new(capacity: usize, sized: bool) -> Self {
        let cells = if sized { capacity } else { 0 };
        Self {
            slots: (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect(),
            bytes: (0..cells).map(|_| UnsafeCell::new(0)).collect(),
            len: CachePadded::new(AtomicUsize::new(0)),
            taken: CachePadded::new(AtomicUsize::new(0)),
            since: AtomicU64::new(UNTOLD),
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Puts an item into slot `at`, which follows those filled.
    ///
    /// # Safety
    ///
    /// The caller is the owner, and `at` is the `len` that it wrote last, and less than the capacity.
    #[inline]
    pub(super) unsafe fn put(&self, at: usize, item: T, bytes: usize) {
        // SAFETY: `at` is in bounds, by the contract. The slot is the owner's, since `len` has not passed it.
        unsafe { self.slots.get_unchecked(at) }.with_mut(|slot| _ = unsafe { (*slot).write(item) });
        if let Some(cell) = self.bytes.get(at) {
            // SAFETY: as the slot.
            cell.with_mut(|cell| unsafe { *cell = bytes });
        }
        // Release pairs with the Acquire in `filled` (edge "stage"): the item.
        self.len.store(at + 1, Ordering::Release);
    }

    /// Takes the item back that the owner put last. Under the lock, by the owner, where it was not taken.
    pub(super) fn take_back(&self) -> Option<T> {
        // Relaxed: the owner's own, and written under the lock.
        let len = self.len.load(Ordering::Relaxed);
        if len == self.taken() {
            return None;
        }
        self.len.store(len - 1, Ordering::Relaxed);
        // SAFETY: the slot is filled and not emptied, and both sides are this thread's now. With `len` it is the
        // owner's to fill again.
        Some(self.slots[len - 1].with_mut(|slot| unsafe { (*slot).assume_init_read() }))
    }

    /// `taken` with its mark, as the owner compares it.
    #[inline]
    pub(super) fn word(&self) -> usize {
        // Relaxed: ordered by the fences.
        self.taken.load(Ordering::Relaxed)
    }

    /// How many items were taken. Under the lock.
    fn taken(&self) -> usize {
        // Relaxed: written under the lock.
        self.taken.load(Ordering::Relaxed) & !CLOSED
    }

    /// How many slots are filled. By the owner.
    pub(super) fn filled_by_owner(&self) -> usize {
        // Relaxed: its own.
        self.len.load(Ordering::Relaxed)
    }

    /// How many slots are filled.
    fn filled(&self) -> usize {
        // Acquire pairs with the Release in `put` (edge "stage").
        self.len.load(Ordering::Acquire)
    }

    /// How many items are inside. Under the lock.
    pub(super) fn len(&self) -> usize {
        self.filled() - self.taken()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.word() & CLOSED != 0
    }

    /// Refuses items from now on. Under the lock.
    pub(super) fn close(&self) {
        // Relaxed, here and in `Contents`: written under the lock; ordered for the owner by the fences.
        self.taken.store(self.word() | CLOSED, Ordering::Relaxed);
    }

    /// Begins from the first slot again. Under the lock, by the owner, where nothing is inside.
    fn rewind(&self) {
        debug_assert!(self.len() == 0);
        // Relaxed: both sides' words, of which the other side reads neither but under the lock.
        self.len.store(0, Ordering::Relaxed);
        self.taken.store(self.word() & CLOSED, Ordering::Relaxed);
    }

    /// When the oldest item came, if the owner has told of it. Under the lock.
    pub(super) fn since(&self) -> Option<Instant> {
        // Relaxed: written and read under the lock.
        let since = self.since.load(Ordering::Relaxed);
        (since != UNTOLD).then_some(Instant::from_nanos(since))
    }

    /// Notes when the oldest item came, unless that is known. Under the lock.
    pub(super) fn set_since(&self, since: Instant) {
        if self.since().is_none() {
            self.since.store(since.as_nanos(), Ordering::Relaxed);
        }
    }

    /// What is inside at this moment, to be taken.
    pub(super) fn contents(&self) -> Contents<'_, T> {
        Contents { stage: self, filled: self.filled(), by_owner: false, evicted: Vec::new() }
    }

    /// As [`contents`](Self::contents), by the owner, who begins from the first slot once all is taken.
    pub(super) fn own_contents(&self) -> Contents<'_, T> {
        Contents { by_owner: true, ..self.contents() }
    }
}

impl<T> Drop for Stage<T> {
    fn drop(&mut self) {
        while let Some(item) = self.take_back() {
            drop(item);
        }
    }
}

impl<T> fmt::Debug for Stage<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("capacity", &self.slots.len()).finish_non_exhaustive()
    }
}

/// The items that are in a stage at one moment, but for those that are taken meanwhile. Used under the lock.
pub(super) struct Contents<'a, T> {
    stage: &'a Stage<T>,
    filled: usize,
    by_owner: bool,
    evicted: Vec<T>,
}

impl<T> Feed<T> for Contents<'_, T> {
    fn len(&self) -> usize {
        self.filled - self.stage.taken()
    }

    fn bytes(&self, index: usize) -> usize {
        let at = self.stage.taken() + index;
        // SAFETY: the slots from `taken` up to `filled` are the lock's.
        self.stage.bytes.get(at).map_or(0, |cell| cell.with(|cell| unsafe { *cell }))
    }

    fn move_to(&mut self, n: usize, to: &mut Vec<T>) {
        let taken = self.stage.taken();
        to.extend(self.stage.slots[taken..taken + n].iter().map(|slot| {
            // SAFETY: the slots from `taken` up to `filled` hold items and are the lock's; with the new `taken`, which
            // nothing can come between, they hold none.
            slot.with_mut(|slot| unsafe { (*slot).assume_init_read() })
        }));
        self.stage.taken.store((self.stage.word() & CLOSED) | (taken + n), Ordering::Relaxed);
        if taken + n == self.filled {
            self.stage.since.store(UNTOLD, Ordering::Relaxed);
        }
    }

    fn evict(&mut self, item: T) {
        self.evicted.push(item);
    }

    fn since(&self) -> Option<Instant> {
        self.stage.since()
    }

    fn end(&mut self) {
        if self.by_owner {
            self.stage.rewind();
        }
    }
}
