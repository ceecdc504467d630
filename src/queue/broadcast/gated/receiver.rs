#![allow(unsafe_code)] // Reads the slots between its cursor and the tail, see `Ring`.

use std::fmt;

use super::ReadGuard;
use super::ring::{Cursor, GONE, Ring};
use crate::primitive::Arc;
use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::queue::broadcast::{ReceiverStats, RecvError};
use crate::sync::CachePadded;

/// A receiving end of a [`gated`](super::super::gated()) broadcast: sees every item pushed since it subscribed, in
/// order, and keeps the sender from getting more than `capacity` items ahead of it.
///
/// A clone has seen what its original has seen. Dropping a receiver unsubscribes it: from then on it holds nobody up.
/// That takes no lock.
pub struct Receiver<T> {
    pub(super) ring: Arc<Ring<T>>,
    cursor: Arc<Cursor>,
    /// Items passed since the beginning; what the cursor says.
    next: u64,
    /// The slot of the next item.
    pub(super) index: usize,
    /// The tail as last read. The true one may be further on.
    tail_seen: u64,
    received: u64,
}

impl<T> Receiver<T> {
    /// A receiver of what is pushed from now on.
    pub(super) fn subscribe_to(ring: &Arc<Ring<T>>) -> Self {
        Self::registered(ring, None)
    }

    fn registered(ring: &Arc<Ring<T>>, at: Option<u64>) -> Self {
        let cursor = Arc::new(CachePadded::new(AtomicU64::new(GONE)));
        let next = ring.register(&cursor, at);
        Self { ring: Arc::clone(ring), cursor, next, index: ring.index_of(next), tail_seen: next, received: 0 }
    }

