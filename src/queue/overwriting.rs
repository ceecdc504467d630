use std::fmt;

use super::{Bounded, Drain, IterMut, OverwritingStats, PopError, PushError, Source, bulk};
use crate::stats::Counter;

/// A ring of fixed capacity that is never full: a push into a full one overwrites the oldest item, and counts it as
/// lost. Any number of threads push and pop.
///
/// For telemetry, traces, recent errors: what is read late may be incomplete, but tells how much is missing, and the
/// threads that report are never held up. Items that are left come first in, first out, as from a [`Bounded`], which
/// this is but for the push.
///
/// # What is lost, and what is not
///
/// Every item that a push has accepted is popped, or inside, or counted in [`lost`](Self::lost): exactly one of the
/// three. Nothing is lost but the oldest item of a full ring.
///
/// Where the slot of the oldest item belongs to a peer that has begun a push or a pop and not finished, it cannot be
/// overwritten, and to overwrite the next would break the order. So the push answers `Busy` at once and gives its
/// item back: it is the caller's to push again, or to drop. How often that was is counted apart, in
/// [`OverwritingStats::busy`]. A peer that is stopped there by the scheduler stops the ring where it is full, as it
/// does with every bounded queue; what is inside stays.
///
/// How much was lost is told by the ring and not beside each item: an item has many neighbours where several threads
/// pop, and a number in each slot would cost every push. A reader keeps the last value of `lost` and subtracts.
///
/// ```
/// use bedplate::queue::Overwriting;
///
/// let ring = Overwriting::new(2);
/// for n in 0..5 {
///     ring.push(n).unwrap();
/// }
/// assert_eq!(ring.lost(), 3);
/// assert_eq!(ring.try_pop(), Ok(3));
/// assert_eq!(ring.try_pop(), Ok(4));
/// ```
pub struct Overwriting<T> {
    ring: Bounded<T>,
    lost: Counter,
    busy: Counter,
}

impl<T> Overwriting<T> {
    /// An empty ring for `capacity` items, all of whose memory is allocated here.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero, or so large that the slots do not fit the address space.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "Overwriting::new: the capacity must be at least 1");
        Self { ring: Bounded::new(capacity), lost: Counter::new(), busy: Counter::new() }
    }

    /// Appends `item`; in a full ring in place of the oldest, which is counted as lost and dropped, by this thread,
    /// after its place has been handed on.
    ///
    /// Lock-free: it starts over only where another push or pop has succeeded meanwhile.
    ///
    /// # Errors
    ///
    /// [`PushError::Busy`] where a peer has not finished with the oldest slot; [`PushError::Closed`] after
    /// [`close`](Self::close). Never `Full`.
    #[inline]
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        self.force_push(item).map(drop)
    }

    /// Appends `item` and gives back the oldest where it took its place: for items that have a use beside being read,
    /// such as a buffer to be filled again. It counts as lost all the same.
    ///
    /// ```
    /// use bedplate::queue::Overwriting;
    ///
    /// let ring = Overwriting::new(1);
    /// assert_eq!(ring.force_push("a"), Ok(None));
    /// assert_eq!(ring.force_push("b"), Ok(Some("a")));
    /// assert_eq!(ring.lost(), 1);
    /// ```
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push).
    #[inline]
    pub fn force_push(&self, item: T) -> Result<Option<T>, PushError<T>> {
        let pushed = self.ring.force_push(item);
        match &pushed {
            Ok(Some(_)) => self.lost.add(1),
            Err(PushError::Busy(_)) => self.busy.add(1),
            _ => {}
        }
        pushed
    }

    /// Pushes from the front of `items` until one is refused, and says how many were accepted. The rest stays in
    /// `items`, in order. Each item is a push of its own: items of other threads may come between them, and more items
    /// than the capacity overwrite each other.
    ///
    /// ```
    /// use bedplate::queue::Overwriting;
    ///
    /// let ring = Overwriting::new(2);
    /// assert_eq!(ring.push_bulk(&mut vec![1, 2, 3]), 3);
    /// assert_eq!((ring.lost(), ring.try_pop()), (1, Ok(2)));
    /// ```
    pub fn push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        bulk::push_front(items, usize::MAX, |item| self.push(item))
    }

    /// Takes the oldest item that is left.
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] with nothing inside, [`PopError::Busy`] where a peer has not finished with the oldest slot,
    /// [`PopError::Closed`] where the ring is closed and drained.
    #[inline]
    pub fn try_pop(&self) -> Result<T, PopError> {
        self.ring.try_pop()
    }

    /// Pops up to `max` of the items that are inside onto the end of `items`, and says how many came. See
    /// [`Bounded::try_pop_bulk`].
    pub fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        self.ring.try_pop_bulk(items, max)
    }

    /// Items ever overwritten before a pop came for them. Never goes back. Costs a look at the counters of all threads.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.get()
    }

    /// Refuses every push from now on; says whether this call did it. What is inside stays to be popped.
    pub fn close(&self) -> bool {
        self.ring.close()
    }

    /// Whether [`close`](Self::close) was called. There may still be items inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    /// The most items the ring holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Items in the ring at a moment within the call, items still being written among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ring.len()
    }

    /// Whether the ring held nothing at a moment within the call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }

    /// Whether the next push overwrites: the ring held `capacity` items at a moment within the call.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ring.is_full()
    }

    /// What the ring holds and what became of what was pushed.
    #[must_use]
    pub fn stats(&self) -> OverwritingStats {
        // First: an item may be out of the ring and not counted yet, but none is counted before it is out.
        let lost = self.lost();
        let ring = self.ring.stats();
        OverwritingStats {
            capacity: ring.capacity,
            len: ring.len,
            pushed: ring.pushed,
            // The ring takes an overwritten item for a popped one.
            popped: ring.popped.saturating_sub(lost),
            lost,
            busy: self.busy.get(),
            closed: ring.closed,
        }
    }

    /// Visits the items from the oldest to the newest and leaves them in place.
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        self.ring.iter_mut()
    }

    /// Takes all items out, from the oldest to the newest, also those the iterator is not asked for. They count as
    /// popped. The ring stays open, or closed, as it was.
    pub fn drain(&mut self) -> Drain<'_, T> {
        self.ring.drain()
    }
}

impl<T> fmt::Debug for Overwriting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overwriting")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("lost", &self.lost())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
