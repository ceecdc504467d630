use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::sender::BUSY_SPINS;
use super::shared::Shared;
use super::{Iter, RecvError, RecvTimeoutError, Stats, TryIter, TryRecvError};
use crate::primitive::{Arc, spin_loop, thread};
use crate::queue::{Bounded, Pop, PopError, Segmented, spsc};
use crate::time::Deadline;

/// The receiver of [`channel::segmented`](super::segmented()).
pub type SegmentedReceiver<T> = Receiver<T, Arc<Segmented<T>>>;

/// The receiver of [`channel::spsc`](super::spsc()).
pub type SpscReceiver<T> = Receiver<T, spsc::Consumer<T>>;

/// The receiving end of a channel. Cloned where the queue has room for several receivers; each item goes to one of
/// them.
///
/// Dropping the last receiver closes the channel and drops what is inside.
#[must_use = "dropping the last receiver closes the channel"]
pub struct Receiver<T, Q: Pop<T> = Arc<Bounded<T>>> {
    queue: Q,
    shared: Arc<Shared>,
    item: PhantomData<fn() -> T>,
}

impl<T, Q: Pop<T>> Receiver<T, Q> {
    pub(super) fn new(queue: Q, shared: Arc<Shared>) -> Self {
        Self { queue, shared, item: PhantomData }
    }

