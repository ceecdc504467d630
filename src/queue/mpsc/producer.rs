#![allow(unsafe_code)] // Tells the ring that its pushing end is shared.

use std::fmt;

use crate::primitive::Arc;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::queue::ring::{Ring, Shared, Single};
use crate::queue::{PushError, Source, Stats};

/// A pushing end of a [`ring`](super::ring), one of any number.
///
/// Dropping the last one closes the ring; the consumer still gets everything that was pushed.
pub struct Producer<T> {
    ring: Arc<Ring<T, Shared, Single>>,
    /// Living producers.
    count: Arc<AtomicUsize>,
}

impl<T> Producer<T> {
    pub(super) fn new(ring: Arc<Ring<T, Shared, Single>>) -> Self {
        Self { ring, count: Arc::new(AtomicUsize::new(1)) }
    }

    /// Appends `item`, or gives it back. As [`Bounded::try_push`](crate::queue::Bounded::try_push).
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] with `capacity` items inside, one that the consumer is taking out among them;
    /// [`PushError::Closed`] after [`close`](Self::close) or once the consumer is gone. Never `Busy`.
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        // SAFETY: pushes of this ring are `Shared`.
        unsafe { self.ring.try_push(item, || true) }
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. As
    /// [`Bounded::try_push_bulk`](crate::queue::Bounded::try_push_bulk).
    #[inline]
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        // SAFETY: pushes of this ring are `Shared`.
        unsafe { self.ring.try_push_bulk(items, || true) }
    }

    /// Refuses every push from now on; says whether this call did it. The consumer still gets what was pushed.
    pub fn close(&self) -> bool {
        self.ring.close()
    }

    /// Whether pushes are refused: the ring was closed or the consumer is gone.
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

    /// Whether the ring held `capacity` items at a moment within the call.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.ring.is_full()
    }

    /// What the ring holds and what has gone through it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.ring.stats()
    }
}

impl<T> Clone for Producer<T> {
    fn clone(&self) -> Self {
        // Relaxed: the new handle comes from a living one, which orders it. It cannot overflow: the reference count of
        // the ring is raised with it, and aborts first.
        self.count.fetch_add(1, Ordering::Relaxed);
        Self { ring: Arc::clone(&self.ring), count: Arc::clone(&self.count) }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        // AcqRel: the last one is after all that the others did.
        if self.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
        }
    }
}

impl<T> fmt::Debug for Producer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
