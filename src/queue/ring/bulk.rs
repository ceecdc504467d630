#![allow(unsafe_code)] // The slots are claimed by word and stamp, which the compiler cannot see.

use std::mem::MaybeUninit;

use super::claim::Claim;
use super::contention::Contention;
use super::core::Ring;
use super::position::{CLOSED, Position};
use crate::primitive::atomic::Ordering;
use crate::queue::Source;

/// A range of positions of one lap that the calling thread has claimed.
struct Claimed {
    at: Position,
    n: usize,
    /// The word after it.
    next: usize,
}

impl Claimed {
    const fn nothing(at: Position) -> Self {
        Self { at, n: 0, next: at.word() }
    }
}

impl<T, I: Claim, O: Claim> Ring<T, I, O> {
    /// Claims up to `most` positions for pushes, all of whose slots are vacant. None where the first is not, or without
    /// `permit`.
    fn claim_pushes(&self, most: usize, permit: impl Fn() -> bool) -> Claimed {
        let mut contention = Contention::new();
        let mut word = self.tail.guess::<I>();
        loop {
            let at = Position::of(word);
            let vacant = self.laps.vacant(at);
            if word & CLOSED != 0 {
                return Claimed::nothing(at);
            }
            let most = most.min(self.laps.left_in_lap(at));
            let n = match O::IN_ORDER {
                true => self.reach(&self.tail, at, most, || self.push_limit()),
                false => self.slots.count(self.laps.place(at), most, vacant),
            };
            if n == 0 {
                if most == 0 || self.tail.is_stuck(word, || self.may_push(at)) {
                    return Claimed::nothing(at);
                }
                // Acquire, here and below, pairs with the claims of other pushes (edge "word").
                word = self.tail.word.load(Ordering::Acquire);
                continue;
            }
            if !permit() {
                return Claimed::nothing(at);
            }
            let next = self.laps.skip(at, n).word();
            if self.tail.claim::<I>(word, next) {
                return Claimed { at, n, next };
            }
            contention.back_off();
            word = self.tail.word.load(Ordering::Acquire);
        }
    }

    /// Claims up to `most` positions for pops, all of whose slots hold their item. Zero where the first does not.
    ///
    /// Calls `make_room` with the number before it claims so many; what panics there loses nothing.
    fn claim_pops(&self, most: usize, mut make_room: impl FnMut(usize)) -> Claimed {
        let mut contention = Contention::new();
        let mut word = self.head.guess::<O>();
        loop {
            let at = Position::of(word);
            let occupied = self.laps.occupied(at);
            let most = most.min(self.laps.left_in_lap(at));
            let n = match I::IN_ORDER {
                true => self.reach(&self.head, at, most, || self.pop_limit()),
                false => self.slots.count(self.laps.place(at), most, occupied),
            };
            if n == 0 {
                if most == 0 || self.head.is_stuck(word, || self.may_pop(at)) {
                    return Claimed::nothing(at);
                }
                // Acquire, here and below, pairs with the claims of other pops (edge "word").
                word = self.head.word.load(Ordering::Acquire);
                continue;
            }
            make_room(n);
            let next = self.laps.skip(at, n).word();
            if self.head.claim::<O>(word, next) {
                return Claimed { at, n, next };
            }
            contention.back_off();
            word = self.head.word.load(Ordering::Acquire);
        }
    }

    /// Pushes from the front of `items`, a claim at a time, for as long as there is room and `permit` is given then.
    ///
    /// # Safety
    ///
    /// As [`try_push`](Self::try_push).
    pub(in crate::queue) unsafe fn try_push_bulk<S: Source<T>>(
        &self,
        items: &mut S,
        permit: impl Fn() -> bool,
    ) -> usize {
        let (from, len) = (items.waiting().as_ptr(), items.waiting().len());
        let mut pushed = 0;
        while pushed < len {
            let Claimed { at, n, next } = self.claim_pushes(len - pushed, &permit);
            let stamp = (!I::IN_ORDER).then_some(self.laps.occupied(at));
            // SAFETY: this thread alone won the n positions, and the stamps said that their slots are vacant. The
            // source has so many items from there on, and forgets them below; nothing in between panics or returns.
            unsafe { self.slots.write_all(self.laps.place(at), from.add(pushed), n, stamp) };
            if n > 0 {
                I::done(&self.tail.word, next);
            }
            pushed += n;
            // A claim that stopped short of the end of the lap met a slot that is not vacant.
            if n < self.laps.left_in_lap(at) {
                break;
            }
        }
        // SAFETY: so many were moved into slots.
        unsafe { items.advance(pushed) };
        pushed
    }

    /// # Safety
    ///
    /// As [`try_pop`](Self::try_pop).
    pub(in crate::queue) unsafe fn try_pop_bulk(&self, items: &mut Vec<T>, max: usize) -> usize {
        // No more than a ring full, or a call could go on for as long as others push.
        let max = max.min(self.capacity());
        let mut popped = 0;
        while popped < max {
            let Claimed { at, n, next } = self.claim_pops(max - popped, |n| items.reserve(n));
            let stamp = (!O::IN_ORDER).then_some(self.laps.occupied(at).next());
            // SAFETY: this thread alone won the n positions, and the stamps said that their slots hold items. The vector
            // has room for n more, and counts them once they are there.
            unsafe {
                self.slots.read_all(self.laps.place(at), items.as_mut_ptr().add(items.len()), n, stamp);
                items.set_len(items.len() + n);
            }
            if n > 0 {
                O::done(&self.head.word, next);
            }
            popped += n;
            // A claim that stopped short of the end of the lap met a slot that holds no item.
            if n < self.laps.left_in_lap(at) {
                break;
            }
        }
        popped
    }

    /// # Safety
    ///
    /// As [`try_pop`](Self::try_pop).
    pub(in crate::queue) unsafe fn try_pop_into(&self, room: &mut [MaybeUninit<T>]) -> usize {
        let max = room.len().min(self.capacity());
        let mut popped = 0;
        while popped < max {
            let Claimed { at, n, next } = self.claim_pops(max - popped, |_| ());
            let stamp = (!O::IN_ORDER).then_some(self.laps.occupied(at).next());
            let to = room[popped..].as_mut_ptr().cast::<T>();
            // SAFETY: this thread alone won the n positions, and the stamps said that their slots hold items. There is
            // room for at least n from `popped` on.
            unsafe { self.slots.read_all(self.laps.place(at), to, n, stamp) };
            if n > 0 {
                O::done(&self.head.word, next);
            }
            popped += n;
            if n < self.laps.left_in_lap(at) {
                break;
            }
        }
        popped
    }
}
