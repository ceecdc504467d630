#![allow(unsafe_code)] // Slots belong to the sender or to the receivers by their position, which the compiler cannot see.

use std::mem::MaybeUninit;

use super::{Receiver, Sender};
use crate::primitive::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::primitive::{Arc, Mutex, UnsafeCell};
use crate::sync::CachePadded;

/// In a cursor: its receiver was dropped.
pub(super) const GONE: u64 = u64::MAX;

/// How many items one receiver has seen, or [`GONE`]. Written by that receiver.
pub(super) type Cursor = CachePadded<AtomicU64>;

/// Empty, or the item of one position.
type Slot<T> = UnsafeCell<MaybeUninit<T>>;

/// Makes a lossless broadcast of `capacity` slots, with its sender and a first receiver. All memory for items is
/// allocated here.
///
/// ```
/// use bedplate::queue::broadcast::{self, RecvError};
/// use bedplate::queue::PushError;
///
/// let (sender, mut fast) = broadcast::gated(2);
/// let mut slow = fast.clone();
/// assert_eq!(sender.try_push("a"), Ok(()));
/// assert_eq!(sender.try_push("b"), Ok(()));
/// assert_eq!((fast.try_recv(), fast.try_recv()), (Ok("a"), Ok("b")));
/// assert_eq!(sender.try_push("c"), Err(PushError::Full("c")), "the slow one has not seen the first");
/// assert_eq!(slow.try_recv(), Ok("a"));
/// assert_eq!(sender.try_push("c"), Ok(()));
///
/// drop(sender);
/// assert_eq!((slow.try_recv(), slow.try_recv()), (Ok("b"), Ok("c")));
/// assert_eq!(slow.try_recv(), Err(RecvError::Closed));
/// ```
///
/// # Panics
///
/// If `capacity` is zero, or so large that the slots do not fit the address space.
#[must_use]
pub fn gated<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "broadcast::gated: the capacity must be at least 1");
    let ring = Arc::new(Ring {
        tail: CachePadded::new(AtomicU64::new(0)),
        cursors: CachePadded::new(Mutex::new(Vec::new())),
        closed: AtomicBool::new(false),
        reclaimed: AtomicU64::new(0),
        slots: (0..capacity).map(|_| UnsafeCell::new(MaybeUninit::uninit())).collect(),
    });
    let receiver = Receiver::subscribe_to(&ring);
    (Sender::new(ring), receiver)
}

/// What the handles share. Positions count items since the beginning; a slot is the position modulo the capacity.
///
/// The *gate* is a number of items that every receiver has seen: at most each cursor in the list, and at most the tail.
/// The sender writes positions below gate + capacity only.
pub(super) struct Ring<T> {
    /// Items pushed. Written by the sender.
    pub(super) tail: CachePadded<AtomicU64>,
    /// The receivers, and some that have left: those go with the next look.
    pub(super) cursors: CachePadded<Mutex<Vec<Arc<Cursor>>>>,
    /// Written once, by the sender.
    pub(super) closed: AtomicBool,
    /// Items that were taken out of their slots. Written by the sender when it is dropped, for the drop of the ring.
    pub(super) reclaimed: AtomicU64,
    slots: Box<[Slot<T>]>,
}

// SAFETY: the sender alone writes a slot, and only for a position below gate + capacity: what the slot held before has
// been seen by every receiver, which its Release store of the cursor and the sender's Acquire load put before the
// write. Receivers only read, and only positions below the tail and not below their own cursor, after an Acquire load
// of the tail. There is one sender, and it is not `Sync`. Several threads have a `&T` at once: `T: Sync`. The sender's
// thread drops what another has pushed, where the sender was sent on: `T: Send`.
unsafe impl<T: Send + Sync> Sync for Ring<T> {}

impl<T> Ring<T> {
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// The index `n` slots after `index`; `n` is at most the capacity.
    #[inline]
    pub(super) fn after(&self, index: usize, n: usize) -> usize {
        // Neither is more than the length of an allocation: no overflow.
        let index = index + n;
        if index < self.slots.len() { index } else { index - self.slots.len() }
    }

    #[inline]
    pub(super) fn index_of(&self, at: u64) -> usize {
        (at % self.slots.len() as u64) as usize
    }

    /// The `n` slots from `index` on: those up to the end of the ring, and the rest from its beginning. `n` is at most
    /// the capacity.
    #[inline]
    fn slots_from(&self, index: usize, n: usize) -> impl Iterator<Item = &Slot<T>> {
        let (wrapped, from) = self.slots.split_at(index);
        let first = n.min(from.len());
        from[..first].iter().chain(&wrapped[..n - first])
    }

