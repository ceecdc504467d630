#![allow(unsafe_code)] // Reads the slots that are its own, see `Ring`.

use std::cell::Cell;
use std::fmt;

use super::ReadChunk;
use super::ring::{CLOSED, CONSUMER_GONE, PRODUCER_GONE, Ring, Slot};
use crate::primitive::Arc;
use crate::primitive::atomic::{Ordering, fence};
use crate::queue::{PopError, Stats};

/// The popping end of a [`ring`](super::ring). One thread has it at a time: it is `Send` and not `Sync`.
///
/// Dropping it closes the ring and drops what is inside.
pub struct Consumer<T> {
    ring: Arc<Ring<T>>,
    /// The position of the oldest item. The ring's head follows, see [`release`](Self::release).
    head: Cell<usize>,
    /// The tail as last read. The true one may be further on.
    tail_seen: Cell<usize>,
    /// How often the head has begun again at 0.
    rounds: Cell<u64>,
    /// A pop has answered `Closed`. From then on a push that announces itself is one that will be refused.
    drained: Cell<bool>,
}

impl<T> Consumer<T> {
    pub(super) fn new(ring: Arc<Ring<T>>) -> Self {
        let (head, tail_seen) = (Cell::new(0), Cell::new(0));
        Self { ring, head, tail_seen, rounds: Cell::new(0), drained: Cell::new(false) }
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
        let head = self.head.get();
        if head == self.tail_seen.get() && self.look() == 0 {
            self.refuse()?;
        }
        // SAFETY: an item is available, so within head..tail the slot holds it and is the consumer's alone. It is read
        // once: the head moves past it.
        let item = self.ring.slot(head).with_mut(|slot| unsafe { (*slot).assume_init_read() });
        self.advance(head, 1);
        self.release();
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
        let (first, second) = self.occupied(n);
        for slots in [first, second] {
            // SAFETY: n items are available, so the n slots from the head on hold them and are the consumer's alone.
            // Each is read once: the head moves past all of them below, and nothing in between can panic, since the
            // room in `items` is reserved.
            items.extend(slots.iter().map(|slot| slot.with_mut(|slot| unsafe { (*slot).assume_init_read() })));
        }
        self.advance(self.head.get(), n);
        self.release();
        n
    }

