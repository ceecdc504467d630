#![allow(unsafe_code)] // Tells the ring that both its ends are shared.

use std::fmt;
use std::mem::MaybeUninit;

use super::ring::{Position, Ring, Shared};
use super::{Drain, IterMut, PopError, PushError, Source, Stats};

/// A ring of fixed capacity that any number of threads push to and pop from, first in, first out.
///
/// No operation locks, allocates or waits. [`try_push`](Self::try_push) and [`try_pop`](Self::try_pop) are one
/// compare-and-swap each, repeated only where another thread got ahead;
/// [`try_push_bulk`](Self::try_push_bulk) and [`try_pop_bulk`](Self::try_pop_bulk) claim many neighbouring places with
/// one. `Full` and `Empty` are exact: at some moment within the call the queue was full, or empty. Where the place in
/// question belongs to a thread that has claimed it and not finished, the answer is `Busy`, never a wait for that
/// thread.
///
/// The capacity is exactly what was asked for, from 1 up, and need not be a power of two. A place costs one byte beside
/// the item where two or more of them fit a cache line of 64 bytes, and otherwise what the alignment makes of that byte.
///
/// After the bounded MPMC queue of Dmitry Vyukov, with its stamps shrunk to a byte and gathered behind the items of
/// their cache line, claims over ranges of verified slots, and `concurrent-queue`'s closed bit in the tail word. The
/// reasons and the figures are in `docs/queues.md`.
///
/// ```
/// use bedplate::queue::{Bounded, PopError, PushError};
///
/// let queue = Bounded::new(2);
/// queue.try_push("a")?;
/// queue.try_push("b")?;
/// assert_eq!(queue.try_push("c"), Err(PushError::Full("c")));
///
/// queue.close();
/// assert_eq!(queue.try_push("d"), Err(PushError::Closed("d")));
/// assert_eq!(queue.try_pop(), Ok("a"));
/// assert_eq!(queue.try_pop(), Ok("b"));
/// assert_eq!(queue.try_pop(), Err(PopError::Closed));
/// # Ok::<(), PushError<&str>>(())
/// ```
pub struct Bounded<T> {
    ring: Ring<T, Shared, Shared>,
}

