use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use super::sender::BUSY_SPINS;
use super::shared::Shared;
use super::waiters::Attempt;
use super::{IntoIter, Iter, Ready, RecvError, RecvTimeoutError, Stats, TryIter, TryRecvError};
use crate::primitive::{Arc, spin_loop, thread};
use crate::queue::{Bounded, Pop, PopError, Segmented, mpsc, spmc, spsc};
use crate::time::Deadline;

/// The receiver of [`channel::segmented`](super::segmented()).
pub type SegmentedReceiver<T> = Receiver<T, Arc<Segmented<T>>>;

/// The receiver of [`channel::spsc`](super::spsc()).
pub type SpscReceiver<T> = Receiver<T, spsc::Consumer<T>>;

/// The receiver of [`channel::mpsc`](super::mpsc()).
pub type MpscReceiver<T> = Receiver<T, mpsc::Consumer<T>>;

/// The receiver of [`channel::spmc`](super::spmc()).
pub type SpmcReceiver<T> = Receiver<T, spmc::Consumer<T>>;

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
    /// [`TryRecvError::Empty`] where there is none, also where a peer has begun and not finished with the place it needs
    /// and does not within a short spin; [`TryRecvError::Closed`] where the channel is closed and drained.
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        for _ in 0..BUSY_SPINS {
            match self.queue.try_pop() {
                Ok(item) => {
                    self.popped();
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
                self.popped();
                Ok(item)
            }
            Err(_) => self.recv_slow(deadline),
        }
    }

    #[cold]
    fn recv_slow(&self, deadline: Deadline) -> Result<T, RecvTimeoutError> {
        let attempt = |()| match self.queue.try_pop() {
            Ok(item) => {
                self.popped();
                Attempt::Done(Ok(item))
            }
            Err(PopError::Closed) => Attempt::Done(Err(RecvTimeoutError::Closed)),
            Err(PopError::Empty) => Attempt::Nothing(()),
            Err(PopError::Busy) => Attempt::Busy(()),
        };
        self.wait(deadline, attempt).unwrap_or(Err(RecvTimeoutError::Timeout))
    }

    /// Waits for an item; see `Waiters::wait`.
    fn wait<R>(&self, deadline: Deadline, attempt: impl FnMut(()) -> Attempt<R, ()>) -> Result<R, ()> {
        let Shared { not_empty, wait, clock, .. } = &*self.shared;
        not_empty.wait(*wait, clock, deadline, (), attempt, || !self.queue.is_empty())
    }

    /// An item has been popped, or several.
    #[inline]
    fn popped(&self) {
        self.shared.popped(Q::CLAIMS);
    }

    /// Receives up to `max` items that are there now onto the end of `items`, and says how many. Does not wait.
    ///
    /// # Errors
    ///
    /// As [`try_recv`](Self::try_recv), where there is none; never with a `max` of zero, which receives nothing.
    pub fn try_recv_many(&self, items: &mut Vec<T>, max: usize) -> Result<usize, TryRecvError> {
        for _ in 0..BUSY_SPINS {
            match self.pop_some(items, max) {
                Attempt::Done(received) => return received.ok_or(TryRecvError::Closed),
                Attempt::Nothing(()) => break,
                Attempt::Busy(()) => spin_loop(),
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
            Attempt::Done(received) => received,
            Attempt::Nothing(()) | Attempt::Busy(()) => {
                self.wait(deadline, |()| self.pop_some(items, max)).map_err(|()| RecvTimeoutError::Timeout)?
            }
        };
        received.ok_or(RecvTimeoutError::Closed)
    }

    /// Pops what is there, up to `max`, and tells the senders. `Done(None)`: the channel is closed and drained.
    fn pop_some(&self, items: &mut Vec<T>, max: usize) -> Attempt<Option<usize>, ()> {
        if max == 0 {
            return Attempt::Done(Some(0));
        }
        let mut n = self.queue.try_pop_bulk(items, max);
        if n == 0 {
            // Asked once more for the reason, which may be an item by now.
            items.reserve(1);
            match self.queue.try_pop() {
                Ok(item) => items.push(item),
                Err(PopError::Closed) => return Attempt::Done(None),
                Err(PopError::Empty) => return Attempt::Nothing(()),
                Err(PopError::Busy) => return Attempt::Busy(()),
            }
            n = 1;
        }
        self.popped();
        Attempt::Done(Some(n))
    }

    /// Says whether a receive is worth a try now; where not, the closure of
    /// [`Builder::on_readable`](super::Builder::on_readable) will be called once, when it is.
    ///
    /// For a thread that waits in an event loop of its own, for channels and for other things. One-shot, as an
    /// `EPOLLONESHOT` of epoll: receive until [`try_recv`](Self::try_recv) is refused, then arm; on [`Ready::Now`],
    /// receive again. A close counts as ready. Either way it is only worth a try: another receiver may be faster, or
    /// the item not quite in yet. All clones share one arming and one closure; receivers that wait in `recv` are woken
    /// as if there were no closure.
    ///
    /// ```
    /// use bedplate::channel::{self, Ready};
    /// use std::thread::{self, Thread};
    ///
    /// // The loop: here a thread that parks, in place of one in `epoll_wait`.
    /// let event_loop: Thread = thread::current();
    /// let (tx, rx) = channel::builder(16).on_readable(move || event_loop.unpark()).build();
    /// let sender = thread::spawn(move || (0..100).try_for_each(|n| tx.send(n)));
    /// let mut received = Vec::new();
    /// loop {
    ///     received.extend(rx.try_iter());
    ///     if rx.is_closed() && rx.is_empty() {
    ///         break;
    ///     }
    ///     if rx.arm() == Ready::Later {
    ///         thread::park();
    ///     }
    /// }
    /// assert!(received.into_iter().eq(0..100));
    /// sender.join().unwrap().unwrap();
    /// ```
    ///
    /// # Panics
    ///
    /// If the channel was built without `on_readable`.
    pub fn arm(&self) -> Ready {
        assert!(self.shared.not_empty.has_hook(), "Receiver::arm: the channel was built without `on_readable`");
        self.shared.not_empty.arm(|| !self.queue.is_empty() || self.queue.is_closed())
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

impl<T, Q: Pop<T>> IntoIterator for Receiver<T, Q> {
    type Item = T;
    type IntoIter = IntoIter<T, Q>;

    fn into_iter(self) -> IntoIter<T, Q> {
        IntoIter::new(self)
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
