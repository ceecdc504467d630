#![allow(unsafe_code)] // The slots are claimed by stamp, which the compiler cannot see.

use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::position::{CLOSED, Laps, Position, is_before};
use super::{Drain, IterMut, PopError, PushError, Source, Stats, bulk};
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::CachePadded;

/// A ring of fixed capacity that any number of threads push to and pop from, first in, first out.
///
/// No operation locks, allocates or waits. [`try_push`](Self::try_push) and [`try_pop`](Self::try_pop) are one
/// compare-and-swap each, repeated only where another thread got ahead. `Full` and `Empty` are exact: at some moment
/// within the call the queue was full, or empty. Where the slot in question belongs to a thread that has claimed it and
/// not finished, the answer is `Busy` at once, never a wait for that thread.
///
/// The capacity is exactly what was asked for, from 1 up, and need not be a power of two. A slot costs one word beside
/// the item.
///
/// After the bounded MPMC queue of Dmitry Vyukov, in the form with lap counters that crossbeam's `ArrayQueue` has, and
/// with `concurrent-queue`'s closed bit in the tail word.
///
/// ```
/// use bedplate::queue::{Bounded, PopError, PushError};
///
/// let queue = Bounded::new(2);
/// queue.try_push("a")?;
/// queue.try_push("b")?;
/// assert_eq!(queue.try_push("c"), Err(PushError::Full("c")));
///
/// queue.close();
/// assert_eq!(queue.try_push("d"), Err(PushError::Closed("d")));
/// assert_eq!(queue.try_pop(), Ok("a"));
/// assert_eq!(queue.try_pop(), Ok("b"));
/// assert_eq!(queue.try_pop(), Err(PopError::Closed));
/// # Ok::<(), PushError<&str>>(())
/// ```
pub struct Bounded<T> {
    /// The position the next pop claims. Written by pops.
    head: CachePadded<AtomicUsize>,
    /// The position the next push claims, and the `CLOSED` mark. Written by pushes and by `close`.
    tail: CachePadded<AtomicUsize>,
    laps: Laps,
    slots: Box<[Slot<T>]>,
}

