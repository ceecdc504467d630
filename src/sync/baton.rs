use std::mem;

use super::EventCount;
use super::waiter::Word;
use crate::primitive::atomic::{Ordering, fence};

/// What a thread has that was woken by a relay. While it is out, no other relay wakes anybody: its owner sees to the
/// rest, by [`put_down`](Self::put_down). Dropped, as by a panic, it goes to the next listener, if there is one.
#[derive(Debug)]
#[must_use = "put it down and look whether there is work left"]
pub(crate) struct Baton<'a> {
    event: &'a EventCount,
}

impl<'a> Baton<'a> {
    pub(super) fn new(event: &'a EventCount) -> Self {
        Self { event }
    }

    /// Lets relays wake again. Those before did not: look at the condition after this, and relay where it holds.
    #[cfg_attr(not(feature = "channel"), allow(dead_code))]
    pub(crate) fn put_down(self) {
        self.event.change(|list| list.put_down());
        mem::forget(self);
        // Pairs with the fence in `relay`, or with what stands for it in `relay_relaxed` (edge "baton"): of "baton put
        // down, then condition read" here and "condition written, then interest read" there, at least one side sees
        // the other's write.
        fence(Ordering::SeqCst);
    }

    /// Gives it to the next listener, who is woken, or puts it down; says whether there was one.
    #[cfg_attr(not(feature = "channel"), allow(dead_code))]
    pub(crate) fn pass(self) -> bool {
        let woke = self.give();
        mem::forget(self);
        woke
    }

    fn give(&self) -> bool {
        let next = self.event.change(|list| {
            let next = list.take(Word::Baton);
            if next.is_none() {
                list.put_down();
            }
            next
        });
        next.inspect(|waiter| waiter.wake()).is_some()
    }
}

impl Drop for Baton<'_> {
    fn drop(&mut self) {
        self.give();
    }
}
