use std::fmt;
use std::io;
use std::sync::Arc;

use crate::primitive::Mutex;
use crate::primitive::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::{EventCount, Listener};

/// How far a log is durable: what it shares with those that follow it, and keeps outside its lock.
pub(super) struct Progress {
    durable: AtomicU64,
    /// `state` is no longer `Open`.
    ended: AtomicBool,
    state: Mutex<State>,
    /// One of the others changed.
    changed: EventCount,
}

/// Whether more can become durable.
#[derive(Clone, Debug)]
pub(super) enum State {
    Open,
    /// The log was closed or dropped.
    Closed,
    /// A write or sync failed.
    Failed(Arc<io::Error>),
}

impl Progress {
    pub(super) fn new(durable: u64) -> Self {
        Self {
            durable: AtomicU64::new(durable),
            ended: AtomicBool::new(false),
            state: Mutex::new(State::Open),
            changed: EventCount::new(),
        }
    }

    #[inline]
    pub(super) fn durable(&self) -> u64 {
        // Acquire pairs with the Release in `advance`: what the thread that wrote did before is seen.
        self.durable.load(Ordering::Acquire)
    }

    /// What is to be said of the time after [`durable`](Self::durable): ask for this first, and for that then.
    pub(super) fn state(&self) -> State {
        // Acquire pairs with the Release in `end`: who sees the end sees all that became durable before.
        if self.ended.load(Ordering::Acquire) { self.state.lock().clone() } else { State::Open }
    }

    /// Listens for a change of either.
    pub(super) fn listen(&self) -> Listener<'_> {
        self.changed.listen()
    }

    /// The caller has the log's lock, so that it never goes back. Call [`tell`](Self::tell) after that.
    pub(super) fn advance(&self, durable: u64) {
        // Release pairs with the Acquire in `durable`.
        self.durable.store(durable, Ordering::Release);
    }

    /// Wakes those that follow.
    pub(super) fn tell(&self) {
        self.changed.notify_all();
    }

    /// The first end stays.
    pub(super) fn end(&self, state: State) {
        {
            let mut current = self.state.lock();
            if matches!(*current, State::Open) {
                *current = state;
            }
        }
        // Release pairs with the Acquire in `state`.
        self.ended.store(true, Ordering::Release);
        self.changed.notify_all();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("durable", &self.durable()).field("state", &self.state()).finish()
    }
}
