use std::fmt;

use super::ring::Ring;
use super::{Plain, Receiver, Sender};
use crate::primitive::{Arc, Mutex};
use crate::queue::PushError;
use crate::queue::broadcast::Stats;

/// A sender for several threads, made by [`Sender::into_shared`]: each clone pushes to the same receivers, who all see
/// the items in one order. Dropping the last clone closes the broadcast.
///
/// A push takes a lock and does not wait for it: where another thread has it, the answer is `Busy`. Receivers never
/// take it.
pub struct SharedSender<T: Plain> {
    sender: Arc<Mutex<Sender<T>>>,
    /// The sender's, for what needs no turn at it.
    ring: Arc<Ring<T>>,
}

impl<T: Plain> SharedSender<T> {
    pub(super) fn new(sender: Sender<T>) -> Self {
        let ring = Arc::clone(&sender.ring);
        Self { sender: Arc::new(Mutex::new(sender)), ring }
    }

    /// Hands `item` to every receiver, in place of the oldest where the ring is full.
    ///
    /// ```
    /// use bedplate::queue::broadcast;
    /// use std::thread;
    ///
    /// let (sender, mut receiver) = broadcast::lossy(100);
    /// let sender = sender.into_shared();
    /// thread::scope(|s| {
    ///     for id in 0..4 {
    ///         let sender = sender.clone();
    ///         s.spawn(move || {
    ///             while sender.push(id).is_err() {
    ///                 thread::yield_now();
    ///             }
    ///         });
    ///     }
    /// });
    /// let mut seen = Vec::new();
    /// assert_eq!(receiver.try_recv_bulk(&mut seen, 100), Ok(4));
    /// ```
    ///
    /// # Errors
    ///
    /// [`PushError::Busy`] where another thread is at work on the sender; [`PushError::Closed`] after
    /// [`close`](Self::close).
    #[inline]
    pub fn push(&self, item: T) -> Result<(), PushError<T>> {
        match self.sender.try_lock() {
            Some(sender) => sender.push(item),
            None => Err(PushError::Busy(item)),
        }
    }

    /// Pushes all of `items`, one after the other with no other sender's in between, and says how many: all, or none
    /// where the broadcast is closed or another thread is at work on the sender.
    pub fn push_bulk(&self, items: &[T]) -> usize {
        self.sender.try_lock().map_or(0, |sender| sender.push_bulk(items))
    }

    /// Refuses every push from now on, on all clones; says whether this call did it. Waits for the push of another
    /// thread that is at work: it came before.
    pub fn close(&self) -> bool {
        self.sender.lock().close()
    }

    /// Whether pushes are refused.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.ring.is_closed()
    }

    /// A receiver of the items pushed from now on.
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribe_to(&self.ring)
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

impl<T: Plain> Clone for SharedSender<T> {
    fn clone(&self) -> Self {
        Self { sender: Arc::clone(&self.sender), ring: Arc::clone(&self.ring) }
    }
}

impl<T: Plain> fmt::Debug for SharedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSender").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
