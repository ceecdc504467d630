use std::cell::Cell;
use std::fmt;

use super::ring::Ring;
use super::{Plain, Receiver, SharedSender};
use crate::primitive::Arc;
use crate::primitive::atomic::Ordering;
use crate::queue::PushError;
use crate::queue::broadcast::Stats;

/// The pushing end of a [`lossy`](super::super::lossy()) broadcast. One thread has it at a time: it is `Send` and not
/// `Sync`.
///
/// Dropping it closes the broadcast; the receivers still get what is in the ring.
pub struct Sender<T: Plain> {
    pub(super) ring: Arc<Ring<T>>,
    /// Items pushed; what the ring's tail says, or will after the push at work.
    tail: Cell<u64>,
    /// The slot of the next item.
    index: Cell<usize>,
}

impl<T: Plain> Sender<T> {
    pub(super) fn new(ring: Arc<Ring<T>>) -> Self {
        Self { ring, tail: Cell::new(0), index: Cell::new(0) }
    }

    /// Hands `item` to every receiver, in place of the oldest where the ring is full. Wait-free: looks at no receiver.
    ///
    /// # Errors
    ///
    /// [`PushError::Closed`] after [`close`](Self::close); no other.
    #[inline]
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        if self.is_closed() {
            return Err(PushError::Closed(item));
        }
        self.write(&item);
        Ok(())
    }

    /// Pushes all of `items`, in order, and says how many: all, or none where the broadcast is closed. Each is a push of
    /// its own.
    ///
    /// ```
    /// use bedplate::queue::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::lossy(4);
    /// assert_eq!(sender.push_bulk(&[1, 2, 3, 4, 5, 6]), 6);
    /// assert_eq!(receiver.try_recv(), Err(RecvError::Lagged(2)));
    /// ```
    pub fn push_bulk(&self, items: &[T]) -> usize {
        if self.is_closed() {
            return 0;
        }
        items.iter().for_each(|item| self.write(item));
        items.len()
    }

    #[inline]
    fn write(&self, item: &T) {
        let (at, index) = (self.tail.get(), self.index.get());
        self.ring.write(at, index, item);
        self.index.set(self.ring.after(index));
        self.tail.set(at + 1);
        // Release pairs with the Acquire loads of the tail in `Receiver` (edge "tail"): who sees the count finds the
        // marks of these items, or later ones.
        self.ring.tail.store(at + 1, Ordering::Release);
    }

    /// Refuses every push from now on; says whether this call did it. The receivers still get what is in the ring.
    pub fn close(&self) -> bool {
        // Release pairs with the Acquire in `Receiver::is_closed` (edge "close"): once closed, the marks are final.
        !self.ring.closed.swap(true, Ordering::Release)
    }

    /// Whether pushes are refused.
    #[inline]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // Relaxed: this end alone closes.
        self.ring.closed.load(Ordering::Relaxed)
    }

    /// A receiver of the items pushed from now on. Any number of receivers cost the sender nothing.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribe_to(&self.ring)
    }

    /// Puts this end behind a lock, for several threads that push.
    #[must_use = "the handle is the sender now; dropping it closes the broadcast"]
    pub fn into_shared(self) -> SharedSender<T> {
        SharedSender::new(self)
    }

    /// How many items a receiver may have before it without losing any.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity
    }

    /// What the broadcast holds and what was pushed to it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.ring.stats()
    }
}

impl<T: Plain> Drop for Sender<T> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T: Plain> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("capacity", &self.capacity())
            .field("pushed", &self.tail.get())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