    /// Borrows the next item in place. It counts as seen when the guard is dropped; until then it, and those after it,
    /// keep the sender from their slots. A guard that is leaked leaves the item unseen.
    ///
    /// ```
    /// use bedplate::queue::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::gated(4);
    /// sender.try_push(String::from("large")).unwrap();
    /// {
    ///     let item = receiver.try_read()?;
    ///     assert_eq!(item.len(), 5);
    /// }
    /// assert_eq!(receiver.try_read().unwrap_err(), RecvError::Empty);
    /// # Ok::<(), RecvError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`RecvError::Empty`] where it has seen everything; [`RecvError::Closed`] where also nothing can come.
    pub fn try_read(&mut self) -> Result<ReadGuard<'_, T>, RecvError> {
        self.refresh(1)?;
        Ok(ReadGuard::new(self))
    }

    /// Takes a copy of the next item. Wait-free, as far as the item's `clone` is.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read).
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, RecvError>
    where
        T: Clone,
    {
        self.refresh(1)?;
        let batch = Batch { receiver: self, passed: 1 };
        // SAFETY: the item is below the tail as this receiver has read it; the cursor moves when the batch is dropped.
        Ok(unsafe { batch.receiver.ring.peek(batch.receiver.index) }.clone())
    }

    /// Shows up to `max` of the next items to `f`, in place and in order, and says how many. They count as seen, and
    /// their slots go back to the sender, all at once at the end: that is one store for the batch. Where `f` panics, the
    /// items up to that one count as seen.
    ///
    /// # Errors
    ///
    /// As [`try_read`](Self::try_read), where there is none to show. With a `max` of zero, `Ok(0)`.
    pub fn try_read_bulk(&mut self, max: usize, mut f: impl FnMut(&T)) -> Result<usize, RecvError> {
        if max == 0 {
            return Ok(0);
        }
        let n = self.refresh(max as u64)?.min(max as u64) as usize;
        let mut batch = Batch { receiver: self, passed: 0 };
        let (receiver, passed) = (&*batch.receiver, &mut batch.passed);
        let f = |item: &T| {
            *passed += 1;
            f(item);
        };
        // SAFETY: the items are below the tail as this receiver has read it; the cursor moves when the batch is dropped.
        unsafe { receiver.ring.read(receiver.index, n, f) };
        Ok(n)
    }

    /// Appends copies of up to `max` of the next items to `items`, and says how many. See
    /// [`try_read_bulk`](Self::try_read_bulk).
    ///
    /// ```
    /// use bedplate::queue::broadcast::{self, RecvError};
    ///
    /// let (sender, mut receiver) = broadcast::gated(4);
    /// sender.try_push_bulk(&mut vec![1, 2, 3]);
    /// let mut items = vec![0];
    /// assert_eq!(receiver.try_recv_bulk(&mut items, 2), Ok(2));
    /// assert_eq!(items, [0, 1, 2]);
    /// assert_eq!(receiver.try_recv_bulk(&mut items, 2), Ok(1));
    /// assert_eq!(receiver.try_recv_bulk(&mut items, 2), Err(RecvError::Empty));
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_read_bulk`](Self::try_read_bulk).
    pub fn try_recv_bulk(&mut self, items: &mut Vec<T>, max: usize) -> Result<usize, RecvError>
    where
        T: Clone,
    {
        // Before the first copy, so that it allocates once.
        items.reserve(self.available(max as u64).min(max as u64) as usize);
        self.try_read_bulk(max, |item| items.push(item.clone()))
    }

    /// Items that can be read, at least one; looks at the sender's line only where fewer than `wanted` are known.
    #[inline]
    fn refresh(&mut self, wanted: u64) -> Result<u64, RecvError> {
        match self.available(wanted) {
            0 => self.refuse(),
            n => Ok(n),
        }
    }

    #[inline]
    fn available(&mut self, wanted: u64) -> u64 {
        let known = self.tail_seen - self.next;
        if known >= wanted {
            return known;
        }
        // Acquire pairs with the Release in `Sender::publish` (edge "publish"): the items are in their slots.
        self.tail_seen = self.ring.tail.load(Ordering::Acquire);
        self.tail_seen - self.next
    }

    /// Why there is nothing to read, or what has come after all.
    #[cold]
    fn refuse(&mut self) -> Result<u64, RecvError> {
        if !self.is_closed() {
            return Err(RecvError::Empty);
        }
        match self.available(1) {
            0 => Err(RecvError::Closed),
            n => Ok(n),
        }
    }

    /// Counts the next `n` items as seen and gives their slots back; there are that many.
    #[inline]
    pub(super) fn release(&mut self, n: usize) {
        self.index = self.ring.after(self.index, n);
        self.next += n as u64;
        self.received += n as u64;
        // Release pairs with the Acquire in `least` (edge "seen"): this receiver has done with the items.
        self.cursor.store(self.next, Ordering::Release);
    }

    /// A further receiver that sees every item pushed from now on, whatever this one has before it. Takes the lock
    /// that [`Sender::subscribe`](super::Sender::subscribe) takes.
    #[must_use = "a receiver that is not used gates the sender; drop it to unsubscribe"]
    pub fn resubscribe(&self) -> Self {
        Self::subscribe_to(&self.ring)
    }

    /// Whether pushes are refused. There may still be items to see.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // Acquire pairs with the Release in `Sender::close` (edge "close").
        self.ring.closed.load(Ordering::Acquire)
    }

    /// The most items the sender gets ahead of this receiver.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Items pushed and not seen by this receiver; the sender may be adding some meanwhile.
    #[must_use]
    pub fn len(&self) -> usize {
        // Acquire: who sees the items counted can read them (edge "publish").
        (self.ring.tail.load(Ordering::Acquire) - self.next) as usize
    }

    /// Whether this receiver has seen everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What this receiver has seen and has before it.
    #[must_use]
    pub fn stats(&self) -> ReceiverStats {
        ReceiverStats { len: self.len(), received: self.received, missed: 0, closed: self.is_closed() }
    }
}

/// Some items being read. Dropped, also by a panic, it counts those as seen that were passed.
struct Batch<'a, T> {
    receiver: &'a mut Receiver<T>,
    passed: usize,
}

impl<T> Drop for Batch<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.receiver.release(self.passed);
    }
}

impl<T> Clone for Receiver<T> {
    /// A receiver that has seen what this one has seen. Takes the lock that
    /// [`Sender::subscribe`](super::Sender::subscribe) takes.
    fn clone(&self) -> Self {
        // The gate is not above this receiver's cursor, which stays while it is borrowed.
        Self::registered(&self.ring, Some(self.next))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // Release pairs with the Acquire in `least` (edge "seen"). Not taken off the list here, which would need the
        // lock: the next look does that.
        self.cursor.store(GONE, Ordering::Release);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
