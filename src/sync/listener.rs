use std::fmt;
use std::marker::PhantomData;

use super::EventCount;
use super::baton::Baton;
use super::waiter::{self, Waiter, Word};
use crate::primitive::Arc;
use crate::time::{Clock, Deadline};

/// A thread's place in the list of an [`EventCount`]. Dropped without a wait, it passes a notification it may have
/// received to the next listener.
///
/// It is the thread that listens which is woken, so a listener does not leave it:
///
/// ```compile_fail,E0277
/// let event = bedplate::sync::EventCount::new();
/// let listener = event.listen();
/// std::thread::scope(|s| {
///     s.spawn(|| listener.wait());
/// });
/// ```
#[must_use = "look at the condition again, then `wait` on it or drop it"]
pub struct Listener<'a> {
    event: &'a EventCount,
    waiter: Arc<Waiter>,
    /// What it was told was acted on, so that `drop` has nothing left to do.
    done: bool,
    of_this_thread: PhantomData<*const ()>,
}

/// How a wait for a relay ended.
#[cfg_attr(not(feature = "channel"), allow(dead_code))]
#[derive(Debug)]
pub(crate) enum Woken<'a> {
    /// By the deadline.
    No,
    /// By a notification.
    Yes,
    /// By a relay.
    First(Baton<'a>),
}

impl<'a> Listener<'a> {
    pub(super) fn new(event: &'a EventCount, waiter: Arc<Waiter>) -> Self {
        Self { event, waiter, done: false, of_this_thread: PhantomData }
    }

    /// Sleeps until notified.
    pub fn wait(self) {
        self.wait_until(&Clock::Monotonic, Deadline::NEVER);
    }

    /// Sleeps until notified or until the deadline of `clock`; says whether it was notified.
    pub fn wait_until(self, clock: &Clock, deadline: Deadline) -> bool {
        match self.wait_relayed(clock, deadline) {
            Woken::No => false,
            Woken::Yes | Woken::First(_) => true,
        }
    }

    /// As [`wait_until`](Self::wait_until), where wakes are relayed.
    pub(crate) fn wait_relayed(self, clock: &Clock, deadline: Deadline) -> Woken<'a> {
        while self.waiter.told() == Word::Silence && !deadline.is_past(clock) {
            self.waiter.sleep(clock, deadline);
        }
        self.leave()
    }

    /// Listens no longer. A notification that came at the last moment counts, or it would be lost.
    pub(crate) fn leave(mut self) -> Woken<'a> {
        self.done = true;
        match self.last_word() {
            Word::Silence => Woken::No,
            Word::Notified => Woken::Yes,
            Word::Baton => Woken::First(Baton::new(self.event)),
        }
    }

    /// What it was told by the time it is in no list.
    fn last_word(&self) -> Word {
        if self.waiter.told() == Word::Silence {
            self.event.unlink(&self.waiter);
        }
        self.waiter.told()
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        if !self.done {
            match self.last_word() {
                Word::Silence => {}
                Word::Notified => self.event.notify(1),
                Word::Baton => drop(Baton::new(self.event)),
            }
        }
        waiter::keep(&self.waiter);
    }
}

impl fmt::Debug for Listener<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let notified = self.waiter.told() != Word::Silence;
        f.debug_struct("Listener").field("notified", &notified).finish_non_exhaustive()
    }
}
