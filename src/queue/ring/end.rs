use super::claim::Claim;
use super::position::{CLOSED, Position};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::spin_loop;
use crate::sync::CachePadded;

/// Spin hints that an operation spends on a slot that is not ready before it looks closer, and once more before it gives
/// up: together about what it takes to move a line between two CPUs and back.
///
/// Measured with this as a variable, in scratch builds that are not kept; two pinned threads, single items, medians of 9,
/// 2026-11-21, ns an item for 0, 1, 2 and 4 hints, of 14 ns each there: `Bounded` 24.7, 21.8, 20.8, 22.1; `mpsc` 141, 45,
/// 40, 34. In a run of their own 1, 4 and 8: `Bounded` 34.5, 34.1, 33.1; `mpsc` 45, 36, 33.5; a trip of ping-pong 692,
/// 707, 582.
const PATIENCE: u32 = 8;

/// One end of a ring.
pub(super) struct End {
    pub(super) word: AtomicUsize,
    /// What the word was after some claim, mostly the last one.
    guess: AtomicUsize,
    /// The first position this end cannot have, as the other end's word once told. A hint: the true one may be further
    /// on. Used only where the other end finishes in order.
    pub(super) limit: AtomicUsize,
    /// The word at which an operation of this end last had to look further than its slot. A hint: written on the way to
    /// a refusal only.
    stuck: AtomicUsize,
}

impl End {
    pub(super) fn new(start: Position, limit: Position) -> CachePadded<Self> {
        CachePadded::new(Self {
            word: AtomicUsize::new(start.word()),
            guess: AtomicUsize::new(start.word()),
            limit: AtomicUsize::new(limit.word()),
            // A word that no head has, and no tail that can still be pushed to.
            stuck: AtomicUsize::new(start.word() | CLOSED),
        })
    }

    /// What the word is, as a rule. Never ahead of it; a claim from there fails where it is behind.
    ///
    /// A load of the word right after a locked operation on it waits for that operation to reach the cache; a load of
    /// another word of the line does not. 1,024 pushes, then as many pops, on one thread, took 32.3 ns an item by the word
    /// and 18.7 by the guess, 2026-11-21.
    #[inline]
    pub(super) fn guess<C: Claim>(&self) -> usize {
        // Acquire, both, pairs with the claims of this end, and with the Release in `claim` (edge "word").
        if C::IN_ORDER { self.word.load(Ordering::Acquire) } else { self.guess.load(Ordering::Acquire) }
    }

    /// Claims the positions of this end from `from` up to `to`; false where the word has moved.
    #[inline]
    pub(super) fn claim<C: Claim>(&self, from: usize, to: usize) -> bool {
        let claimed = C::claim(&self.word, from, to);
        if claimed && !C::IN_ORDER {
            // Release pairs with the Acquire in `guess` (edge "word").
            self.guess.store(to, Ordering::Release);
        }
        claimed
    }

    /// Whether to give up for now: the word is still the same and its slot still not ready, after a moment's patience
    /// where the end was not stuck at this word before.
    ///
    /// The peer that works on the slot is often about to finish, and if this thread went on to ask for the other end's
    /// word, and again and again, it would take that line from the peer each time. So the first to be stuck at a word
    /// spends a few spin hints, which cost no more than that line does. Asking a queue at rest again costs nothing of it.
    /// `docs/queues.md` has the figures.
    #[inline]
    pub(super) fn is_stuck(&self, word: usize, is_ready: impl Fn() -> bool) -> bool {
        // Relaxed: a guess; where it is wrong, the caller looks again.
        if self.word.load(Ordering::Relaxed) != word {
            return false;
        }
        // Relaxed, both: a hint, which decides about patience only.
        if cfg!(not(any(bedplate_loom, bedplate_shuttle))) && self.stuck.load(Ordering::Relaxed) != word {
            self.stuck.store(word, Ordering::Relaxed);
            (0..PATIENCE).for_each(|_| spin_loop());
            if is_ready() {
                return false;
            }
            (0..PATIENCE).for_each(|_| spin_loop());
        }
        !is_ready()
    }
}