    /// Puts an item into a slot.
    ///
    /// # Safety
    ///
    /// The caller is the sender, the slot's next position is below gate + capacity, and what it held was moved out or
    /// needs no drop.
    #[inline]
    pub(super) unsafe fn write(&self, index: usize, item: T) {
        // SAFETY: every receiver is past what the slot held, and none reads it before the tail says so.
        self.slots[index].with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item)) });
    }

    /// Copies items into the slots from `index` on.
    ///
    /// # Safety
    ///
    /// As [`write`](Self::write) for each of the slots, which are at most the capacity. The caller forgets the items.
    #[inline]
    pub(super) unsafe fn write_all(&self, index: usize, items: &[T]) {
        // Not `zip`, which would not see the two stretches: `for_each` goes through each in a loop of its own.
        let mut from = items.as_ptr();
        self.slots_from(index, items.len()).for_each(|slot| {
            // SAFETY: as in `write`; there is one slot for each item, and the item is forgotten where it was.
            slot.with_mut(|slot| unsafe { slot.write(MaybeUninit::new(from.read())) });
            // SAFETY: at most one past the last item.
            from = unsafe { from.add(1) };
        });
    }

    /// Moves the item out of a slot.
    ///
    /// # Safety
    ///
    /// The caller is the sender and the gate is past the slot's position, or it has the ring exclusively; the slot
    /// holds an item, and is not read again.
    #[inline]
    pub(super) unsafe fn take(&self, index: usize) -> T {
        // SAFETY: every receiver is past this position, so nobody else has the item.
        self.slots[index].with_mut(|slot| unsafe { (*slot).assume_init_read() })
    }

    /// Lends the items in the `n` slots from `index` on, one after the other.
    ///
    /// # Safety
    ///
    /// The caller is a receiver, the slots' positions are below the tail as that receiver has read it, and not below its
    /// cursor, which does not move during the call.
    #[inline]
    pub(super) unsafe fn read(&self, index: usize, n: usize, mut f: impl FnMut(&T)) {
        // SAFETY: below the tail a slot holds an item, and the cursor keeps the sender from it.
        self.slots_from(index, n).for_each(|slot| slot.with(|slot| f(unsafe { (*slot).assume_init_ref() })));
    }

    /// Borrows the item in a slot.
    ///
    /// # Safety
    ///
    /// As [`read`](Self::read), for as long as the borrow lasts.
    #[inline]
    pub(super) unsafe fn peek(&self, index: usize) -> &T {
        // SAFETY: as above.
        self.slots[index].with(|slot| unsafe { (*slot).assume_init_ref() })
    }

    /// The least of the cursors, and of `tail`; `None` where a thread that subscribes has the list.
    pub(super) fn slowest(&self, tail: u64) -> Option<u64> {
        let mut cursors = self.cursors.try_lock()?;
        Some(least(&mut cursors, tail))
    }

    /// As [`slowest`](Self::slowest); waits for the list.
    pub(super) fn slowest_now(&self, tail: u64) -> u64 {
        least(&mut self.cursors.lock(), tail)
    }

    /// Adds a cursor to the list, at `at` or else at the tail, and says where.
    pub(super) fn register(&self, cursor: &Arc<Cursor>, at: Option<u64>) -> u64 {
        let mut cursors = self.cursors.lock();
        // So that the list does not grow where the sender never looks.
        least(&mut cursors, 0);
        // Within the lock: a look at the list that came before found a tail, and so a gate, that is not above this
        // one. Relaxed: the lock orders it behind that look; the items are found by later, Acquire loads of the tail.
        let at = at.unwrap_or_else(|| self.tail.load(Ordering::Relaxed));
        // Relaxed: the lock hands it to the sender.
        cursor.store(at, Ordering::Relaxed);
        cursors.push(Arc::clone(cursor));
        at
    }

    /// Receivers there are.
    pub(super) fn receivers(&self) -> usize {
        let mut cursors = self.cursors.lock();
        least(&mut cursors, 0);
        cursors.len()
    }
}

/// The least of the cursors and of `tail`. Forgets those that are gone.
fn least(cursors: &mut Vec<Arc<Cursor>>, tail: u64) -> u64 {
    let mut least = tail;
    cursors.retain(|cursor| {
        // Acquire pairs with the Release in `Receiver::release` and in its `drop` (edge "seen"): the receiver has done
        // with the items before. Where another thread's look forgets a receiver, the lock hands that on.
        let at = cursor.load(Ordering::Acquire);
        least = least.min(at); // `GONE` is above any.
        at != GONE
    });
    least
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        if !std::mem::needs_drop::<T>() {
            return;
        }
        // Relaxed, both: all handles are gone, and the reference count has ordered them before this.
        let left = self.reclaimed.load(Ordering::Relaxed)..self.tail.load(Ordering::Relaxed);
        // SAFETY: the ring is exclusively ours; positions from `reclaimed` up to the tail hold items, and each is asked
        // for once.
        let items = left.map(|at| unsafe { self.take(self.index_of(at)) });
        // Into a vector, whose drop goes on past a panic of an item.
        drop(items.collect::<Vec<T>>());
    }
}