impl<T> Bounded<T> {
    /// An empty queue for `capacity` items, all of whose memory is allocated here.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero, or so large that the slots do not fit the address space.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "Bounded::new: the capacity must be at least 1");
        Self { ring: Ring::new(capacity) }
    }

    #[cfg(test)]
    pub(super) fn in_last_lap(capacity: usize) -> Self {
        Self { ring: Ring::in_last_lap(capacity) }
    }

    /// Appends `item`, or gives it back.
    ///
    /// Lock-free: it starts over only where another push has succeeded meanwhile.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] with `capacity` items inside, [`PushError::Busy`] where the pop that frees the next slot has
    /// begun and not finished, [`PushError::Closed`] after [`close`](Self::close).
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        // SAFETY: both ends of this ring are `Shared`.
        unsafe { self.ring.try_push(item, || true) }
    }

    /// Takes the oldest item.
    ///
    /// Lock-free: it starts over only where another pop has succeeded meanwhile.
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] with nothing inside, [`PopError::Busy`] where a peer has begun and not finished with the
    /// oldest item, or with the slot that the next one will be in, [`PopError::Closed`] where the queue is closed and
    /// drained.
    #[inline]
    pub fn try_pop(&self) -> Result<T, PopError> {
        // SAFETY: both ends of this ring are `Shared`.
        unsafe { self.ring.try_pop() }
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. The rest stays in `items`, in
    /// order.
    ///
    /// One compare-and-swap claims as many neighbouring slots as are vacant, and nothing waits after it. A claim ends at
    /// the end of the ring, where a call goes on with another one. The items of one claim are neighbours in the queue;
    /// between those of two, items of other threads may come. They become visible one after the other, not all at once.
    /// Ends early where the next slot is not vacant, for any reason, and takes none where the queue is closed.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    ///
    /// let queue = Bounded::new(2);
    /// let mut items = vec![1, 2, 3];
    /// assert_eq!(queue.try_push_bulk(&mut items), 2);
    /// assert_eq!(items, [3]);
    /// ```
    #[inline]
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        // SAFETY: both ends of this ring are `Shared`.
        unsafe { self.ring.try_push_bulk(items, || true) }
    }

    /// Pops up to `max` of the items that are inside onto the end of `items`, and says how many came; never more than
    /// the capacity.
    ///
    /// One compare-and-swap claims as many neighbouring items as are there, and nothing waits after it. A claim ends at
    /// the end of the ring, where a call goes on with another one; between two, other threads may take items. May
    /// allocate in `items`, and does so before it takes one.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    ///
    /// let queue = Bounded::new(4);
    /// queue.try_push_bulk(&mut vec![1, 2, 3]);
    /// let mut items = Vec::new();
    /// assert_eq!(queue.try_pop_bulk(&mut items, 2), 2);
    /// assert_eq!(items, [1, 2]);
    /// ```
    #[inline]
    pub fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        // SAFETY: both ends of this ring are `Shared`.
        unsafe { self.ring.try_pop_bulk(items, max) }
    }

    /// Pops into `room` as many of the items that are inside as it has places, and says how many came: so many of its
    /// first places are initialised then, and theirs to drop are the caller's. As [`try_pop_bulk`](Self::try_pop_bulk)
    /// otherwise, for memory that is not a vector's: a stack buffer, or the spare capacity of something else.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    /// use std::mem::MaybeUninit;
    ///
    /// let queue = Bounded::new(4);
    /// queue.try_push_bulk(&mut vec![1, 2, 3]);
    /// let mut room = [MaybeUninit::uninit(); 2];
    /// assert_eq!(queue.try_pop_into(&mut room), 2);
    /// // SAFETY: both places were said to be initialised.
    /// assert_eq!(room.map(|place| unsafe { place.assume_init() }), [1, 2]);
    /// ```
    #[inline]
    pub fn try_pop_into(&self, room: &mut [MaybeUninit<T>]) -> usize {
        // SAFETY: both ends of this ring are `Shared`.
        unsafe { self.ring.try_pop_into(room) }
    }

    /// Appends `item`; where the queue is full, in place of the oldest one, which it gives back.
    ///
    /// Lock-free. No push or pop of another thread comes between the two, though [`len`](Self::len) may count one item less
    /// for a moment.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    ///
    /// let latest = Bounded::new(2);
    /// assert_eq!(latest.force_push(1), Ok(None));
    /// assert_eq!(latest.force_push(2), Ok(None));
    /// assert_eq!(latest.force_push(3), Ok(Some(1)));
    /// assert_eq!(latest.try_pop(), Ok(2));
    /// ```
    ///
    /// # Errors
    ///
    /// [`PushError::Busy`] where a peer has begun and not finished with the slot in question: a push that put the oldest
    /// item there, or a pop that takes it; [`PushError::Closed`] after [`close`](Self::close).
    pub fn force_push(&self, item: T) -> Result<Option<T>, PushError<T>> {
        self.ring.force_push(item)
    }

    /// Refuses every push from now on; says whether this call did it. What was accepted before stays to be popped.
    ///
    /// The mark is in the word that pushes claim with, so a push either came before and its item will be popped, or is
    /// refused.
    pub fn close(&self) -> bool {
        self.ring.close()
    }

    /// Whether [`close`](Self::close) was called. There may still be items inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    /// The most items the queue holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Items in the queue at a moment within the call, items still being written among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether the queue held nothing at a moment within the call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Whether the queue held `capacity` items at a moment within the call.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ring.is_full()
    }

    /// What the queue holds and what has gone through it. An item that [`force_push`](Self::force_push) gave back counts
    /// as popped.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.ring.stats()
    }

    /// Visits the items from the oldest to the newest and leaves them in place.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    ///
    /// let mut queue = Bounded::new(4);
    /// queue.try_push_bulk(&mut vec![1, 2, 3]);
    /// queue.iter_mut().for_each(|item| *item *= 10);
    /// assert_eq!(queue.drain().collect::<Vec<_>>(), [10, 20, 30]);
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        let len = self.len();
        let first = self.ring.first();
        IterMut::new(self, first, len)
    }

    /// As [`Ring::item_at`].
    ///
    /// # Safety
    ///
    /// As there.
    pub(super) unsafe fn item_at<'a>(&self, at: Position) -> (&'a mut T, Position) {
        // SAFETY: the caller's.
        unsafe { self.ring.item_at(at) }
    }

    /// Takes all items out, from the oldest to the newest, also those the iterator is not asked for. The queue stays
    /// open, or closed, as it was.
    pub fn drain(&mut self) -> Drain<'_, T> {
        Drain::new(self)
    }
}

impl<T> fmt::Debug for Bounded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
