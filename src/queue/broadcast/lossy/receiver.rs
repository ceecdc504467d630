use std::fmt;

use super::Plain;
use super::ring::{Found, Ring};
use crate::primitive::Arc;
use crate::primitive::atomic::Ordering;
use crate::queue::broadcast::{ReceiverStats, RecvError};

/// A receiving end of a [`lossy`](super::super::lossy()) broadcast: sees the items pushed since it subscribed, in order,
/// and learns how many it was too slow for.
///
/// What it got and what it was told to have lost is, together, everything that was pushed, each item once. A clone has
/// seen what its original has seen. A receiver is known to nobody: it holds nobody up, however long it stands still.
pub struct Receiver<T: Plain> {
    ring: Arc<Ring<T>>,
    /// Items passed since the beginning, seen or lost.
    next: u64,
    /// The slot of the next item.
    index: usize,
    received: u64,
    missed: u64,
}

impl<T: Plain> Receiver<T> {
    /// A receiver of what is pushed from now on.
    pub(super) fn subscribe_to(ring: &Arc<Ring<T>>) -> Self {
        // Acquire pairs with the Release in `Sender::write` (edge "tail"), though a tail that is too old would only
        // show older items.
        let next = ring.tail.load(Ordering::Acquire);
        Self { ring: Arc::clone(ring), next, index: ring.index_of(next), received: 0, missed: 0 }
    }

    /// Takes a copy of the next item. Wait-free.
    ///
    /// # Errors
    ///
    /// [`RecvError::Lagged`] with the exact number of items lost; the next call goes on with the oldest that was left,
    /// and may find that this one is gone meanwhile, too. [`RecvError::Empty`] where it has passed everything that was
    /// pushed, an item that is just being pushed left aside; [`RecvError::Closed`] where also nothing can come.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, RecvError> {
        match self.ring.read(self.next, self.index) {
            Found::Item(item) => Ok(self.pass(item)),
            Found::Overwritten(by) => Err(self.skip(by)),
            Found::NotYet => self.refuse(),
        }
    }

    /// Appends copies of up to `max` of the next items to `items`, and says how many. Ends early where it would have to
    /// tell of a loss, which the next call then does. May allocate in `items`.
    ///
    /// ```
    /// use bedplate::queue::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::lossy(4);
    /// sender.push_bulk(&[1, 2, 3]);
    /// let mut items = Vec::new();
    /// assert_eq!(receiver.try_recv_bulk(&mut items, 2), Ok(2));
    /// assert_eq!(items, [1, 2]);
    /// sender.push_bulk(&[4, 5, 6, 7, 8]);
    /// assert_eq!(receiver.try_recv_bulk(&mut items, 2), Err(RecvError::Lagged(2)));
    /// assert_eq!(receiver.try_recv_bulk(&mut items, 9), Ok(4));
    /// assert_eq!(items, [1, 2, 5, 6, 7, 8]);
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv), where there is none to append. With a `max` of zero, `Ok(0)`.
    pub fn try_recv_bulk(&mut self, items: &mut Vec<T>, max: usize) -> Result<usize, RecvError> {
        let mut n = 0;
        while n < max {
            match self.ring.read(self.next, self.index) {
                Found::Item(item) => items.push(self.pass(item)),
                // The loss and the end are told by a call that brings nothing else.
                _ if n > 0 => break,
                Found::Overwritten(by) => return Err(self.skip(by)),
                Found::NotYet => items.push(self.refuse()?),
            }
            n += 1;
        }
        Ok(n)
    }

    #[inline]
    fn pass(&mut self, item: T) -> T {
        self.next += 1;
        self.index = self.ring.after(self.index);
        self.received += 1;
        item
    }

    /// Goes on behind what is lost: the slot of the next item has that of position `by`, or will soon.
    #[cold]
    fn skip(&mut self, by: u64) -> RecvError {
        let capacity = self.ring.capacity as u64;
        // Acquire pairs with the Release in `Sender::write` (edge "tail"). It is not needed for what is right: `by`
        // alone says enough, and the tail may only say more.
        let tail = self.ring.tail.load(Ordering::Acquire);
        // A lap before `by`, the slot held an item that is gone.
        let oldest = (by + 1).max(tail) - capacity;
        let missed = oldest - self.next;
        self.next = oldest;
        self.index = self.ring.index_of(oldest);
        self.missed += missed;
        RecvError::Lagged(missed)
    }

    /// Why there is nothing to read, or what has come after all.
    #[cold]
    fn refuse(&mut self) -> Result<T, RecvError> {
        if !self.is_closed() {
            return Err(RecvError::Empty);
        }
        match self.ring.read(self.next, self.index) {
            Found::Item(item) => Ok(self.pass(item)),
            Found::Overwritten(by) => Err(self.skip(by)),
            Found::NotYet => Err(RecvError::Closed),
        }
    }

    /// A further receiver, of the items pushed from now on, whatever this one has before it.
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        Self::subscribe_to(&self.ring)
    }

    /// Whether pushes are refused. There may still be items to see.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    /// How many items may be before this receiver without it losing any.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity
    }

    /// Items pushed and not passed, as far as they are still there. The sender may be adding and overwriting some
    /// meanwhile.
    #[must_use]
    pub fn len(&self) -> usize {
        // Acquire: who sees the items counted finds them, or those that took their place (edge "tail"). Where items were
        // found before they were counted, the count is behind.
        let tail = self.ring.tail.load(Ordering::Acquire);
        tail.saturating_sub(self.next).min(self.ring.capacity as u64) as usize
    }

    /// Whether this receiver has passed everything that was pushed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What this receiver has seen, has lost, and has before it.
    #[must_use]
    pub fn stats(&self) -> ReceiverStats {
        ReceiverStats { len: self.len(), received: self.received, missed: self.missed, closed: self.is_closed() }
    }
}

impl<T: Plain> Clone for Receiver<T> {
    /// A receiver that has seen what this one has seen.
    fn clone(&self) -> Self {
        Self { ring: Arc::clone(&self.ring), next: self.next, index: self.index, received: 0, missed: 0 }
    }
}

impl<T: Plain> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
