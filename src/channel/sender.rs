use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::shared::Shared;
use super::{SendError, SendTimeoutError, Stats, TrySendError};
use crate::primitive::{Arc, spin_loop};
use crate::queue::{Bounded, Push, PushError, Segmented, spsc};
use crate::time::Deadline;

/// The sender of [`channel::segmented`](super::segmented()).
pub type SegmentedSender<T> = Sender<T, Arc<Segmented<T>>>;

/// The sender of [`channel::spsc`](super::spsc()).
pub type SpscSender<T> = Sender<T, spsc::Producer<T>>;

/// Tries at a place that a peer has not finished with, before an operation that must not wait gives up on it. The peer
/// needs a few instructions for it unless it was stopped there.
pub(super) const BUSY_SPINS: usize = if cfg!(bedplate_loom) { 1 } else { 16 };

/// The sending end of a channel. Cloned where the queue has room for several senders.
///
/// Dropping the last sender closes the channel; what was sent is still received.
#[must_use = "dropping the last sender closes the channel"]
pub struct Sender<T, Q: Push<T> = Arc<Bounded<T>>> {
    queue: Q,
    shared: Arc<Shared>,
    item: PhantomData<fn(T)>,
}

impl<T, Q: Push<T>> Sender<T, Q> {
    pub(super) fn new(queue: Q, shared: Arc<Shared>) -> Self {
        Self { queue, shared, item: PhantomData }
    }

    /// Sends `item` if there is room now. Does not wait.
    ///
    /// # Errors
    ///
    /// [`TrySendError::Full`] without room, also where the only room is a place that another thread has begun to empty
    /// and does not finish within a short spin; [`TrySendError::Closed`] after the close.
    pub fn try_send(&self, item: T) -> Result<(), TrySendError<T>> {
        let mut item = item;
        for _ in 0..BUSY_SPINS {
            item = match self.queue.try_push(item) {
                Ok(()) => {
                    self.shared.pushed(1);
                    return Ok(());
                }
                Err(PushError::Closed(item)) => {
                    self.shared.refused();
                    return Err(TrySendError::Closed(item));
                }
                Err(PushError::Full(full)) => {
                    item = full;
                    break;
                }
                Err(PushError::Busy(item)) => item,
            };
            spin_loop();
        }
        self.shared.refused();
        Err(TrySendError::Full(item))
    }

    /// Sends `item`, and waits for room as long as it takes.
    ///
    /// ```
    /// use bedplate::channel::{self, SendError};
    ///
    /// let (tx, rx) = channel::bounded(1);
    /// tx.send("a")?;
    /// assert_eq!(rx.recv(), Ok("a"));
    /// drop(rx);
    /// assert_eq!(tx.send("b"), Err(SendError("b")));
    /// # Ok::<(), SendError<&str>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SendError`] with the item where the channel is closed, before or while it waits.
    #[inline]
    pub fn send(&self, item: T) -> Result<(), SendError<T>> {
        self.send_deadline(item, Deadline::NEVER).map_err(|e| SendError(e.into_inner()))
    }

    /// Sends `item`, and waits for room up to `timeout` on the clock of the channel.
    ///
    /// # Errors
    ///
    /// As [`send_deadline`](Self::send_deadline).
    pub fn send_timeout(&self, item: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_deadline(item, Deadline::after(&self.shared.clock, timeout))
    }

    /// Sends `item`, and waits for room up to `deadline` on the clock of the channel. Sends it also past the deadline
    /// if there is room at once.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError::Timeout`] with the item where no room came in time, [`SendTimeoutError::Closed`] with the
    /// item where the channel is closed.
    #[inline]
    pub fn send_deadline(&self, item: T, deadline: Deadline) -> Result<(), SendTimeoutError<T>> {
        match self.queue.try_push(item) {
            Ok(()) => {
                self.shared.pushed(1);
                Ok(())
            }
            Err(refused) => self.send_slow(refused.into_inner(), deadline),
        }
    }

    #[cold]
    fn send_slow(&self, item: T, deadline: Deadline) -> Result<(), SendTimeoutError<T>> {
        let sent =
            self.shared.not_full.wait(&self.shared.clock, deadline, item, |item| match self.queue.try_push(item) {
                Ok(()) => Ok(Ok(())),
                Err(PushError::Closed(item)) => Ok(Err(item)),
                Err(refused) => Err(refused.into_inner()),
            });
        let refused = match sent {
            Ok(Ok(())) => {
                self.shared.pushed(1);
                self.pass_on();
                return Ok(());
            }
            Ok(Err(item)) => SendTimeoutError::Closed(item),
            Err(item) => SendTimeoutError::Timeout(item),
        };
        self.shared.refused();
        Err(refused)
    }

