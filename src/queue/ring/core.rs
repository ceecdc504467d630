#![allow(unsafe_code)] // The slots are claimed by word and stamp, which the compiler cannot see.

use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};

use super::claim::Claim;
use super::contention::Contention;
use super::end::End;
use super::position::{CLOSED, Laps, Position, Stamp};
use super::slots::{Slot, Slots};
use crate::primitive::atomic::Ordering;
use crate::queue::{PopError, PushError, Stats};
use crate::sync::CachePadded;

/// The ring under `Bounded`, `mpsc` and `spmc`: see `docs/queues` for its shape and `docs/orderings` for its edges.
///
/// `I` says whether one thread pushes or any number, `O` the same of pops.
pub(in crate::queue) struct Ring<T, I: Claim, O: Claim> {
    /// The position the next pop claims. Written by pops.
    pub(super) head: CachePadded<End>,
    /// The position the next push claims, and the `CLOSED` mark. Written by pushes and by `close`.
    pub(super) tail: CachePadded<End>,
    pub(super) laps: Laps<T>,
    pub(super) slots: Slots<T>,
    ends: PhantomData<fn(I, O)>,
}

/// A position and its slot.
pub(super) struct Found<'a, T> {
    pub(super) at: Position,
    pub(super) slot: Slot<'a, T>,
    /// The stamp of the slot while it waits for the push of the position.
    pub(super) vacant: Stamp,
}

// No user code runs between a claim and its stamp, so a panic never leaves a slot half done.
impl<T, I: Claim, O: Claim> UnwindSafe for Ring<T, I, O> {}
impl<T, I: Claim, O: Claim> RefUnwindSafe for Ring<T, I, O> {}

impl<T, I: Claim, O: Claim> Ring<T, I, O> {
    /// # Panics
    ///
    /// If `capacity` is zero, or so large that the slots do not fit the address space.
    pub(in crate::queue) fn new(capacity: usize) -> Self {
        // Allocated before the laps are told, so that a capacity past the address space ends here.
        let slots = Slots::new(capacity, Stamp::FIRST);
        Self::starting_at(Position::ZERO, Laps::new(capacity), slots)
    }

    fn starting_at(start: Position, laps: Laps<T>, slots: Slots<T>) -> Self {
        let (head, tail) = (End::new(start, start), End::new(start, laps.lap_after(start)));
        Self { head, tail, laps, slots, ends: PhantomData }
    }

    /// A ring that looks as if all laps but the last that a word can tell had gone through it.
    #[cfg(test)]
    pub(in crate::queue) fn in_last_lap(capacity: usize) -> Self {
        let laps = Laps::new(capacity);
        let start = laps.last_lap();
        let slots = Slots::new(capacity, laps.vacant(start));
        Self::starting_at(start, laps, slots)
    }

    /// Pushes if `permit` is given once there is room; otherwise the ring counts as closed.
    ///
    /// # Safety
    ///
    /// With `Single` pushes, no other thread pushes or sets the mark at the same time.
    #[inline]
    pub(in crate::queue) unsafe fn try_push(&self, item: T, permit: impl Fn() -> bool) -> Result<(), PushError<T>> {
        let word = self.tail.guess::<I>();
        if word & CLOSED == 0 {
            let found = self.look(Position::of(word));
            if self.is_vacant(&found) && permit() {
                // SAFETY: the slot was vacant; the rest is the caller's.
                return match unsafe { self.push_at(&found, item) } {
                    Ok(()) => Ok(()),
                    // SAFETY: the caller's.
                    Err(item) => unsafe { self.try_push_contended(item, permit) },
                };
            }
        }
        // SAFETY: the caller's.
        unsafe { self.try_push_slow(item, permit, Contention::new()) }
    }

    /// # Safety
    ///
    /// As [`try_push`](Self::try_push).
    #[cold]
    unsafe fn try_push_contended(&self, item: T, permit: impl Fn() -> bool) -> Result<(), PushError<T>> {
        let mut contention = Contention::new();
        // Relaxed: where the claim failed for the mark there is nobody to stay away from.
        if self.tail.word.load(Ordering::Relaxed) & CLOSED == 0 {
            contention.back_off();
        }
        // SAFETY: the caller's.
        unsafe { self.try_push_slow(item, permit, contention) }
    }

    /// # Safety
    ///
    /// As [`try_push`](Self::try_push).
    #[cold]
    unsafe fn try_push_slow(
        &self,
        item: T,
        permit: impl Fn() -> bool,
        mut contention: Contention,
    ) -> Result<(), PushError<T>> {
        let mut item = item;
        loop {
            // Acquire pairs with the claims of other pushes (edge "word").
            let word = self.tail.word.load(Ordering::Acquire);
            if word & CLOSED != 0 {
                return Err(PushError::Closed(item));
            }
            let found = self.look(Position::of(word));
            if !self.is_vacant(&found) {
                match self.refuse_push(word) {
                    Some(refusal) => return Err(refusal.of_push(item)),
                    None => continue,
                }
            }
            if !permit() {
                return Err(PushError::Closed(item));
            }
            // SAFETY: the slot was vacant; the rest is the caller's.
            match unsafe { self.push_at(&found, item) } {
                Ok(()) => return Ok(()),
                Err(back) => item = back,
            }
            contention.back_off();
        }
    }

