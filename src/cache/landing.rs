use std::sync::OnceLock;

use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::sync::EventCount;
use crate::time::{Clock, Deadline};

/// The load has failed and one of those who wait is to take it over.
pub(super) const NOBODY: usize = 0;
/// The load is over: the value is there, or it failed after it was cancelled and those who wait start again.
const OVER: usize = 1;

/// Where the threads that found a load under way wait for its value.
#[derive(Debug)]
pub(super) struct Landing<V> {
    /// The loading thread (its number is an address, so neither of the two), `NOBODY` or `OVER`. Written under the lock of
    /// the shard, but for `OVER`.
    leader: AtomicUsize,
    value: OnceLock<V>,
    event: EventCount,
}

/// What a waiting thread finds.
#[derive(Debug)]
pub(super) enum View<'a, V> {
    Loading,
    Value(&'a V),
    Vacant,
    Over,
}

impl<V> Landing<V> {
    pub(super) fn new(leader: usize) -> Self {
        Self { leader: AtomicUsize::new(leader), value: OnceLock::new(), event: EventCount::new() }
    }

    /// The loading thread, or a number that is no thread's.
    ///
    /// Relaxed: a thread looks here for itself, and reads its own writes; for what others do, the lock of `Waits`
    /// orders them.
    pub(super) fn leader(&self) -> usize {
        self.leader.load(Ordering::Relaxed)
    }

    /// Relaxed: who acts on it takes the lock of the shard, under which this is written.
    pub(super) fn set_leader(&self, thread: usize) {
        self.leader.store(thread, Ordering::Relaxed);
    }

    pub(super) fn view(&self) -> View<'_, V> {
        // Acquire pairs with the Release in `close`: who sees OVER sees the value, where there is one.
        let leader = self.leader.load(Ordering::Acquire);
        match (self.value.get(), leader) {
            (Some(value), _) => View::Value(value),
            (None, OVER) => View::Over,
            (None, NOBODY) => View::Vacant,
            (None, _) => View::Loading,
        }
    }

    /// Sleeps unless the view has changed; returns to have it looked at again, or false at the deadline.
    pub(super) fn wait(&self, clock: &Clock, deadline: Deadline) -> bool {
        let listener = self.event.listen();
        !matches!(self.view(), View::Loading) || listener.wait_until(clock, deadline)
    }

    /// One of those who wait looks again.
    pub(super) fn wake_one(&self) {
        self.event.notify(1);
    }

    /// Shares the value. Called once.
    pub(super) fn share(&self, value: V) {
        let _ = self.value.set(value);
    }

    /// Ends the load and wakes all.
    pub(super) fn close(&self) {
        // Release pairs with the Acquire in `view`.
        self.leader.store(OVER, Ordering::Release);
        self.event.notify_all();
    }
}