    /// Sends from the front of `items` what there is room for now; what there is not stays in `items`, in order.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] where items are left, and why.
    pub fn try_send_all(&self, items: &mut Vec<T>) -> Result<(), TrySendError<()>> {
        for _ in 0..BUSY_SPINS {
            match self.push_some(items) {
                Some(Ok(())) => return Ok(()),
                Some(Err(())) => {
                    self.shared.refused();
                    return Err(TrySendError::Closed(()));
                }
                None if self.queue.is_full() => break,
                None => spin_loop(),
            }
        }
        self.shared.refused();
        Err(TrySendError::Full(()))
    }

    /// Sends all of `items` in order, and waits for room as long as it takes. Other senders may come between them.
    ///
    /// ```
    /// use bedplate::channel;
    ///
    /// let (tx, rx) = channel::bounded(8);
    /// let mut batch = vec![1, 2, 3];
    /// tx.send_all(&mut batch)?;
    /// assert!(batch.is_empty()); // Its memory is kept for the next batch.
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// # Ok::<(), channel::SendError<()>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SendError`] where the channel is closed; what was not sent is still in `items`.
    pub fn send_all(&self, items: &mut Vec<T>) -> Result<(), SendError<()>> {
        self.send_all_deadline(items, Deadline::NEVER).map_err(|_| SendError(()))
    }

    /// Sends all of `items` in order, and waits for room up to `timeout` on the clock of the channel.
    ///
    /// # Errors
    ///
    /// As [`send_all_deadline`](Self::send_all_deadline).
    pub fn send_all_timeout(&self, items: &mut Vec<T>, timeout: Duration) -> Result<(), SendTimeoutError<()>> {
        self.send_all_deadline(items, Deadline::after(&self.shared.clock, timeout))
    }

    /// Sends all of `items` in order, and waits for room up to `deadline` on the clock of the channel.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError`] where it could not send all of them; what was not sent is still in `items`.
    pub fn send_all_deadline(&self, items: &mut Vec<T>, deadline: Deadline) -> Result<(), SendTimeoutError<()>> {
        let result = match self.push_some(items) {
            Some(sent) => sent.map_err(SendTimeoutError::Closed),
            None => self.send_all_slow(items, deadline),
        };
        if result.is_err() {
            self.shared.refused();
        }
        result
    }

    #[cold]
    fn send_all_slow(&self, items: &mut Vec<T>, deadline: Deadline) -> Result<(), SendTimeoutError<()>> {
        let attempt = |()| self.push_some(items).ok_or(());
        let sent = self.shared.not_full.wait(&self.shared.clock, deadline, (), attempt);
        self.pass_on();
        sent.map_err(SendTimeoutError::Timeout)?.map_err(SendTimeoutError::Closed)
    }

    /// Pushes what there is room for and tells the receivers. `Some(Ok)`: nothing is left; `Some(Err)`: the channel is
    /// closed; `None`: the rest must wait.
    fn push_some(&self, items: &mut Vec<T>) -> Option<Result<(), ()>> {
        let n = self.queue.try_push_bulk(items);
        if n > 0 {
            self.shared.pushed(n);
        }
        if items.is_empty() {
            Some(Ok(()))
        } else if self.queue.is_closed() {
            Some(Err(()))
        } else {
            None
        }
    }

    /// Wakes the next sender where there is room left; see `Shared`.
    fn pass_on(&self) {
        if !self.queue.is_full() {
            self.shared.not_full.notify(1);
        }
    }

    /// Closes the channel; says whether this call did it. What was sent is still received.
    pub fn close(&self) -> bool {
        self.shared.close(&self.queue)
    }

    /// Whether the channel is closed, so that every send will be refused.
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
}

impl<T, Q: Push<T> + Clone> Clone for Sender<T, Q> {
    fn clone(&self) -> Self {
        let clone = Self::new(self.queue.clone(), Arc::clone(&self.shared));
        self.shared.add_sender();
        clone
    }
}

impl<T, Q: Push<T>> Drop for Sender<T, Q> {
    fn drop(&mut self) {
        if self.shared.remove_sender() {
            self.close();
        }
    }
}

impl<T, Q: Push<T>> fmt::Debug for Sender<T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