    /// Receives the oldest item if there is one now. Does not wait.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] where there is none, also where the oldest is one that its sender has begun to put in and
    /// does not finish within a short spin; [`TryRecvError::Closed`] where the channel is closed and drained.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        for _ in 0..BUSY_SPINS {
            match self.queue.try_pop() {
                Ok(item) => {
                    self.shared.popped(1);
                    return Ok(item);
                }
                Err(PopError::Closed) => return Err(TryRecvError::Closed),
                Err(PopError::Empty) => return Err(TryRecvError::Empty),
                Err(PopError::Busy) => spin_loop(),
            }
        }
        Err(TryRecvError::Empty)
    }

    /// Receives the oldest item, and waits for one as long as it takes.
    ///
    /// ```
    /// use bedplate::channel::{self, RecvError};
    ///
    /// let (tx, rx) = channel::bounded(4);
    /// tx.send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv(), Ok(1));
    /// assert_eq!(rx.recv(), Err(RecvError));
    /// ```
    ///
    /// # Errors
    ///
    /// [`RecvError`] where the channel is closed and drained.
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_deadline(Deadline::NEVER).map_err(|_| RecvError)
    }

    /// Receives the oldest item, and waits for one up to `timeout` on the clock of the channel.
    ///
    /// # Errors
    ///
    /// As [`recv_deadline`](Self::recv_deadline).
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_deadline(Deadline::after(&self.shared.clock, timeout))
    }

    /// Receives the oldest item, and waits for one up to `deadline` on the clock of the channel. Receives also past the
    /// deadline what is there at once.
    ///
    /// # Errors
    ///
    /// [`RecvTimeoutError::Timeout`] where nothing came in time, [`RecvTimeoutError::Closed`] where the channel is closed
    /// and drained.
    #[inline]
    pub fn recv_deadline(&self, deadline: Deadline) -> Result<T, RecvTimeoutError> {
        match self.queue.try_pop() {
            Ok(item) => {
                self.shared.popped(1);
                Ok(item)
            }
            Err(_) => self.recv_slow(deadline),
        }
    }

    #[cold]
    fn recv_slow(&self, deadline: Deadline) -> Result<T, RecvTimeoutError> {
        let received = self.shared.not_empty.wait(&self.shared.clock, deadline, (), |()| match self.queue.try_pop() {
            Ok(item) => Ok(Ok(item)),
            Err(PopError::Closed) => Ok(Err(RecvTimeoutError::Closed)),
            Err(_) => Err(()),
        });
        let item = received.unwrap_or(Err(RecvTimeoutError::Timeout))?;
        self.shared.popped(1);
        self.pass_on();
        Ok(item)
    }

    /// Receives up to `max` items that are there now onto the end of `items`, and says how many. Does not wait.
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv), where there is none; never with a `max` of zero, which receives nothing.
    pub fn try_recv_many(&self, items: &mut Vec<T>, max: usize) -> Result<usize, TryRecvError> {
        for _ in 0..BUSY_SPINS {
            match self.pop_some(items, max) {
                Ok(Some(n)) => return Ok(n),
                Ok(None) => return Err(TryRecvError::Closed),
                Err(()) if self.queue.is_empty() => break,
                Err(()) => spin_loop(),
            }
        }
        Err(TryRecvError::Empty)
    }

    /// Receives up to `max` items onto the end of `items`, and says how many: waits for the first as long as it takes,
    /// and takes with it what is there then. With a `max` of zero it receives nothing and does not wait.
    ///
    /// May allocate in `items`.
    ///
    /// ```
    /// use bedplate::channel;
    ///
    /// let (tx, rx) = channel::bounded(8);
    /// tx.send_all(&mut vec![1, 2, 3]).unwrap();
    /// let mut batch = Vec::with_capacity(8);
    /// assert_eq!(rx.recv_many(&mut batch, 8), Ok(3));
    /// assert_eq!(batch, [1, 2, 3]);
    /// ```
    ///
    /// # Errors
    ///
    /// [`RecvError`] where the channel is closed and drained.
    pub fn recv_many(&self, items: &mut Vec<T>, max: usize) -> Result<usize, RecvError> {
        self.recv_many_deadline(items, max, Deadline::NEVER).map_err(|_| RecvError)
    }

    /// As [`recv_many`](Self::recv_many), and waits for the first item up to `timeout` on the clock of the channel.
    ///
    /// # Errors
    ///
    /// As [`recv_deadline`](Self::recv_deadline).
    pub fn recv_many_timeout(
        &self,
        items: &mut Vec<T>,
        max: usize,
        timeout: Duration,
    ) -> Result<usize, RecvTimeoutError> {
        self.recv_many_deadline(items, max, Deadline::after(&self.shared.clock, timeout))
    }

    /// As [`recv_many`](Self::recv_many), and waits for the first item up to `deadline` on the clock of the channel.
    ///
    /// # Errors
    ///
    /// As [`recv_deadline`](Self::recv_deadline).
    pub fn recv_many_deadline(
        &self,
        items: &mut Vec<T>,
        max: usize,
        deadline: Deadline,
    ) -> Result<usize, RecvTimeoutError> {
        let received = match self.pop_some(items, max) {
            Ok(received) => received,
            Err(()) => {
                let waited =
                    self.shared.not_empty.wait(&self.shared.clock, deadline, (), |()| self.pop_some(items, max));
                let received = waited.map_err(|()| RecvTimeoutError::Timeout)?;
                self.pass_on();
                received
            }
        };
        received.ok_or(RecvTimeoutError::Closed)
    }

    /// Pops what is there, up to `max`, and tells the senders. `Ok(None)`: the channel is closed and drained; `Err`:
    /// there is nothing yet.
    fn pop_some(&self, items: &mut Vec<T>, max: usize) -> Result<Option<usize>, ()> {
        if max == 0 {
            return Ok(Some(0));
        }
        let mut n = self.queue.try_pop_bulk(items, max);
        if n == 0 {
            // Asked once more for the reason, which may be an item by now.
            items.reserve(1);
            match self.queue.try_pop() {
                Ok(item) => items.push(item),
                Err(PopError::Closed) => return Ok(None),
                Err(_) => return Err(()),
            }
            n = 1;
        }
        self.shared.popped(n);
        Ok(Some(n))
    }

    /// Wakes the next receiver where items are left; see `Shared`.
    fn pass_on(&self) {
        if !self.queue.is_empty() {
            self.shared.not_empty.notify(1);
        }
    }

    /// Receives until the channel is closed and drained, and waits for each item.
    pub fn iter(&self) -> Iter<'_, T, Q> {
        Iter::new(self)
    }

    /// Receives what is there, and ends where [`try_recv`](Self::try_recv) brings nothing.
    pub fn try_iter(&self) -> TryIter<'_, T, Q> {
        TryIter::new(self)
    }

    /// Closes the channel; says whether this call did it. What was sent before is still received.
    ///
    /// ```
    /// use bedplate::channel;
    ///
    /// let (tx, rx) = channel::bounded(4);
    /// tx.send(1).unwrap();
    /// rx.close();
    /// assert!(tx.send(2).is_err());
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [1]);
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close(&self.queue)
    }

    /// Whether the channel is closed. There may still be items inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// Items in the channel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether the channel holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the channel holds as many items as its capacity.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.queue.is_full()
    }

    /// The most items the channel holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.queue.capacity()
    }

    /// What the channel holds, what has gone through it and who is at it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats(&self.queue)
    }

    /// Drops what is inside of a closed channel. An item whose sender is stopped half-way through the push is waited
    /// for only shortly; it is dropped with the queue then.
    fn discard(&self) {
        let mut patience = BUSY_SPINS;
        while patience > 0 {
            match self.queue.try_pop() {
                Ok(item) => drop(item),
                Err(PopError::Busy) => {
                    patience -= 1;
                    thread::yield_now();
                }
                Err(_) => break,
            }
        }
    }
}

impl<T, Q: Pop<T> + Clone> Clone for Receiver<T, Q> {
    fn clone(&self) -> Self {
        let clone = Self::new(self.queue.clone(), Arc::clone(&self.shared));
        self.shared.add_receiver();
        clone
    }
}

impl<T, Q: Pop<T>> Drop for Receiver<T, Q> {
    fn drop(&mut self) {
        if self.shared.remove_receiver() {
            // First, so that senders are woken even where dropping an item panics.
            self.close();
            self.discard();
        }
    }
}

impl<'a, T, Q: Pop<T>> IntoIterator for &'a Receiver<T, Q> {
    type Item = T;
    type IntoIter = Iter<'a, T, Q>;

    fn into_iter(self) -> Iter<'a, T, Q> {
        self.iter()
    }
}

impl<T, Q: Pop<T>> fmt::Debug for Receiver<T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
