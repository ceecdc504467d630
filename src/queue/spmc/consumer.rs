#![allow(unsafe_code)] // Tells the ring that its popping end is shared.

use std::fmt;
use std::mem::MaybeUninit;

use super::shared::Shared;
use crate::primitive::Arc;
use crate::primitive::atomic::Ordering;
use crate::queue::{PopError, Stats};

/// A popping end of a [`ring`](super::ring), one of any number; each item goes to one of them.
///
/// Dropping the last one closes the ring and drops what is inside.
pub struct Consumer<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Consumer<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// Takes the oldest item. As [`Bounded::try_pop`](crate::queue::Bounded::try_pop).
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] with nothing inside; [`PopError::Closed`] where also nothing can come: the ring was closed or
    /// the producer is gone. `Busy` only after a [`close`](crate::queue::Queue::close) from this end, while a push that
    /// may have come before it is at work.
    #[inline]
    pub fn try_pop(&self) -> Result<T, PopError> {
        match self.pop() {
            Err(PopError::Empty) if self.shared.gate.is_shut() => self.pop_shut(),
            answer => answer,
        }
    }

    #[inline]
    fn pop(&self) -> Result<T, PopError> {
        // SAFETY: pops of this ring are `Shared`.
        unsafe { self.shared.ring.try_pop() }
    }

    /// Whether a ring that a consumer has closed and that was found empty is drained.
    #[cold]
    fn pop_shut(&self) -> Result<T, PopError> {
        // Before the ring is asked again: a push seen to have ended has its item in it.
        let quiet = self.shared.gate.is_quiet();
        match self.pop() {
            Err(PopError::Empty) if quiet => {
                self.shared.gate.drained();
                Err(PopError::Closed)
            }
            Err(PopError::Empty) => Err(PopError::Busy),
            answer => answer,
        }
    }

    /// Pops up to `max` of the items that are inside onto the end of `items`, and says how many came. As
    /// [`Bounded::try_pop_bulk`](crate::queue::Bounded::try_pop_bulk).
    #[inline]
    pub fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        // SAFETY: pops of this ring are `Shared`.
        unsafe { self.shared.ring.try_pop_bulk(items, max) }
    }

    /// Pops into `room` as many of the items that are inside as it has places, and says how many came. As
    /// [`Bounded::try_pop_into`](crate::queue::Bounded::try_pop_into).
    #[inline]
    pub fn try_pop_into(&self, room: &mut [MaybeUninit<T>]) -> usize {
        // SAFETY: pops of this ring are `Shared`.
        unsafe { self.shared.ring.try_pop_into(room) }
    }

    /// Refuses every push from now on; says whether this call did it. See the implementation of
    /// [`Queue`](crate::queue::Queue), which is where it is public: how exact it is depends on how the producer pushes.
    pub(in crate::queue) fn close(&self) -> bool {
        self.shared.gate.shut()
    }

    /// Whether pushes are refused: the ring was closed or the producer is gone. There may still be items inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.gate.is_shut()
    }

    /// The most items the ring holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.ring.capacity()
    }

    /// Items in the ring at a moment within the call, an item still being written among them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.ring.len()
    }

    /// Whether the ring held nothing at a moment within the call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.ring.is_empty()
    }

    /// Whether the ring held `capacity` items at a moment within the call.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.shared.ring.is_full()
    }

    /// What the ring holds and what has gone through it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl<T> Clone for Consumer<T> {
    fn clone(&self) -> Self {
        // Relaxed: the new handle comes from a living one, which orders it. It cannot overflow: the reference count of
        // the ring is raised with it, and aborts first.
        self.shared.consumers.fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        /// Goes on with the other items where dropping one of them panics.
        struct Rest<'a, T>(&'a Consumer<T>);

        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                while let Ok(item) = self.0.pop() {
                    drop(item);
                }
            }
        }

        // AcqRel: the last one is after all that the others did.
        if self.shared.consumers.fetch_sub(1, Ordering::AcqRel) == 1 {
            // First, so that the producer learns of it even where an item panics. What a push that is under way adds is
            // dropped with the ring.
            self.shared.gate.abandon();
            let rest = Rest(self);
            while let Ok(item) = rest.0.pop() {
                drop(item);
            }
        }
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