struct Slot<T> {
    /// `vacant(p)`: waits for the push of position p. `occupied(p)`: holds the item of p. Written by whoever has
    /// claimed the position, once done with `value`.
    stamp: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the stamp and the words are atomics. `value` is touched only between claiming a position (the CAS on tail or
// head, which one thread wins) and the Release store of the stamp, and only after an Acquire load of the stamp showed
// that the one before has finished. So one thread at a time touches it, and an item moves from the pushing thread to
// the popping one: `T: Send`. No `&T` is handed out from a shared queue, so `T: Sync` is not needed.
unsafe impl<T: Send> Sync for Bounded<T> {}

// No user code runs between a claim and its stamp, so a panic never leaves a slot half done.
impl<T> UnwindSafe for Bounded<T> {}
impl<T> RefUnwindSafe for Bounded<T> {}

impl<T> Bounded<T> {
    /// An empty queue for `capacity` items, all of whose memory is allocated here.
    ///
    /// # Panics
    ///
    /// If `capacity` is zero, or so large that the slots do not fit the address space.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self::starting_at(capacity, Position::ZERO)
    }

    /// A queue that looks as if a whole number of laps had gone through it; `start` is the first position of a lap.
    pub(super) fn starting_at(capacity: usize, start: Position) -> Self {
        assert!(capacity > 0, "Bounded::new: the capacity must be at least 1");
        let mut at = start;
        // Allocated before the laps are told, so that a capacity past the address space ends here.
        let mut slots = Vec::with_capacity(capacity);
        let laps = Laps::new(capacity);
        for _ in 0..capacity {
            slots.push(Slot { stamp: AtomicUsize::new(at.vacant()), value: UnsafeCell::new(MaybeUninit::uninit()) });
            at = laps.next(at);
        }
        Self {
            head: CachePadded::new(AtomicUsize::new(start.word())),
            tail: CachePadded::new(AtomicUsize::new(start.word())),
            laps,
            slots: slots.into_boxed_slice(),
        }
    }

    /// Appends `item`, or gives it back.
    ///
    /// Lock-free: it starts over only where another push has succeeded meanwhile.
    ///
    /// # Errors
    ///
    /// [`PushError::Full`] with `capacity` items inside, [`PushError::Busy`] where the pop that frees the next slot has
    /// begun and not finished, [`PushError::Closed`] after [`close`](Self::close).
    #[inline]
    pub fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        // Relaxed: a guess that the stamp and the CAS verify.
        let mut word = self.tail.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return Err(PushError::Closed(item));
            }
            let tail = Position::of(word);
            let slot = &self.slots[self.laps.index(tail)];
            // Acquire pairs with the Release in `try_pop` (edge "vacate"): the item of the last lap has been moved out.
            let stamp = slot.stamp.load(Ordering::Acquire);
            if stamp != tail.vacant() {
                match self.refuse_push(tail, slot, stamp) {
                    Some(refusal) => return Err(refusal.with(item)),
                    None => word = self.tail.load(Ordering::Relaxed),
                }
                continue;
            }
            // SeqCst pairs with the fence in `refuse_pop` (edge "claim"), see there. On failure Relaxed: again a guess.
            let next = self.laps.next(tail).word();
            match self.tail.compare_exchange_weak(word, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => {
                    // SAFETY: this thread alone won the position `tail`, and the stamp said that the slot is vacant
                    // for it. No pop touches the value before the stamp says that it is occupied.
                    slot.value.with_mut(|value| unsafe { value.write(MaybeUninit::new(item)) });
                    // Release pairs with the Acquire in `try_pop` (edge "publish"): whoever sees the stamp sees the item.
                    slot.stamp.store(tail.occupied(), Ordering::Release);
                    return Ok(());
                }
                Err(now) => word = now,
            }
        }
    }

    /// Takes the oldest item.
    ///
    /// Lock-free: it starts over only where another pop has succeeded meanwhile.
    ///
    /// # Errors
    ///
    /// [`PopError::Empty`] with nothing inside, [`PopError::Busy`] where the push of the oldest item has begun and not
    /// finished, [`PopError::Closed`] where the queue is closed and drained.
    #[inline]
    pub fn try_pop(&self) -> Result<T, PopError> {
        // Relaxed: a guess that the stamp and the CAS verify.
        let mut word = self.head.load(Ordering::Relaxed);
        loop {
            let head = Position::of(word);
            let slot = &self.slots[self.laps.index(head)];
            // Acquire pairs with the Release in `try_push` (edge "publish").
            let stamp = slot.stamp.load(Ordering::Acquire);
            if stamp != head.occupied() {
                match self.refuse_pop(head, slot, stamp) {
                    Some(refusal) => return Err(refusal),
                    None => word = self.head.load(Ordering::Relaxed),
                }
                continue;
            }
            // SeqCst pairs with the fence in `refuse_push` (edge "claim"). On failure Relaxed: again a guess.
            let next = self.laps.next(head).word();
            match self.head.compare_exchange_weak(word, next, Ordering::SeqCst, Ordering::Relaxed) {
                Ok(_) => {
                    // SAFETY: this thread alone won the position `head`, and the stamp said that the slot holds its
                    // item. The next push of the slot waits for the stamp below, so the item is moved out once.
                    let item = slot.value.with_mut(|value| unsafe { (*value).assume_init_read() });
                    // Release pairs with the Acquire in `try_push` (edge "vacate"): the slot is written to only after
                    // the item was moved out.
                    slot.stamp.store(self.laps.lap_after(head).vacant(), Ordering::Release);
                    return Ok(item);
                }
                Err(now) => word = now,
            }
        }
    }

    /// Why the push of position `tail` cannot go on; `None` where the words have moved and it should look again.
    #[cold]
    fn refuse_push(&self, tail: Position, slot: &Slot<T>, stamp: usize) -> Option<Refusal> {
        if is_before(tail.vacant(), stamp) {
            return None; // Another push took the position.
        }
        // Puts this answer into one order with every claim: a thread that has popped and then finds another queue
        // empty or full, or has written a flag, is not contradicted by a thread that goes the other way round. Pairs
        // with the SeqCst CAS of `try_pop` (edge "claim").
        fence(Ordering::SeqCst);
        // Relaxed, here and below: ordered by the fence.
        let head = Position::of(self.head.load(Ordering::Relaxed));
        // The tail is never more than a lap ahead and the head never goes back: where they are a lap apart here, the
        // queue was full from the read of the tail up to this one of the head.
        if self.laps.lap_after(head) == tail {
            return Some(Refusal::Full);
        }
        // The last lap's item has been claimed. If nothing has moved, its pop was at work just now.
        let still = self.tail.load(Ordering::Relaxed) == tail.word() && slot.stamp.load(Ordering::Relaxed) == stamp;
        still.then_some(Refusal::Busy)
    }

    /// Why the pop of position `head` cannot go on; `None` where the words have moved and it should look again.
    #[cold]
    fn refuse_pop(&self, head: Position, slot: &Slot<T>, stamp: usize) -> Option<PopError> {
        if is_before(head.occupied(), stamp) {
            return None; // Another pop took the position.
        }
        // As in `refuse_push`; pairs with the SeqCst CAS of `try_push` and the SeqCst of `close` (edge "claim").
        fence(Ordering::SeqCst);
        // Relaxed, here and below: ordered by the fence.
        let word = self.tail.load(Ordering::Relaxed);
        // The head never passes the tail and never goes back: where they meet here, the queue was empty at this read.
        if Position::of(word) == head {
            return Some(if word & CLOSED == 0 { PopError::Empty } else { PopError::Closed });
        }
        let still = self.head.load(Ordering::Relaxed) == head.word() && slot.stamp.load(Ordering::Relaxed) == stamp;
        still.then_some(PopError::Busy)
    }

    /// Pushes from the front of `items` as many as there is room for, and says how many. The rest stays in `items`, in
    /// order.
    ///
    /// Each item is a push of its own: items of other threads may come between them. Ends early where a push is
    /// refused for any reason. Moves the rest of `items` down, so it costs time linear in its length.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    ///
    /// let queue = Bounded::new(2);
    /// let mut items = vec![1, 2, 3];
    /// assert_eq!(queue.try_push_bulk(&mut items), 2);
    /// assert_eq!(items, [3]);
    /// ```
    pub fn try_push_bulk<S: Source<T>>(&self, items: &mut S) -> usize {
        bulk::push_front(items, self.capacity() - self.len(), |item| self.try_push(item))
    }

    /// Pops up to `max` of the items that are inside onto the end of `items`, and says how many came. Each is a pop of
    /// its own: other threads may take items between them. May allocate in `items`, and does so before it takes one.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    ///
    /// let queue = Bounded::new(4);
    /// queue.try_push_bulk(&mut vec![1, 2, 3]);
    /// let mut items = Vec::new();
    /// assert_eq!(queue.try_pop_bulk(&mut items, 2), 2);
    /// assert_eq!(items, [1, 2]);
    /// ```
    pub fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        bulk::pop_back(items, max, self.len(), || self.try_pop())
    }

    /// Refuses every push from now on; says whether this call did it. What was accepted before stays to be popped.
    ///
    /// The mark is in the word that pushes claim with, so a push either came before and its item will be popped, or is
    /// refused.
    pub fn close(&self) -> bool {
        // SeqCst pairs with the fence in `refuse_pop` (edge "claim").
        self.tail.fetch_or(CLOSED, Ordering::SeqCst) & CLOSED == 0
    }

    /// Whether [`close`](Self::close) was called. There may still be items inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        // SeqCst: in the one order of claims (edge "claim").
        self.tail.load(Ordering::SeqCst) & CLOSED != 0
    }

    /// The most items the queue holds.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    /// Items in the queue at a moment within the call, items still being written among them.
    #[must_use]
    pub fn len(&self) -> usize {
        loop {
            // SeqCst, here and in the two below: in the one order of claims (edge "claim"), as `Full` and `Empty` are.
            let tail = self.tail.load(Ordering::SeqCst);
            let head = self.head.load(Ordering::SeqCst);
            // The tail did not move, so both were as read when the head was read.
            if self.tail.load(Ordering::SeqCst) == tail {
                return self.laps.distance(Position::of(head), Position::of(tail));
            }
        }
    }

    /// Whether the queue held nothing at a moment within the call.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let head = self.head.load(Ordering::SeqCst);
        // The head never passes the tail: where they meet, they met at this read.
        Position::of(self.tail.load(Ordering::SeqCst)) == Position::of(head)
    }

    /// Whether the queue held `capacity` items at a moment within the call.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let tail = self.tail.load(Ordering::SeqCst);
        let head = self.head.load(Ordering::SeqCst);
        self.laps.lap_after(Position::of(head)) == Position::of(tail)
    }

    /// What the queue holds and what has gone through it.
    #[must_use]
    pub fn stats(&self) -> Stats {
        // Relaxed, both: figures that order nothing.
        let (head, tail) = (self.head.load(Ordering::Relaxed), self.tail.load(Ordering::Relaxed));
        Stats {
            capacity: self.capacity(),
            len: self.len(),
            pushed: self.laps.count(Position::of(tail)),
            popped: self.laps.count(Position::of(head)),
            closed: tail & CLOSED != 0,
        }
    }

    /// Visits the items from the oldest to the newest and leaves them in place.
    ///
    /// ```
    /// use bedplate::queue::Bounded;
    ///
    /// let mut queue = Bounded::new(4);
    /// queue.try_push_bulk(&mut vec![1, 2, 3]);
    /// queue.iter_mut().for_each(|item| *item *= 10);
    /// assert_eq!(queue.drain().collect::<Vec<_>>(), [10, 20, 30]);
    /// ```
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        let len = self.len();
        // Relaxed: the exclusive borrow has ordered every earlier push and pop before this.
        IterMut::new(self, Position::of(self.head.load(Ordering::Relaxed)), len)
    }

    /// The item at `at` and the position after it.
    ///
    /// # Safety
    ///
    /// - `at` lies between head and tail.
    /// - For `'a` the caller has the queue exclusively, and asks for no position twice.
    pub(super) unsafe fn item_at<'a>(&self, at: Position) -> (&'a mut T, Position) {
        let slot = &self.slots[self.laps.index(at)];
        // SAFETY: between head and tail, and with no push or pop at work, the slot holds an item; the caller keeps all
        // others away from it for 'a.
        let item = slot.value.with_mut(|value| unsafe { &mut *value.cast::<T>() });
        (item, self.laps.next(at))
    }

    /// Takes all items out, from the oldest to the newest, also those the iterator is not asked for. The queue stays
    /// open, or closed, as it was.
    pub fn drain(&mut self) -> Drain<'_, T> {
        Drain::new(self)
    }
}

/// Why a push was refused, before the item is put beside it.
enum Refusal {
    Full,
    Busy,
}

impl Refusal {
    fn with<T>(self, item: T) -> PushError<T> {
        match self {
            Self::Full => PushError::Full(item),
            Self::Busy => PushError::Busy(item),
        }
    }
}

impl<T> Drop for Bounded<T> {
    fn drop(&mut self) {
        drop(self.drain());
    }
}

impl<T> fmt::Debug for Bounded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounded")
            .field("capacity", &self.capacity())
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
