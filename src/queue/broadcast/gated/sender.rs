#![allow(unsafe_code)] // Writes and empties the slots that are its own, see `Ring`.

use std::cell::Cell;
use std::{fmt, iter, mem};

use super::ring::Ring;
use super::{Receiver, SharedSender};
use crate::primitive::Arc;
use crate::primitive::atomic::Ordering;
use crate::queue::broadcast::Stats;
use crate::queue::{PushError, Source};

/// The pushing end of a [`gated`](super::super::gated()) broadcast. One thread has it at a time: it is `Send` and not
/// `Sync`.
///
/// Dropping it closes the broadcast; the receivers still get everything that was pushed.
pub struct Sender<T> {
    pub(super) ring: Arc<Ring<T>>,
    /// Items pushed; what the ring's tail says, or will after the push at work.
    tail: Cell<u64>,
    /// The slot of the next item.
    index: Cell<usize>,
    /// The gate as last computed. The true one may be further on.
    gate: Cell<u64>,
    /// Items that were taken out of their slots. Stays zero for items that need no drop.
    reclaimed: Cell<u64>,
}

impl<T> Sender<T> {
    pub(super) fn new(ring: Arc<Ring<T>>) -> Self {
        Self { ring, tail: Cell::new(0), index: Cell::new(0), gate: Cell::new(0), reclaimed: Cell::new(0) }
    }

