#![allow(unsafe_code)] // Writes the slots that are its own, see `Ring`.

use std::cell::Cell;
use std::fmt;

use super::ring::{CLOSED, CONSUMER_GONE, PRODUCER_GONE, Ring};
use crate::primitive::Arc;
use crate::primitive::atomic::{Ordering, fence};
use crate::queue::{PushError, Source, Stats};

/// The pushing end of a [`ring`](super::ring). One thread has it at a time: it is `Send` and not `Sync`.
///
/// Dropping it closes the ring; the consumer still gets everything that was pushed.
pub struct Producer<T> {
    ring: Arc<Ring<T>>,
    /// Items pushed; what the ring's tail says, or will after the push at work.
    tail: Cell<usize>,
    /// The slot of the next item.
    index: Cell<usize>,
    /// The head as last read. The true one may be further on.
    head_seen: Cell<usize>,
}

impl<T> Producer<T> {
    pub(super) fn new(ring: Arc<Ring<T>>) -> Self {
        Self { ring, tail: Cell::new(0), index: Cell::new(0), head_seen: Cell::new(0) }
    }

    /// Appends `item`, or gives it back. Wait-free.
    ///
    /// ```
    /// use bedplate::queue::{PushError, spsc};
    ///
    /// let (producer, consumer) = spsc::ring(1);
    /// assert_eq!(producer.try_push(1), Ok(()));
    /// assert_eq!(producer.try_push(2), Err(PushError::Full(2)));
    /// drop(consumer);
    /// assert_eq!(producer.try_push(2), Err(PushError::Closed(2)));
    /// ```
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] with `capacity` items inside; [`PushError::Closed`] after [`close`](Self::close) or once the
    /// consumer is gone. Never `Busy`.
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        if self.is_shut() {
            return Err(PushError::Closed(item));
        }
        if self.room(1) == 0 {
            return Err(PushError::Full(item));
        }
        // SAFETY: there is room, so the slot after the tail is the producer's.
        unsafe { self.ring.write(self.index.get(), item) };
        self.index.set(self.ring.after(self.index.get()));
        self.publish(1);
        Ok(())
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. The rest stays in `items`, in
    /// order; none is taken where the ring is closed. The consumer sees them all at once.
    ///
    /// Moves the rest of `items` down, so it costs time linear in its length.
    ///
    /// ```
    /// use bedplate::queue::spsc;
    ///
    /// let (producer, consumer) = spsc::ring(2);
    /// let mut items = vec![1, 2, 3];
    /// assert_eq!(producer.try_push_bulk(&mut items), 2);
    /// assert_eq!(items, [3]);
    /// assert_eq!(consumer.len(), 2);
    /// ```
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        if self.is_shut() {
            return 0;
        }
        let waiting = items.waiting();
        let n = self.room(waiting.len()).min(waiting.len());
        let mut index = self.index.get();
        for item in &waiting[..n] {
            // SAFETY: there is room for n, so the n slots after the tail are the producer's. The item is forgotten in
            // its source below, and nothing in between can panic.
            unsafe { self.ring.write(index, std::ptr::read(item)) };
            index = self.ring.after(index);
        }
        // SAFETY: the first n items were moved into the ring.
        unsafe { items.advance(n) };
        self.index.set(index);
        self.publish(n);
        n
    }

    /// Whether pushes are refused.
    #[inline]
    fn is_shut(&self) -> bool {
        // Relaxed: a close of this end was by this thread, and one of the other end is only advice here. What makes a
        // close of the consumer exact is the fence in `announced`.
        self.ring.gate.load(Ordering::Relaxed) & (CLOSED | CONSUMER_GONE) != 0
    }

    /// Free slots; looks at the consumer's line only where fewer than `wanted` are known.
    #[inline]
    fn room(&self, wanted: usize) -> usize {
        let known = self.ring.capacity() - self.tail.get().wrapping_sub(self.head_seen.get());
        if known >= wanted {
            return known;
        }
        // Acquire pairs with the Release in `Consumer::release` (edge "vacate"): the items have been moved out.
        self.head_seen.set(self.ring.head.load(Ordering::Acquire));
        self.ring.capacity() - self.tail.get().wrapping_sub(self.head_seen.get())
    }

    /// Hands the next `n` slots to the consumer.
    #[inline]
    fn publish(&self, n: usize) {
        self.tail.set(self.tail.get().wrapping_add(n));
        // Release pairs with the Acquire in `Consumer::available` (edge "publish"): the items are in their slots.
        self.ring.producer.tail.store(self.tail.get(), Ordering::Release);
    }

    /// Does a push so that a close by the consumer either refuses it or waits for it.
    #[inline]
    pub(in crate::queue) fn announced<R>(&self, push: impl FnOnce() -> R) -> R {
        // Relaxed: the fence orders it.
        self.ring.producer.pushing.store(true, Ordering::Relaxed);
        // Pairs with the fence in `Consumer::close` (edge "announce"): either the push sees the gate shut, or the
        // consumer sees the announcement.
        fence(Ordering::SeqCst);
        let result = push();
        // Release pairs with the Acquire in `Consumer::refuse` (edge "announce"): who sees the end of the push sees
        // the tail it wrote.
        self.ring.producer.pushing.store(false, Ordering::Release);
        result
    }

    /// Refuses every push from now on; says whether this call did it. The consumer still gets what was pushed.
    pub fn close(&self) -> bool {
        // Release pairs with the Acquire in `Consumer::refuse` (edge "close"): with the gate shut, the tail is final.
        self.ring.gate.fetch_or(CLOSED, Ordering::Release) & CLOSED == 0
    }

    /// Whether pushes are refused: the ring was closed or the consumer is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_shut()
    }

    /// Whether the consumer was dropped, so that nobody will pop what is inside.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        // Acquire pairs with the AcqRel in the consumer's `drop`: what that thread did before is seen.
        self.ring.gate.load(Ordering::Acquire) & CONSUMER_GONE != 0
    }

    /// The most items the ring holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Items in the ring; the consumer may be taking some out meanwhile.
    #[must_use]
    pub fn len(&self) -> usize {
        // Acquire: who waited for the ring to drain sees what the consumer did before (edge "vacate").
        self.tail.get().wrapping_sub(self.ring.head.load(Ordering::Acquire))
    }

    /// Whether the ring holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the ring holds `capacity` items; the consumer may be taking some out meanwhile.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// What the ring holds and what has gone through it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let len = self.len();
        let pushed = self.tail.get();
        Stats {
            capacity: self.capacity(),
            len,
            pushed: pushed as u64,
            popped: pushed.wrapping_sub(len) as u64,
            closed: self.is_closed(),
        }
    }
}

impl<T> Drop for Producer<T> {
    fn drop(&mut self) {
        // Release: as in `close`. Acquire pairs with the consumer's own `drop`, for `is_abandoned` there and here.
        self.ring.gate.fetch_or(CLOSED | PRODUCER_GONE, Ordering::AcqRel);
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
