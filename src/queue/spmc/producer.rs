#![allow(unsafe_code)] // Tells the ring that its pushing end is this handle's alone.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use super::shared::Shared;
use crate::primitive::Arc;
use crate::queue::{PushError, Source, Stats};

/// The pushing end of a [`ring`](super::ring). One thread has it at a time: it is `Send` and not `Sync`.
///
/// Dropping it closes the ring; the consumers still get everything that was pushed.
///
/// ```compile_fail,E0277
/// let (producer, _) = bedplate::queue::spmc::ring(4);
/// std::thread::scope(|s| {
///     s.spawn(|| producer.try_push(1));
/// });
/// ```
pub struct Producer<T> {
    shared: Arc<Shared<T>>,
    /// A shared reference to a producer does not leave its thread.
    one_thread: PhantomData<Cell<()>>,
}

impl<T> Producer<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared, one_thread: PhantomData }
    }

    /// Appends `item`, or gives it back. Wait-free.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] with `capacity` items inside, [`PushError::Busy`] where the pop that frees the next slot has
    /// begun and not finished, [`PushError::Closed`] after [`close`](Self::close) or once the last consumer is gone.
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        // SAFETY: this handle is the only one that pushes and sets the mark, and is not `Sync`.
        match unsafe { self.shared.ring.try_push(item, || !self.shared.gate.is_shut()) } {
            Err(PushError::Full(item) | PushError::Busy(item)) if self.shared.gate.is_shut() => {
                Err(PushError::Closed(item))
            }
            answer => answer,
        }
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. As
    /// [`Bounded::try_push_bulk`](crate::queue::Bounded::try_push_bulk).
    #[inline]
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        // SAFETY: this handle is the only one that pushes and sets the mark, and is not `Sync`.
        unsafe { self.shared.ring.try_push_bulk(items, || !self.shared.gate.is_shut()) }
    }

    /// Does a push so that a close by a consumer either refuses it or waits for it.
    #[inline]
    pub(in crate::queue) fn announced<R>(&self, push: impl FnOnce() -> R) -> R {
        self.shared.gate.announced(push)
    }

    /// Refuses every push from now on; says whether this call did it. The consumers still get what was pushed.
    pub fn close(&self) -> bool {
        self.shared.gate.shut()
    }

    /// Whether pushes are refused: the ring was closed or the last consumer is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.gate.is_shut()
    }

    /// Whether the last consumer was dropped, so that nobody will pop what is inside.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        self.shared.gate.is_abandoned()
    }

    /// The most items the ring holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.ring.capacity()
    }

    /// Items in the ring at a moment within the call.
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

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        self.close();
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
