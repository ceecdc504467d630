use std::{fmt, iter, mem};

use super::ring::Ring;
use super::{Receiver, Sender};
use crate::primitive::atomic::Ordering;
use crate::primitive::{Arc, Mutex};
use crate::queue::broadcast::Stats;
use crate::queue::{PushError, Source};

/// A sender for several threads, made by [`Sender::into_shared`]: each clone pushes to the same receivers, who all see
/// the items in one order. Dropping the last clone closes the broadcast.
///
/// A push takes a lock and does not wait for it: where another thread has it, the answer is `Busy`. Under the lock no
/// code of the items runs. Push in bulk: a batch takes the lock once.
pub struct SharedSender<T> {
    sender: Arc<Mutex<Sender<T>>>,
    /// The sender's, for what needs no turn at it.
    ring: Arc<Ring<T>>,
}

impl<T> SharedSender<T> {
    pub(super) fn new(sender: Sender<T>) -> Self {
        let ring = Arc::clone(&sender.ring);
        Self { sender: Arc::new(Mutex::new(sender)), ring }
    }

    /// Hands `item` to every receiver, or gives it back. See [`Sender::try_push`].
    ///
    /// ```
    /// use bedplate::queue::broadcast;
    /// use std::thread;
    ///
    /// let (sender, mut receiver) = broadcast::gated(100);
    /// let sender = sender.into_shared();
    /// thread::scope(|s| {
    ///     for id in 0..4 {
    ///         let sender = sender.clone();
    ///         s.spawn(move || {
    ///             while sender.try_push(id).is_err() {
    ///                 thread::yield_now();
    ///             }
    ///         });
    ///     }
    /// });
    /// let mut seen = Vec::new();
    /// assert_eq!(receiver.try_recv_bulk(&mut seen, 100), Ok(4));
    /// seen.sort();
    /// assert_eq!(seen, [0, 1, 2, 3]);
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Sender::try_push`]; and [`PushError::Busy`] where another thread is at work on the sender.
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        let Some(sender) = self.sender.try_lock() else { return Err(PushError::Busy(item)) };
        let seen = sender.replace(item);
        drop(sender);
        seen.map(drop)
    }

    /// Pushes from the front of `items` as many as there is room for, one after the other with no other sender's in
    /// between, and says how many. None where another thread is at work on the sender. See [`Sender::try_push_bulk`].
    ///
    /// The items that were in the slots are dropped at the end, behind the lock; for items that have a `Drop` this
    /// allocates a vector of them.
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        let mut seen = Vec::new();
        let Some(sender) = self.sender.try_lock() else { return 0 };
        if sender.is_closed() {
            return 0;
        }
        let n = sender.room_for(items.waiting().len());
        if mem::needs_drop::<T>() {
            // Before the first is taken out, so that none is in hand where this panics.
            seen.reserve(n.saturating_sub(sender.vacant()));
            seen.extend(iter::from_fn(|| sender.take_seen(n)));
        }
        sender.write_bulk(items, n);
        drop(sender);
        n
    }

    /// Drops the items that every receiver has seen. Waits for the sender's lock. See [`Sender::reclaim`].
    pub fn reclaim(&self) -> usize {
        let sender = self.sender.lock();
        sender.look_again();
        let seen: Vec<T> = iter::from_fn(|| sender.take_any_seen()).collect();
        drop(sender);
        seen.len()
    }

    /// Refuses every push from now on, on all clones; says whether this call did it. Waits for the push of another
    /// thread that is at work: it came before.
    pub fn close(&self) -> bool {
        self.sender.lock().close()
    }

    /// Whether pushes are refused.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // Relaxed: advice; a push looks again, behind the lock.
        self.ring.closed.load(Ordering::Relaxed)
    }

    /// A receiver that sees every item pushed from now on. See [`Sender::subscribe`].
    #[must_use = "a receiver that is not used gates the sender; drop it to unsubscribe"]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribe_to(&self.ring)
    }

    /// Receivers there are at this moment. Takes the lock that [`subscribe`](Self::subscribe) takes.
    #[must_use]
    pub fn receivers(&self) -> usize {
        self.ring.receivers()
    }

    /// The most items that the slowest receiver may have before it.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Items that the slowest receiver has not seen. Takes the lock that [`subscribe`](Self::subscribe) takes.
    #[must_use]
    pub fn len(&self) -> usize {
        let tail = self.pushed();
        (tail - self.ring.slowest_now(tail)) as usize
    }

    /// Whether every receiver has seen everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the slowest receiver has `capacity` items before it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// What the broadcast holds and what was pushed to it. Takes the lock that [`subscribe`](Self::subscribe) takes.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { capacity: self.capacity(), len: self.len(), pushed: self.pushed(), closed: self.is_closed() }
    }

    fn pushed(&self) -> u64 {
        // Relaxed: a figure that orders nothing.
        self.ring.tail.load(Ordering::Relaxed)
    }
}

impl<T> Clone for SharedSender<T> {
    fn clone(&self) -> Self {
        Self { sender: Arc::clone(&self.sender), ring: Arc::clone(&self.ring) }
    }
}

impl<T> fmt::Debug for SharedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSender")
            .field("capacity", &self.capacity())
            .field("pushed", &self.pushed())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
