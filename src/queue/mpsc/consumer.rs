#![allow(unsafe_code)] // Tells the ring that its popping end is this handle's alone.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use crate::primitive::Arc;
use crate::queue::ring::{Ring, Shared, Single};
use crate::queue::{PopError, Stats};

/// The popping end of a [`ring`](super::ring). One thread has it at a time: it is `Send` and not `Sync`.
///
/// Dropping it closes the ring and drops what is inside.
///
/// ```compile_fail,E0277
/// let (_, consumer) = bedplate::queue::mpsc::ring::<u32>(4);
/// std::thread::scope(|s| {
///     s.spawn(|| consumer.try_pop());
/// });
/// ```
pub struct Consumer<T> {
    ring: Arc<Ring<T, Shared, Single>>,
    /// A shared reference to a consumer does not leave its thread.
    one_thread: PhantomData<Cell<()>>,
}

impl<T> Consumer<T> {
    pub(super) fn new(ring: Arc<Ring<T, Shared, Single>>) -> Self {
        Self { ring, one_thread: PhantomData }
    }

    /// Takes the oldest item. Wait-free.
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] with nothing inside, [`PopError::Busy`] where the push of the oldest item has begun and not
    /// finished, [`PopError::Closed`] where the ring is closed and drained.
    #[inline]
    pub fn try_pop(&self) -> Result<T, PopError> {
        // SAFETY: this handle is the only one that pops, and is not `Sync`.
        unsafe { self.ring.try_pop() }
    }

    /// Pops up to `max` of the items that are inside onto the end of `items`, and says how many came. As
    /// [`Bounded::try_pop_bulk`](crate::queue::Bounded::try_pop_bulk).
    #[inline]
    pub fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        // SAFETY: this handle is the only one that pops, and is not `Sync`.
        unsafe { self.ring.try_pop_bulk(items, max) }
    }

    /// Pops into `room` as many of the items that are inside as it has places, and says how many came. As
    /// [`Bounded::try_pop_into`](crate::queue::Bounded::try_pop_into).
    #[inline]
    pub fn try_pop_into(&self, room: &mut [MaybeUninit<T>]) -> usize {
        // SAFETY: this handle is the only one that pops, and is not `Sync`.
        unsafe { self.ring.try_pop_into(room) }
    }

    /// Refuses every push from now on; says whether this call did it. What was pushed is still popped.
    pub fn close(&self) -> bool {
        self.ring.close()
    }

    /// Whether pushes are refused. There may still be items inside.
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

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        /// Goes on with the other items where dropping one of them panics.
        struct Rest<'a, T>(&'a Consumer<T>);

        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                while let Ok(item) = self.0.try_pop() {
                    drop(item);
                }
            }
        }

        // First, so that producers learn of it even where an item panics. An item whose push is unfinished is dropped
        // with the ring.
        self.close();
        let rest = Rest(self);
        while let Ok(item) = rest.0.try_pop() {
            drop(item);
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