    /// Pushes where it was found that it may, or gives the item back where another push has claimed the position.
    ///
    /// # Safety
    ///
    /// As [`try_push`](Self::try_push), and [`is_vacant`](Self::is_vacant) was true of what was found.
    #[inline]
    pub(super) unsafe fn push_at(&self, found: &Found<'_, T>, item: T) -> Result<(), T> {
        let next = self.laps.next(found.at).word();
        if !self.tail.claim::<I>(found.at.word(), next) {
            return Err(item);
        }
        // SAFETY: this thread alone won the position, and its slot is vacant. No pop touches the slot before the stamp,
        // or the word of an end in order, says that it is occupied.
        unsafe { found.slot.write(item) };
        if !I::IN_ORDER {
            found.slot.set(found.vacant.next());
        }
        I::done(&self.tail.word, next);
        Ok(())
    }

    /// # Safety
    ///
    /// With `Single` pops, no other thread pops at the same time.
    #[inline]
    pub(in crate::queue) unsafe fn try_pop(&self) -> Result<T, PopError> {
        let word = self.head.guess::<O>();
        let found = self.look(Position::of(word));
        if self.is_occupied(&found) {
            // SAFETY: the slot held its item; the rest is the caller's.
            if let Some(item) = unsafe { self.pop_at(&found) } {
                return Ok(item);
            }
            // SAFETY: the caller's.
            return unsafe { self.try_pop_contended() };
        }
        // SAFETY: the caller's.
        unsafe { self.try_pop_slow(Contention::new()) }
    }

    /// # Safety
    ///
    /// As [`try_pop`](Self::try_pop).
    #[cold]
    unsafe fn try_pop_contended(&self) -> Result<T, PopError> {
        let mut contention = Contention::new();
        contention.back_off();
        // SAFETY: the caller's.
        unsafe { self.try_pop_slow(contention) }
    }

    /// # Safety
    ///
    /// As [`try_pop`](Self::try_pop).
    #[cold]
    unsafe fn try_pop_slow(&self, mut contention: Contention) -> Result<T, PopError> {
        loop {
            // Acquire pairs with the claims of other pops (edge "word").
            let word = self.head.word.load(Ordering::Acquire);
            let found = self.look(Position::of(word));
            if !self.is_occupied(&found) {
                match self.refuse_pop(word) {
                    Some(refusal) => return Err(refusal.into()),
                    None => continue,
                }
            }
            // SAFETY: the slot held its item; the rest is the caller's.
            if let Some(item) = unsafe { self.pop_at(&found) } {
                return Ok(item);
            }
            contention.back_off();
        }
    }

    /// Pops what was found; nothing where another pop has claimed the position.
    ///
    /// # Safety
    ///
    /// As [`try_pop`](Self::try_pop), and [`is_occupied`](Self::is_occupied) was true of what was found.
    #[inline]
    unsafe fn pop_at(&self, found: &Found<'_, T>) -> Option<T> {
        let next = self.laps.next(found.at).word();
        if !self.head.claim::<O>(found.at.word(), next) {
            return None;
        }
        // SAFETY: this thread alone won the position, and its slot holds the item. The next push of the slot waits for
        // the stamp, or the word of an end in order, so the item is moved out once.
        let item = unsafe { found.slot.read() };
        if !O::IN_ORDER {
            found.slot.set(found.vacant.next().next());
        }
        O::done(&self.head.word, next);
        Some(item)
    }

    /// The first position that no push can have, as the head tells it now.
    pub(super) fn push_limit(&self) -> Position {
        // Acquire pairs with the Release of pops in order (edge "word").
        self.laps.lap_after(Position::of(self.head.word.load(Ordering::Acquire)))
    }

    /// The first position that no pop can have, as the tail tells it now.
    pub(super) fn pop_limit(&self) -> Position {
        // Acquire pairs with the Release of pushes in order (edge "word").
        Position::of(self.tail.word.load(Ordering::Acquire))
    }

