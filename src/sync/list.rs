use std::collections::VecDeque;

use super::waiter::{Waiter, Word};
use crate::primitive::Arc;

/// Who waits, in one word.
#[derive(Clone, Copy)]
pub(super) struct Interest(pub(super) usize);

impl Interest {
    /// A relay has something to do.
    const RELAY: usize = 1;
    /// One listener.
    const LISTENER: usize = 2;

    pub(super) fn listeners(self) -> usize {
        self.0 / Self::LISTENER
    }

    /// Whether a relay has something to do.
    #[cfg(feature = "channel")]
    pub(super) fn in_relay(self) -> bool {
        self.0 & Self::RELAY != 0
    }
}

/// What the lock of an event count guards.
#[derive(Default)]
pub(super) struct List {
    pub(super) listeners: VecDeque<Arc<Waiter>>,
    /// A thread was woken by a relay and has not passed the baton on, or put it down.
    pub(super) baton_out: bool,
    /// The next relay is to be told so.
    pub(super) armed: bool,
}

impl List {
    /// Unlinks the first listener and tells it `word`; the caller wakes it, without the lock.
    pub(super) fn take(&mut self, word: Word) -> Option<Arc<Waiter>> {
        let waiter = self.listeners.pop_front()?;
        waiter.tell(word);
        Some(waiter)
    }

    /// Nobody has the baton any more.
    pub(super) fn put_down(&mut self) {
        self.baton_out = false;
    }

    /// What a notifier has to know of the list.
    pub(super) fn interest(&self) -> Interest {
        let relay = self.armed || (!self.baton_out && !self.listeners.is_empty());
        Interest(self.listeners.len() * Interest::LISTENER + if relay { Interest::RELAY } else { 0 })
    }
}
