#![allow(unsafe_code)] // Reads the slots that are its own, see `Ring`.

use std::cell::Cell;
use std::fmt;

use super::ring::{CLOSED, CONSUMER_GONE, PRODUCER_GONE, Ring};
use crate::primitive::Arc;
use crate::primitive::atomic::{Ordering, fence};
use crate::queue::{PopError, Stats};

/// The popping end of a [`ring`](super::ring). One thread has it at a time: it is `Send` and not `Sync`.
///
/// Dropping it closes the ring and drops what is inside.
pub struct Consumer<T> {
    ring: Arc<Ring<T>>,
    /// Items popped; what the ring's head says, or will after the pop at work.
    head: Cell<usize>,
    /// The slot of the oldest item.
    index: Cell<usize>,
    /// The tail as last read. The true one may be further on.
    tail_seen: Cell<usize>,
    /// A pop has answered `Closed`. From then on a push that announces itself is one that will be refused.
    drained: Cell<bool>,
}

impl<T> Consumer<T> {
    pub(super) fn new(ring: Arc<Ring<T>>) -> Self {
        Self { ring, head: Cell::new(0), index: Cell::new(0), tail_seen: Cell::new(0), drained: Cell::new(false) }
    }

    /// Takes the oldest item. Wait-free.
    ///
    /// ```
    /// use bedplate::queue::{PopError, spsc};
    ///
    /// let (producer, consumer) = spsc::ring(4);
    /// assert_eq!(consumer.try_pop(), Err(PopError::Empty));
    /// producer.try_push(1).unwrap();
    /// drop(producer);
    /// assert_eq!(consumer.try_pop(), Ok(1));
    /// assert_eq!(consumer.try_pop(), Err(PopError::Closed));
    /// ```
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] with nothing inside; [`PopError::Closed`] where also nothing can come: the producer has
    /// closed the ring or is gone. `Busy` only after a [`close`](crate::queue::Queue::close) from this end, while a
    /// push that may have come before it is at work.
    #[inline]
    pub fn try_pop(&self) -> Result<T, PopError> {
        if self.available(1) == 0 {
            self.refuse()?;
        }
        let index = self.index.get();
        // SAFETY: an item is available, so the slot at the head is the consumer's; the head moves past it below.
        let item = unsafe { self.ring.read(index) };
        self.index.set(self.ring.after(index));
        self.release(1);
        Ok(item)
    }

    /// Pops up to `max` items onto the end of `items` and says how many came. The producer gets their slots back at
    /// once. May allocate in `items`, and does so before it takes one.
    ///
    /// ```
    /// use bedplate::queue::spsc;
    ///
    /// let (producer, consumer) = spsc::ring(4);
    /// producer.try_push_bulk(&mut vec![1, 2, 3]);
    /// let mut items = Vec::new();
    /// assert_eq!(consumer.try_pop_bulk(&mut items, 2), 2);
    /// assert_eq!(items, [1, 2]);
    /// ```
    pub fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        let n = self.available(max).min(max);
        items.reserve(n);
        let mut index = self.index.get();
        for _ in 0..n {
            // SAFETY: n items are available, so the n slots from the head on are the consumer's; the head moves past
            // all of them below, and nothing in between can panic: the room in `items` is reserved.
            items.push(unsafe { self.ring.read(index) });
            index = self.ring.after(index);
        }
        self.index.set(index);
        self.release(n);
        n
    }

    /// Items that can be popped; looks at the producer's line only where fewer than `wanted` are known.
    #[inline]
    fn available(&self, wanted: usize) -> usize {
        let known = self.tail_seen.get().wrapping_sub(self.head.get());
        if known >= wanted {
            return known;
        }
        // Acquire pairs with the Release in `Producer::publish` (edge "publish"): the items are in their slots.
        self.tail_seen.set(self.ring.producer.tail.load(Ordering::Acquire));
        self.tail_seen.get().wrapping_sub(self.head.get())
    }

    /// Gives the next `n` slots back to the producer.
    #[inline]
    fn release(&self, n: usize) {
        self.head.set(self.head.get().wrapping_add(n));
        // Release pairs with the Acquire in `Producer::room` (edge "vacate"): the items have been moved out.
        self.ring.head.store(self.head.get(), Ordering::Release);
    }

    /// Why there is nothing to pop; `Ok` where something has come after all.
    #[cold]
    fn refuse(&self) -> Result<(), PopError> {
        // Acquire pairs with the Release in the producer's `close` and `drop` (edge "close").
        if self.ring.gate.load(Ordering::Acquire) & CLOSED == 0 {
            return Err(PopError::Empty);
        }
        // Acquire pairs with the Release in `Producer::announced` (edge "announce"). Read before the tail: a push seen
        // to have ended has its item in the tail.
        let pushing = self.ring.producer.pushing.load(Ordering::Acquire);
        if self.available(1) > 0 {
            Ok(())
        } else if pushing && !self.drained.get() {
            Err(PopError::Busy)
        } else {
            self.drained.set(true);
            Err(PopError::Closed)
        }
    }

    /// Refuses every push from now on; says whether this call did it. See the implementation of
    /// [`Queue`](crate::queue::Queue), which is where it is public: how exact it is depends on how the producer pushes.
    pub(in crate::queue) fn close(&self) -> bool {
        // Relaxed: the fence orders it.
        let before = self.ring.gate.fetch_or(CLOSED, Ordering::Relaxed);
        // Pairs with the fence in `Producer::announced` (edge "announce").
        fence(Ordering::SeqCst);
        before & CLOSED == 0
    }

    /// Whether pushes are refused: the ring was closed or the producer is gone. There may still be items inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // Acquire pairs with the Release in the producer's `close` (edge "close").
        self.ring.gate.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Whether the producer was dropped. There may still be items inside.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        // Acquire pairs with the AcqRel in the producer's `drop`: its last push is seen.
        self.ring.gate.load(Ordering::Acquire) & PRODUCER_GONE != 0
    }

    /// The most items the ring holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// Items in the ring; the producer may be adding some meanwhile.
    #[must_use]
    pub fn len(&self) -> usize {
        // Acquire: who sees the items counted can pop them (edge "publish").
        self.ring.producer.tail.load(Ordering::Acquire).wrapping_sub(self.head.get())
    }

    /// Whether the ring holds nothing; the producer may be adding some meanwhile.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the ring holds `capacity` items.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.len() == self.capacity()
    }

    /// What the ring holds and what has gone through it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let len = self.len();
        let popped = self.head.get();
        Stats {
            capacity: self.capacity(),
            len,
            pushed: popped.wrapping_add(len) as u64,
            popped: popped as u64,
            closed: self.is_closed(),
        }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        /// Goes on with the other items where dropping one of them panics, and leaves word where it stopped.
        struct Rest<'a, T>(&'a Consumer<T>);

        impl<T> Rest<'_, T> {
            fn drop_all(&self) {
                while let Ok(item) = self.0.try_pop() {
                    drop(item);
                }
            }
        }

        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                self.drop_all();
                // Relaxed: read when the last handle goes, and the reference count orders that.
                self.0.ring.rest.store(self.0.index.get(), Ordering::Relaxed);
            }
        }

        // First, so that the producer learns of it even where an item panics. AcqRel pairs with the Acquire in
        // `Producer::is_abandoned` and with the producer's own `drop`.
        self.ring.gate.fetch_or(CLOSED | CONSUMER_GONE, Ordering::AcqRel);
        Rest(self).drop_all();
    }
}

impl<T> fmt::Debug for Consumer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
