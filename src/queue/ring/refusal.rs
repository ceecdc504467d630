use super::claim::Claim;
use super::core::Ring;
use super::position::{CLOSED, Position};
use crate::primitive::atomic::{Ordering, fence};
use crate::queue::{PopError, PushError};

/// Why nothing could be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `Full` to a push, `Empty` to a pop.
    Out,
    Busy,
    Closed,
}

impl Refusal {
    pub(super) fn of_push<T>(self, item: T) -> PushError<T> {
        match self {
            Self::Out => PushError::Full(item),
            Self::Busy => PushError::Busy(item),
            Self::Closed => PushError::Closed(item),
        }
    }
}

impl From<Refusal> for PopError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Out => Self::Empty,
            Refusal::Busy => Self::Busy,
            Refusal::Closed => Self::Closed,
        }
    }
}

impl<T, I: Claim, O: Claim> Ring<T, I, O> {
    /// Why the push at `word` of the tail cannot go on; `None` where things have moved and it should look again.
    #[cold]
    pub(super) fn refuse_push(&self, word: usize) -> Option<Refusal> {
        let at = Position::of(word);
        if !self.tail.is_stuck(word, || self.may_push(at)) {
            return None;
        }
        // Puts this answer into one order with every claim: a thread that has popped and then finds another queue empty
        // or full, or has written a flag, is not contradicted by a thread that goes the other way round. Pairs with the
        // SeqCst claims of pops (edge "claim").
        fence(Ordering::SeqCst);
        // Relaxed, here and below: ordered by the fence.
        let head = Position::of(self.head.word.load(Ordering::Relaxed));
        // The tail is never more than a lap ahead and the head never goes back: where they are a lap apart here, the
        // queue was full from the read of the tail up to this one of the head.
        if self.laps.lap_after(head) == at {
            return Some(Refusal::Out);
        }
        // The last lap's item has been claimed. If nothing has moved, its pop was at work just now.
        (self.tail.word.load(Ordering::Relaxed) == word && !self.may_push(at)).then_some(Refusal::Busy)
    }

    /// Why the pop at `word` of the head cannot go on; `None` where things have moved and it should look again.
    #[cold]
    pub(super) fn refuse_pop(&self, word: usize) -> Option<Refusal> {
        let at = Position::of(word);
        if !self.head.is_stuck(word, || self.may_pop(at)) {
            return None;
        }
        // As in `refuse_push`; pairs with the SeqCst claims of pushes and the SeqCst of `close` (edge "claim").
        fence(Ordering::SeqCst);
        // Relaxed, here and below: ordered by the fence.
        let tail = self.tail.word.load(Ordering::Relaxed);
        if Position::of(tail) == at {
            // The head never passes the tail and never goes back: where they meet here, the queue was empty at this
            // read. But a slot that still has the stamp of the last lap is that of an unfinished pop, or of a
            // `force_push` which is about to move the tail, so that the queue never was empty.
            let replacing =
                !I::IN_ORDER && !O::IN_ORDER && self.slots.at(self.laps.place(at)).stamp() != self.laps.vacant(at);
            return Some(match tail & CLOSED {
                _ if replacing => Refusal::Busy,
                0 => Refusal::Out,
                _ => Refusal::Closed,
            });
        }
        (self.head.word.load(Ordering::Relaxed) == word && !self.may_pop(at)).then_some(Refusal::Busy)
    }
}
