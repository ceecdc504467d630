#![allow(unsafe_code)] // The slots are claimed by word and stamp, which the compiler cannot see.

use super::claim::Shared;
use super::core::Ring;
use super::position::{CLOSED, Position};
use crate::primitive::atomic::Ordering;
use crate::queue::PushError;

impl<T> Ring<T, Shared, Shared> {
    /// Pushes; where the ring is full, in place of the oldest item, which it gives back. See `Bounded::force_push`.
    pub(in crate::queue) fn force_push(&self, item: T) -> Result<Option<T>, PushError<T>> {
        let mut item = item;
        loop {
            // Acquire, both: edge "word".
            let word = self.tail.word.load(Ordering::Acquire);
            if word & CLOSED != 0 {
                return Err(PushError::Closed(item));
            }
            let at = Position::of(word);
            let found = self.look(at);
            if self.is_vacant(&found) {
                // SAFETY: pushes of this ring are `Shared`, and the slot was vacant.
                match unsafe { self.push_at(&found, item) } {
                    Ok(()) => return Ok(None),
                    Err(back) => item = back,
                }
                continue;
            }
            let head = self.head.word.load(Ordering::Acquire);
            if self.laps.lap_after(Position::of(head)) != at {
                // Not full: a pop is about to vacate the slot, or the words have moved since.
                let still = self.tail.word.load(Ordering::Acquire) == word && !self.is_vacant(&found);
                if still {
                    return Err(PushError::Busy(item));
                }
                continue;
            }
            // The slot of the head a lap ago is that of the tail now.
            let oldest = self.laps.occupied(Position::of(head));
            if found.slot.stamp() != oldest {
                // Its push has not finished, or it was taken since.
                let still = self.head.word.load(Ordering::Acquire) == head;
                if still {
                    return Err(PushError::Busy(item));
                }
                continue;
            }
            if !self.head.claim::<Shared>(head, self.laps.next(Position::of(head)).word()) {
                continue;
            }
            // The tail cannot move now: its slot is not vacant, and this thread alone can make it so. Only the mark may
            // still come: then this push was before the close, and pops answer `Busy` until the stamp is set.
            // SeqCst: edge "claim".
            let step = self.laps.next(at).word().wrapping_sub(at.word());
            self.tail.word.fetch_add(step, Ordering::SeqCst);
            // SAFETY: this thread alone won the oldest position by the head, and the position a lap later by the tail:
            // the slot of both is its own. It holds the oldest item, which is moved out once, and then the new one.
            let old = unsafe { found.slot.read() };
            // SAFETY: as above.
            unsafe { found.slot.write(item) };
            found.slot.set(oldest.next().next());
            return Ok(Some(old));
        }
    }
}
