#![allow(unsafe_code)] // Writes the slots that are its own, see `Ring`.

use std::cell::Cell;
use std::fmt;
use std::mem::MaybeUninit;

use super::WriteChunk;
use super::ring::{CLOSED, CONSUMER_GONE, PRODUCER_GONE, Ring, Slot};
use crate::primitive::Arc;
use crate::primitive::atomic::{Ordering, fence};
use crate::queue::{PushError, Source, Stats};

/// The pushing end of a [`ring`](super::ring). One thread has it at a time: it is `Send` and not `Sync`.
///
/// Dropping it closes the ring; the consumer still gets everything that was pushed.
pub struct Producer<T> {
    ring: Arc<Ring<T>>,
    /// The position at which the ring would be full, by the head as last read. The true one may be further on.
    limit: Cell<usize>,
    /// How often the tail has begun again at 0.
    rounds: Cell<u64>,
}

impl<T> Producer<T> {
    pub(super) fn new(ring: Arc<Ring<T>>) -> Self {
        let limit = Cell::new(ring.capacity());
        Self { ring, limit, rounds: Cell::new(0) }
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
        let tail = self.tail();
        let is_full = tail == self.limit.get() && self.look() == 0;
        if self.is_shut() {
            return Err(PushError::Closed(item));
        }
        if is_full {
            return Err(PushError::Full(item));
        }
        // SAFETY: there is room, so outside head..tail the slot is the producer's alone. What it held was moved out.
        self.ring.slot(tail).with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item)) });
        self.publish(1);
        Ok(())
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. The rest stays in `items`, in
    /// order; none is taken where the ring is closed. The consumer sees them all at once.
    ///
    /// Where `items` is a `Vec`, it moves the rest of them down, which costs time linear in their number.
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
        let waiting = items.waiting();
        let n = self.room(waiting.len()).min(waiting.len());
        if self.is_shut() {
            return 0;
        }
        let (first, second) = self.ring.slots(self.tail(), n);
        let (one, two) = waiting[..n].split_at(first.len());
        for (slots, items) in [(first, one), (second, two)] {
            for (slot, item) in slots.iter().zip(items) {
                // SAFETY: there is room for n, so the n slots after the tail are the producer's alone. The item is
                // forgotten in its source below, and nothing in between can panic.
                slot.with_mut(|slot| unsafe { slot.write(MaybeUninit::new(std::ptr::read(item))) });
            }
        }
        // SAFETY: the first n items were moved into the ring.
        unsafe { items.advance(n) };
        self.publish(n);
        n
    }

    /// Up to `max` free slots to be written in place, at least one unless `max` is 0. Nothing is pushed before the
    /// chunk is [filled](WriteChunk::fill_from_iter) or [committed](WriteChunk::commit); a chunk that is dropped or
    /// forgotten leaves the ring as it was. Wait-free.
    ///
    /// To have exactly `max` slots or none, look at the chunk's [`len`](WriteChunk::len) and drop it if it is less.
    ///
    /// ```
    /// use bedplate::queue::{PushError, spsc};
    ///
    /// let (mut producer, mut consumer) = spsc::ring(3);
    /// assert_eq!(producer.try_write_chunk(2)?.fill_from_iter(0..), 2);
    /// assert_eq!(producer.try_write_chunk(2)?.fill_from_iter(2..), 1);
    /// assert_eq!(producer.try_write_chunk(2).unwrap_err(), PushError::Full(()));
    /// assert!(consumer.try_read_chunk(9).unwrap().into_iter().eq(0..3));
    /// # Ok::<(), PushError<()>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`try_push`](Self::try_push), without an item to give back. A chunk handed out before the consumer closes
    /// the ring can still be committed, like a push that was under way.
    #[inline]
    pub fn try_write_chunk(&mut self, max: usize) -> Result<WriteChunk<'_, T>, PushError<()>> {
        let len = self.room(max).min(max);
        if self.is_shut() {
            return Err(PushError::Closed(()));
        }
        if len == 0 && max > 0 {
            return Err(PushError::Full(()));
        }
        Ok(WriteChunk::new(self, len))
    }

    /// The next `n` slots; there is room for as many.
    #[inline]
    pub(super) fn vacant(&self, n: usize) -> (&[Slot<T>], &[Slot<T>]) {
        self.ring.slots(self.tail(), n)
    }

    /// Where the ring's tail is. Kept nowhere else: a copy beside it would be one more store for each push.
    #[inline]
    fn tail(&self) -> usize {
        // Relaxed: written by this end only.
        self.ring.producer.tail.load(Ordering::Relaxed)
    }

    /// Whether pushes are refused. A push asks after it has looked for room: the other way round it could find the
    /// gate open, then the room that a pop made after the consumer had closed the ring, and be a push after the close.
    #[inline]
    fn is_shut(&self) -> bool {
        // Relaxed: a close of this end was by this thread, and one of the other end is only advice here. What makes a
        // close of the consumer exact is the fence in `announced`.
        self.ring.gate.load(Ordering::Relaxed) & (CLOSED | CONSUMER_GONE) != 0
    }

    /// Free slots; looks at the consumer's line only where fewer than `wanted` are known.
    #[inline]
    fn room(&self, wanted: usize) -> usize {
        let known = self.ring.distance(self.tail(), self.limit.get());
        if known >= wanted { known } else { self.look() }
    }

    /// Free slots, by the consumer's line.
    #[inline]
    fn look(&self) -> usize {
        // Acquire pairs with the Release in `Consumer::release` (edge "vacate"): the items have been moved out.
        let head = self.ring.head.load(Ordering::Acquire);
        self.limit.set(self.ring.opposite(head));
        self.ring.distance(self.tail(), self.limit.get())
    }

    /// Hands the next `n` slots to the consumer.
    #[inline]
    pub(super) fn publish(&self, n: usize) {
        let mut next = self.tail() + n;
        if next >= self.ring.round() {
            next -= self.ring.round();
            self.rounds.set(self.rounds.get() + 1);
        }
        // Release pairs with the Acquire in `Consumer::look` (edge "publish"): the items are in their slots.
        self.ring.producer.tail.store(next, Ordering::Release);
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
        self.ring.distance(self.ring.head.load(Ordering::Acquire), self.tail())
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
        let pushed = self.ring.total(self.rounds.get(), self.tail());
        Stats { capacity: self.capacity(), len, pushed, popped: pushed - len as u64, closed: self.is_closed() }
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
