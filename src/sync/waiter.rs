use super::parker::Parker;
use crate::primitive::Arc;
use crate::primitive::atomic::{AtomicU8, Ordering};
use crate::time::{Clock, Deadline};

/// What a thread that listens has been told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Word {
    /// Nothing yet.
    Silence,
    /// It was notified.
    Notified,
    /// It was notified, and has the baton: it is to wake the next.
    Baton,
}

/// A thread's place in a list of listeners. Each thread keeps one for the next time, so that to listen does not
/// allocate.
#[derive(Debug)]
pub(super) struct Waiter {
    parker: Parker,
    /// A [`Word`]. Written once for each time in a list, by whoever takes it out of there, under the lock of the list.
    word: AtomicU8,
}

impl Waiter {
    fn of_this_thread() -> Arc<Self> {
        Arc::new(Self { parker: Parker::of_this_thread(), word: AtomicU8::new(Word::Silence as u8) })
    }

    /// Leaves `word` for the listener. The caller has the lock of the list, has taken the waiter out of it, and calls
    /// [`wake`](Self::wake) once it has given up the lock.
    pub(super) fn tell(&self, word: Word) {
        // Release pairs with the Acquire in `told` (edge "wake").
        self.word.store(word as u8, Ordering::Release);
    }

    /// Wakes the thread. It may have seen the word before and gone on: then this is a wake-up for nothing, which every
    /// park has to bear.
    pub(super) fn wake(&self) {
        self.parker.unpark();
    }

    /// Sleeps until woken or until the deadline; may return early. Only the thread itself calls this.
    pub(super) fn sleep(&self, clock: &Clock, deadline: Deadline) {
        self.parker.park_until(clock, deadline);
    }

    pub(super) fn told(&self) -> Word {
        // Acquire pairs with the Release in `tell` (edge "wake").
        match self.word.load(Ordering::Acquire) {
            0 => Word::Silence,
            1 => Word::Notified,
            _ => Word::Baton,
        }
    }

    /// Forgets the word of the last time.
    #[cfg_attr(any(bedplate_loom, bedplate_shuttle), allow(dead_code))]
    fn reset(&self) {
        // Relaxed: it is in no list, so nobody else writes, and the lock of the list it goes to orders it.
        self.word.store(Word::Silence as u8, Ordering::Relaxed);
    }
}

#[cfg(not(any(bedplate_loom, bedplate_shuttle)))]
mod spare {
    use super::{Arc, Waiter};
    use std::cell::Cell;

    thread_local! {
        static SPARE: Cell<Option<Arc<Waiter>>> = const { Cell::new(None) };
    }

    /// The calling thread's waiter, or a new one where that one is in use, or is gone because the thread is ending.
    pub(in crate::sync) fn take() -> Arc<Waiter> {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        spare.inspect(|waiter| waiter.reset()).unwrap_or_else(Waiter::of_this_thread)
    }

    /// Keeps a waiter of the calling thread, which is in no list, for the next time.
    pub(in crate::sync) fn keep(waiter: &Arc<Waiter>) {
        let _ = SPARE.try_with(|spare| spare.set(Some(Arc::clone(waiter))));
    }
}

/// The threads of loom and shuttle are not the system's: nothing is kept.
#[cfg(any(bedplate_loom, bedplate_shuttle))]
mod spare {
    use super::{Arc, Waiter};

    pub(in crate::sync) fn take() -> Arc<Waiter> {
        Waiter::of_this_thread()
    }

    pub(in crate::sync) fn keep(_: &Arc<Waiter>) {}
}

pub(super) use spare::{keep, take};
