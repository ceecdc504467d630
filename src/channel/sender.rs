use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::backoff::MODELLED;
use super::shared::Shared;
use super::waiters::Attempt;
use super::{Ready, SendError, SendTimeoutError, Stats, TrySendError};
use crate::primitive::{Arc, spin_loop};
use crate::queue::{Bounded, Push, PushError, Segmented, Source, mpsc, spmc, spsc};
use crate::time::Deadline;

/// The sender of [`channel::segmented`](super::segmented()).
pub type SegmentedSender<T> = Sender<T, Arc<Segmented<T>>>;

/// The sender of [`channel::spsc`](super::spsc()).
pub type SpscSender<T> = Sender<T, spsc::Producer<T>>;

/// The sender of [`channel::mpsc`](super::mpsc()).
pub type MpscSender<T> = Sender<T, mpsc::Producer<T>>;

/// The sender of [`channel::spmc`](super::spmc()).
pub type SpmcSender<T> = Sender<T, spmc::Producer<T>>;

/// Tries at a place that a peer has not finished with, before an operation that must not wait gives up on it. The peer
/// needs a few instructions for it unless it was stopped there.
pub(super) const BUSY_SPINS: usize = if MODELLED { 1 } else { 16 };

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
                    self.pushed();
                    return Ok(());
                }
                Err(PushError::Closed(item)) => return Err(TrySendError::Closed(item)),
                Err(PushError::Full(item)) => return Err(TrySendError::Full(item)),
                Err(PushError::Busy(item)) => item,
            };
            spin_loop();
        }
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
                self.pushed();
                Ok(())
            }
            Err(refused) => self.send_slow(refused.into_inner(), deadline),
        }
    }

    #[cold]
    fn send_slow(&self, item: T, deadline: Deadline) -> Result<(), SendTimeoutError<T>> {
        let attempt = |item| match self.queue.try_push(item) {
            Ok(()) => {
                self.pushed();
                Attempt::Done(Ok(()))
            }
            Err(PushError::Closed(item)) => Attempt::Done(Err(item)),
            Err(PushError::Full(item)) => Attempt::Nothing(item),
            Err(PushError::Busy(item)) => Attempt::Busy(item),
        };
        match self.wait(deadline, item, attempt) {
            Ok(sent) => sent.map_err(SendTimeoutError::Closed),
            Err(item) => Err(SendTimeoutError::Timeout(item)),
        }
    }

    /// Waits for room; see `Waiters::wait`.
    fn wait<S, R>(&self, deadline: Deadline, state: S, attempt: impl FnMut(S) -> Attempt<R, S>) -> Result<R, S> {
        let Shared { not_full, wait, clock, .. } = &*self.shared;
        not_full.wait(*wait, clock, deadline, state, attempt, || !self.queue.is_full())
    }

    /// An item has been pushed, or several.
    #[inline]
    fn pushed(&self) {
        self.shared.pushed(Q::CLAIMS);
    }

    /// Sends from the front of `items` what there is room for now; what there is not stays in `items`, in order. Does
    /// not wait.
    ///
    /// # Errors
    ///
    /// [`TrySendError`] where items are left, and why.
    pub fn try_send_all<S: Source<T>>(&self, items: &mut S) -> Result<(), TrySendError<()>> {
        for _ in 0..BUSY_SPINS {
            match self.push_some(items) {
                Attempt::Done(Ok(())) => return Ok(()),
                Attempt::Done(Err(())) => return Err(TrySendError::Closed(())),
                Attempt::Nothing(()) => break,
                Attempt::Busy(()) => spin_loop(),
            }
        }
        Err(TrySendError::Full(()))
    }

    /// Sends all of `items` in order, and waits for room as long as it takes. Other senders may come between them.
    ///
    /// Takes them from a `Vec`, a `vec::Drain`, a `vec::IntoIter`, or for `Copy` items a slice; see
    /// [`queue::Source`](Source). Receivers are woken for what one claim of the queue brought them, not for each item.
    ///
    /// ```
    /// use bedplate::channel;
    ///
    /// let (tx, rx) = channel::bounded(8);
    /// let mut batch = vec![1, 2, 3];
    /// tx.send_all(&mut batch)?;
    /// assert!(batch.is_empty()); // Its memory is kept for the next batch.
    /// tx.send_all(&mut [4, 5].as_slice())?;
    /// assert_eq!(rx.try_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    /// # Ok::<(), channel::SendError<()>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`SendError`] where the channel is closed; what was not sent is still in `items`.
    pub fn send_all<S: Source<T>>(&self, items: &mut S) -> Result<(), SendError<()>> {
        self.send_all_deadline(items, Deadline::NEVER).map_err(|_| SendError(()))
    }

    /// Sends all of `items` in order, and waits for room up to `timeout` on the clock of the channel.
    ///
    /// # Errors
    ///
    /// As [`send_all_deadline`](Self::send_all_deadline).
    pub fn send_all_timeout<S: Source<T>>(&self, items: &mut S, timeout: Duration) -> Result<(), SendTimeoutError<()>> {
        self.send_all_deadline(items, Deadline::after(&self.shared.clock, timeout))
    }

    /// Sends all of `items` in order, and waits for room up to `deadline` on the clock of the channel. Sends also past
    /// the deadline what there is room for at once.
    ///
    /// # Errors
    ///
    /// [`SendTimeoutError`] where it could not send all of them; what was not sent is still in `items`.
    pub fn send_all_deadline<S: Source<T>>(
        &self,
        items: &mut S,
        deadline: Deadline,
    ) -> Result<(), SendTimeoutError<()>> {
        match self.push_some(items) {
            Attempt::Done(sent) => sent.map_err(SendTimeoutError::Closed),
            Attempt::Nothing(()) | Attempt::Busy(()) => self.send_all_slow(items, deadline),
        }
    }

    #[cold]
    fn send_all_slow<S: Source<T>>(&self, items: &mut S, deadline: Deadline) -> Result<(), SendTimeoutError<()>> {
        let mut left = items.waiting().len();
        loop {
            // Ends with each claim: a wait that goes on is one that found nothing to do.
            let attempt = |()| match self.push_some(items) {
                Attempt::Nothing(()) | Attempt::Busy(()) if items.waiting().len() < left => Attempt::Done(None),
                Attempt::Done(sent) => Attempt::Done(Some(sent)),
                Attempt::Nothing(()) => Attempt::Nothing(()),
                Attempt::Busy(()) => Attempt::Busy(()),
            };
            match self.wait(deadline, (), attempt) {
                Ok(Some(sent)) => return sent.map_err(SendTimeoutError::Closed),
                Ok(None) => left = items.waiting().len(),
                Err(()) => return Err(SendTimeoutError::Timeout(())),
            }
        }
    }

    /// Pushes what there is room for and tells the receivers. `Done(Ok)`: nothing is left to send; `Done(Err)`: the
    /// channel is closed.
    fn push_some<S: Source<T>>(&self, items: &mut S) -> Attempt<Result<(), ()>, ()> {
        if self.queue.try_push_bulk(items) > 0 {
            self.pushed();
        }
        if items.waiting().is_empty() {
            Attempt::Done(Ok(()))
        } else if self.queue.is_closed() {
            Attempt::Done(Err(()))
        } else if self.queue.is_full() {
            Attempt::Nothing(())
        } else {
            Attempt::Busy(())
        }
    }

    /// Says whether a send is worth a try now; where not, the closure of
    /// [`Builder::on_writable`](super::Builder::on_writable) will be called once, when it is.
    ///
    /// For a thread that waits in an event loop of its own. One-shot, as an `EPOLLONESHOT` of epoll: arm it again after
    /// a send has been refused. See [`Receiver::arm`](super::Receiver::arm), which is its like for the other end.
    ///
    /// # Panics
    ///
    /// If the channel was built without `on_writable`.
    pub fn arm(&self) -> Ready {
        assert!(self.shared.not_full.has_hook(), "Sender::arm: the channel was built without `on_writable`");
        self.shared.not_full.arm(|| !self.queue.is_full() || self.queue.is_closed())
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