    /// Hands `item` to every receiver, or gives it back. With no receiver at all it is accepted, and nobody sees it.
    ///
    /// Wait-free. Costs a look at each receiver's cursor where the ring seems full: at least `capacity` items apart, or
    /// else as far apart as the slowest receiver has moved. The item that was in the slot is dropped at the end, by
    /// this thread.
    ///
    /// ```
    /// use bedplate::queue::{PushError, broadcast};
    ///
    /// let (sender, receiver) = broadcast::gated(1);
    /// assert_eq!(sender.try_push(1), Ok(()));
    /// assert_eq!(sender.try_push(2), Err(PushError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_push(2), Ok(()), "nobody is waited for");
    /// sender.close();
    /// assert_eq!(sender.try_push(3), Err(PushError::Closed(3)));
    /// ```
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] where the slowest receiver has `capacity` items before it; [`PushError::Busy`] where the
    /// ring seems full, and to find out has to wait for a thread that is about to subscribe;
    /// [`PushError::Closed`] after [`close`](Self::close).
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        self.replace(item).map(drop)
    }

    /// Pushes `item` and gives back the one that was in its slot, which all receivers have seen.
    #[inline]
    pub(super) fn replace(&self, item: T) -> Result<Option<T>, PushError<T>> {
        if self.is_closed() {
            return Err(PushError::Closed(item));
        }
        match self.room(1) {
            Some(0) => return Err(PushError::Full(item)),
            Some(_) => {}
            None => return Err(PushError::Busy(item)),
        }
        let seen = self.take_seen(1);
        // SAFETY: there is room, so the slot at the tail is the sender's; what it held has been taken out.
        unsafe { self.ring.write(self.index.get(), item) };
        self.publish(1);
        Ok(seen)
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. The rest stays in `items`, in
    /// order; none is taken where the broadcast is closed. The receivers see them all at once.
    ///
    /// Costs one store that the receivers wait for, however many items there are. The items that were in the slots are
    /// dropped first; where that panics, none of `items` was taken.
    ///
    /// ```
    /// use bedplate::queue::broadcast;
    ///
    /// let (sender, receiver) = broadcast::gated(2);
    /// let mut items = vec![1, 2, 3];
    /// assert_eq!(sender.try_push_bulk(&mut items), 2);
    /// assert_eq!(items, [3]);
    /// assert_eq!(receiver.len(), 2);
    /// ```
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        if self.is_closed() {
            return 0;
        }
        let mut n = self.room_for(items.waiting().len());
        if mem::needs_drop::<T>() {
            // Their `Drop` runs while the ring is whole: no item is half in.
            iter::from_fn(|| self.take_seen(n)).for_each(drop);
            // A `Drop` that found its way to this sender may have used the room up, or closed it.
            n = if self.is_closed() { 0 } else { n.min(self.vacant()).min(self.room_for(n)) };
        }
        self.write_bulk(items, n);
        n
    }

    /// Moves the first `n` of `items` into slots that are free and hold nothing.
    pub(super) fn write_bulk<S: Source<T>>(&self, items: &mut S, n: usize) {
        // SAFETY: the callers made sure of room for n, and took out what those slots held. The items are forgotten in
        // their source below, and nothing in between can panic.
        unsafe { self.ring.write_all(self.index.get(), &items.waiting()[..n]) };
        // SAFETY: the first n items were moved into the ring.
        unsafe { items.advance(n) };
        self.publish(n);
    }

    /// How many of `wanted` items there is room for. Room that cannot be known now is none.
    pub(super) fn room_for(&self, wanted: usize) -> usize {
        self.room(wanted as u64).map_or(0, |room| wanted.min(room as usize))
    }

    /// Free positions; looks at the receivers only where fewer than `wanted` are known. `None` where none is known and
    /// the list of receivers is not to be had.
    #[inline]
    fn room(&self, wanted: u64) -> Option<u64> {
        let known = self.known_room();
        if known >= wanted { Some(known) } else { self.look_for_room() }
    }

    #[cold]
    fn look_for_room(&self) -> Option<u64> {
        match self.ring.slowest(self.tail.get()) {
            Some(gate) => self.gate.set(gate),
            None if self.known_room() == 0 => return None,
            None => {}
        }
        Some(self.known_room())
    }

    #[inline]
    fn known_room(&self) -> u64 {
        // The gate is at most the tail, and the tail at most a capacity ahead.
        self.ring.capacity() as u64 - (self.tail.get() - self.gate.get())
    }

    /// Slots that hold no item any more. For items that need a drop only.
    pub(super) fn vacant(&self) -> usize {
        self.ring.capacity() - (self.tail.get() - self.reclaimed.get()) as usize
    }

    /// Takes the oldest item out of its slot, if it is in the way of the next `n` pushes for which there is room.
    #[inline]
    pub(super) fn take_seen(&self, n: usize) -> Option<T> {
        if !mem::needs_drop::<T>() || self.vacant() >= n.min(self.known_room() as usize) {
            return None;
        }
        let at = self.reclaimed.get();
        self.reclaimed.set(at + 1);
        // The slot after the vacant ones, which begin at the tail.
        let index =
            if self.ring.capacity() as u64 == self.tail.get() - at { self.index.get() } else { self.ring.index_of(at) };
        // SAFETY: fewer slots are vacant than there is room for, so the oldest item is below the gate: no receiver will
        // read it again. `reclaimed` is past it now, so it is taken once.
        Some(unsafe { self.ring.take(index) })
    }

    /// Hands the next `n` slots to the receivers.
    #[inline]
    fn publish(&self, n: usize) {
        self.index.set(self.ring.after(self.index.get(), n));
        self.tail.set(self.tail.get() + n as u64);
        // Release pairs with the Acquire in `Receiver::available` (edge "publish"): the items are in their slots.
        self.ring.tail.store(self.tail.get(), Ordering::Release);
    }

    /// Drops the items that every receiver has seen and that are still in their slots, and says how many. Without it
    /// they stay until their slots are taken again: call it where items hold on to something scarce, such as the
    /// buffers of a pool, and the stream pauses. Waits for a thread that is about to subscribe. Items that need no drop
    /// are left alone: zero.
    ///
    /// ```
    /// use bedplate::queue::broadcast;
    /// use std::sync::Arc;
    ///
    /// let item = Arc::new(7);
    /// let (sender, mut receiver) = broadcast::gated(8);
    /// sender.try_push(Arc::clone(&item)).unwrap();
    /// drop(receiver.try_recv().unwrap());
    /// assert_eq!(Arc::strong_count(&item), 2, "the ring has it still");
    /// assert_eq!(sender.reclaim(), 1);
    /// assert_eq!(Arc::strong_count(&item), 1);
    /// ```
    pub fn reclaim(&self) -> usize {
        self.look_again();
        iter::from_fn(|| self.take_any_seen()).map(drop).count()
    }

    /// Computes the gate.
    pub(super) fn look_again(&self) {
        self.gate.set(self.ring.slowest_now(self.tail.get()));
    }

    /// Takes the oldest item out of its slot, if every receiver has seen it.
    pub(super) fn take_any_seen(&self) -> Option<T> {
        self.take_seen(self.capacity())
    }

    /// Refuses every push from now on; says whether this call did it. The receivers still get what was pushed.
    pub fn close(&self) -> bool {
        // Release pairs with the Acquire in `Receiver::refuse` (edge "close"): once closed, the tail is final.
        !self.ring.closed.swap(true, Ordering::Release)
    }

    /// Whether pushes are refused.
    #[inline]
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // Relaxed: this end alone closes.
        self.ring.closed.load(Ordering::Relaxed)
    }

    /// A receiver that sees every item pushed from now on. Takes a lock, for as long as it takes to visit all receivers.
    #[must_use = "a receiver that is not used gates the sender; drop it to unsubscribe"]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribe_to(&self.ring)
    }

    /// Puts this end behind a lock, for several threads that push.
    #[must_use = "the handle is the sender now; dropping it closes the broadcast"]
    pub fn into_shared(self) -> SharedSender<T> {
        SharedSender::new(self)
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
        (self.tail.get() - self.ring.slowest_now(self.tail.get())) as usize
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
        Stats { capacity: self.capacity(), len: self.len(), pushed: self.tail.get(), closed: self.is_closed() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // Relaxed: read when the last handle goes, and the reference count orders that.
        self.ring.reclaimed.store(self.reclaimed.get(), Ordering::Relaxed);
        self.close();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("capacity", &self.capacity())
            .field("pushed", &self.tail.get())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