    /// The oldest item, which stays inside. Takes `&mut self`, since a pop would take the item away from under the
    /// reference. Wait-free.
    ///
    /// ```
    /// use bedplate::queue::{PopError, spsc};
    ///
    /// let (producer, mut consumer) = spsc::ring(2);
    /// assert_eq!(consumer.peek(), Err(PopError::Empty));
    /// producer.try_push(1).unwrap();
    /// assert_eq!(consumer.peek(), Ok(&1));
    /// assert_eq!(consumer.try_pop(), Ok(1));
    /// ```
    ///
    /// ```compile_fail,E0502
    /// let (_producer, mut consumer) = bedplate::queue::spsc::ring::<String>(2);
    /// let oldest = consumer.peek();
    /// let taken = consumer.try_pop();
    /// println!("{oldest:?}");
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`try_pop`](Self::try_pop).
    pub fn peek(&mut self) -> Result<&T, PopError> {
        let head = self.head.get();
        if head == self.tail_seen.get() && self.look() == 0 {
            self.refuse()?;
        }
        // SAFETY: an item is available, so within head..tail the slot holds it and is the consumer's alone. The
        // reference keeps the consumer borrowed mutably, so nothing pops the item meanwhile.
        Ok(self.ring.slot(head).with(|slot| unsafe { (*slot).assume_init_ref() }))
    }

    /// Up to `max` of the oldest items, in place, at least one unless `max` is 0. They stay inside until they are
    /// taken by [iteration](ReadChunk::into_iter) or [committed](ReadChunk::commit); a chunk that is dropped or
    /// forgotten leaves the ring as it was. Wait-free.
    ///
    /// ```
    /// use bedplate::queue::spsc;
    ///
    /// let (producer, mut consumer) = spsc::ring(4);
    /// producer.try_push_bulk(&mut vec![1, 2, 3]);
    /// let chunk = consumer.try_read_chunk(2)?;
    /// let (first, second) = chunk.as_slices();
    /// assert_eq!([first, second].concat(), [1, 2]);
    /// chunk.commit_all();
    /// assert_eq!(consumer.try_pop(), Ok(3));
    /// # Ok::<(), bedplate::queue::PopError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`try_pop`](Self::try_pop).
    #[inline]
    pub fn try_read_chunk(&mut self, max: usize) -> Result<ReadChunk<'_, T>, PopError> {
        let mut len = self.available(max).min(max);
        if len == 0 && max > 0 {
            self.refuse()?;
            len = self.available(max).min(max);
        }
        Ok(ReadChunk::new(self, len))
    }

    /// The `n` slots from the head on; as many items are available.
    #[inline]
    pub(super) fn occupied(&self, n: usize) -> (&[Slot<T>], &[Slot<T>]) {
        self.ring.slots(self.head.get(), n)
    }

    /// Items that can be popped; looks at the producer's line only where fewer than `wanted` are known.
    #[inline]
    fn available(&self, wanted: usize) -> usize {
        let known = self.ring.distance(self.head.get(), self.tail_seen.get());
        if known >= wanted { known } else { self.look() }
    }

    /// Items that can be popped, by the producer's line.
    #[inline]
    fn look(&self) -> usize {
        // Acquire pairs with the Release in `Producer::publish` (edge "publish"): the items are in their slots.
        self.tail_seen.set(self.ring.producer.tail.load(Ordering::Acquire));
        self.ring.distance(self.head.get(), self.tail_seen.get())
    }

    /// Where the head is, for [`advance`](Self::advance).
    #[inline]
    pub(super) fn head(&self) -> usize {
        self.head.get()
    }

    /// Moves the head from where it is past `n` items, and says where it is then. The producer does not get their
    /// slots back before [`release`](Self::release).
    #[inline]
    pub(super) fn advance(&self, head: usize, n: usize) -> usize {
        let mut next = head + n;
        if next >= self.ring.round() {
            next -= self.ring.round();
            self.rounds.set(self.rounds.get() + 1);
        }
        self.head.set(next);
        next
    }

    /// [`advance`](Self::advance) to where the caller says, which is not the end of a round.
    #[inline]
    pub(super) fn set_head(&self, head: usize) {
        self.head.set(head);
    }

    /// Gives the slots before the head back to the producer.
    #[inline]
    pub(super) fn release(&self) {
        // Release pairs with the Acquire in `Producer::look` (edge "vacate"): the items have been moved out.
        self.ring.head.store(self.head.get(), Ordering::Release);
    }

    /// Why there is nothing to pop; `Ok` where something has come after all.
    #[cold]
    fn refuse(&self) -> Result<(), PopError> {
        // A forgotten iterator over a chunk has left the head further on than the producer knows. Relaxed: this end's
        // own word.
        if self.ring.head.load(Ordering::Relaxed) != self.head.get() {
            self.release();
        }
        // Acquire pairs with the Release in the producer's `close` and `drop` (edge "close").
        if self.ring.gate.load(Ordering::Acquire) & CLOSED == 0 {
            return Err(PopError::Empty);
        }
        // Acquire pairs with the Release in `Producer::announced` (edge "announce"). Read before the tail: a push seen
        // to have ended has its item in the tail.
        let pushing = self.ring.producer.pushing.load(Ordering::Acquire);
        if self.look() > 0 {
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
        self.ring.distance(self.head.get(), self.ring.producer.tail.load(Ordering::Acquire))
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
        let popped = self.ring.total(self.rounds.get(), self.head.get());
        Stats { capacity: self.capacity(), len, pushed: popped + len as u64, popped, closed: self.is_closed() }
    }
}

impl<T> Drop for Consumer<T> {
    fn drop(&mut self) {
        /// Goes on with the other items where dropping one of them panics.
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
                // The ring drops what is between its words. No item has come out since a forgotten iterator, maybe.
                self.0.release();
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