    /// The slot of a position, and the stamp it has while it waits for the push of that position.
    #[inline]
    pub(super) fn look(&self, at: Position) -> Found<'_, T> {
        Found { at, slot: self.slots.at(self.laps.place(at)), vacant: self.laps.vacant(at) }
    }

    /// Whether the slot is vacant for the push of its position.
    #[inline]
    pub(super) fn is_vacant(&self, found: &Found<'_, T>) -> bool {
        match O::IN_ORDER {
            true => self.reach(&self.tail, found.at, 1, || self.push_limit()) > 0,
            false => found.slot.stamp() == found.vacant,
        }
    }

    /// Whether the slot holds the item of its position.
    #[inline]
    pub(super) fn is_occupied(&self, found: &Found<'_, T>) -> bool {
        match I::IN_ORDER {
            true => self.reach(&self.head, found.at, 1, || self.pop_limit()) > 0,
            false => found.slot.stamp() == found.vacant.next(),
        }
    }

    /// Whether the slot of `at` is vacant for its push.
    #[inline]
    pub(super) fn may_push(&self, at: Position) -> bool {
        self.is_vacant(&self.look(at))
    }

    /// Whether the slot of `at` holds its item.
    #[inline]
    pub(super) fn may_pop(&self, at: Position) -> bool {
        self.is_occupied(&self.look(at))
    }

    /// How many slots from `at` on, of `most` that are asked for, the other end has finished with in order. Asks that end
    /// only where fewer than `most` are known to be.
    #[inline]
    pub(super) fn reach(&self, end: &End, at: Position, most: usize, limit: impl FnOnce() -> Position) -> usize {
        let ahead = |limit| match self.laps.is_before(at, limit) {
            true if most == 1 => 1,
            true => self.laps.distance(at, limit),
            false => 0,
        };
        // Acquire pairs with the Release below: who goes by what another thread has asked for sees what that one saw.
        let known = ahead(Position::of(end.limit.load(Ordering::Acquire)));
        if known >= most {
            return most;
        }
        let limit = limit();
        end.limit.store(limit.word(), Ordering::Release);
        ahead(limit).min(most)
    }

    /// Refuses every push from now on; says whether this call did it.
    pub(in crate::queue) fn close(&self) -> bool {
        // SeqCst pairs with the fence in `refuse_pop` (edge "claim").
        self.tail.word.fetch_or(CLOSED, Ordering::SeqCst) & CLOSED == 0
    }

    pub(in crate::queue) fn is_closed(&self) -> bool {
        // SeqCst: in the one order of claims (edge "claim").
        self.tail.word.load(Ordering::SeqCst) & CLOSED != 0
    }

    #[inline]
    pub(in crate::queue) fn capacity(&self) -> usize {
        self.laps.capacity()
    }

    /// Items in the ring at a moment within the call, items still being written among them.
    pub(in crate::queue) fn len(&self) -> usize {
        loop {
            // SeqCst, here and in the two below: in the one order of claims (edge "claim"), as `Full` and `Empty` are.
            let tail = self.tail.word.load(Ordering::SeqCst);
            let head = self.head.word.load(Ordering::SeqCst);
            // The tail did not move, so both were as read when the head was read.
            if self.tail.word.load(Ordering::SeqCst) == tail {
                return self.laps.distance(Position::of(head), Position::of(tail));
            }
        }
    }

    pub(in crate::queue) fn is_empty(&self) -> bool {
        let head = self.head.word.load(Ordering::SeqCst);
        // The head never passes the tail: where they meet, they met at this read.
        Position::of(self.tail.word.load(Ordering::SeqCst)) == Position::of(head)
    }

    pub(in crate::queue) fn is_full(&self) -> bool {
        let tail = self.tail.word.load(Ordering::SeqCst);
        let head = self.head.word.load(Ordering::SeqCst);
        self.laps.lap_after(Position::of(head)) == Position::of(tail)
    }

    pub(in crate::queue) fn stats(&self) -> Stats {
        // Relaxed, both: figures that order nothing.
        let (head, tail) = (self.head.word.load(Ordering::Relaxed), self.tail.word.load(Ordering::Relaxed));
        Stats {
            capacity: self.capacity(),
            len: self.len(),
            pushed: self.laps.count(Position::of(tail)),
            popped: self.laps.count(Position::of(head)),
            closed: tail & CLOSED != 0,
        }
    }

    /// The position of the oldest item.
    pub(in crate::queue) fn first(&mut self) -> Position {
        // Relaxed: the exclusive borrow has ordered every earlier push and pop before this.
        Position::of(self.head.word.load(Ordering::Relaxed))
    }

    /// The item at `at` and the position after it.
    ///
    /// # Safety
    ///
    /// - `at` lies between head and tail.
    /// - For `'a` the caller has the ring exclusively, and asks for no position twice.
    pub(in crate::queue) unsafe fn item_at<'a>(&self, at: Position) -> (&'a mut T, Position) {
        // SAFETY: between head and tail, and with no push or pop at work, the slot holds an item; the caller keeps all
        // others away from it for 'a.
        let item = unsafe { self.slots.at(self.laps.place(at)).get_mut() };
        (item, self.laps.next(at))
    }
}

impl<T, I: Claim, O: Claim> Drop for Ring<T, I, O> {
    fn drop(&mut self) {
        /// Goes on with the other items where dropping one of them panics.
        struct Rest<'a, T, I: Claim, O: Claim>(&'a mut Ring<T, I, O>);

        impl<T, I: Claim, O: Claim> Rest<'_, T, I, O> {
            fn drop_all(&mut self) {
                // SAFETY: the ring is borrowed exclusively.
                while let Ok(item) = unsafe { self.0.try_pop() } {
                    drop(item);
                }
            }
        }

        impl<T, I: Claim, O: Claim> Drop for Rest<'_, T, I, O> {
            fn drop(&mut self) {
                self.drop_all();
            }
        }

        Rest(self).drop_all();
    }
}
