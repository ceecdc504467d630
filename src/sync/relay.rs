use super::EventCount;
use super::list::Interest;
use super::waiter::Word;
use crate::primitive::atomic::{Ordering, fence};

/// What a relay did, or has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "the hook is the caller's to call"]
pub(crate) struct Relayed {
    /// A thread was woken.
    pub(crate) woke: bool,
    /// The event count was armed.
    pub(crate) armed: bool,
}

/// Relays, by which a channel wakes: one wake-up is in flight at a time. Who relays while a woken thread has not passed
/// on the baton does nothing; that thread does.
impl EventCount {
    /// Wakes the first listener and gives it the baton, unless the baton is out; ends an arming. Change the condition
    /// before this.
    #[inline]
    pub(crate) fn relay(&self) -> Relayed {
        // As in `notify`.
        fence(Ordering::SeqCst);
        // Relaxed: ordered by the fence.
        self.relay_to(Interest(self.interest.load(Ordering::Relaxed)))
    }

    /// As [`relay`](Self::relay), under the condition of [`notify_relaxed`](Self::notify_relaxed).
    #[inline]
    pub(crate) fn relay_relaxed(&self) -> Relayed {
        self.relay_to(self.interest_after_rmw())
    }

    #[inline]
    fn relay_to(&self, interest: Interest) -> Relayed {
        if interest.in_relay() { self.relay_slow() } else { Relayed::default() }
    }

    #[cold]
    fn relay_slow(&self) -> Relayed {
        let (next, armed) = self.change(|list| {
            let next = if list.baton_out { None } else { list.take(Word::Baton) };
            list.baton_out |= next.is_some();
            (next, std::mem::take(&mut list.armed))
        });
        let woke = next.inspect(|waiter| waiter.wake()).is_some();
        Relayed { woke, armed }
    }

    /// Wakes every listener, without a baton, and ends an arming; says whether there was one. Change the condition
    /// before this.
    #[must_use = "the hook is the caller's to call"]
    pub(crate) fn relay_to_all(&self) -> bool {
        // As in `notify`.
        fence(Ordering::SeqCst);
        let (all, armed) = self.change(|list| {
            let all: Vec<_> = std::iter::from_fn(|| list.take(Word::Notified)).collect();
            (all, std::mem::take(&mut list.armed))
        });
        all.iter().for_each(|waiter| waiter.wake());
        armed
    }

    /// Sees to it that the next relay is told so. Look at the condition again after this.
    pub(crate) fn arm(&self) {
        self.change(|list| list.armed = true);
        // As in `listen`.
        fence(Ordering::SeqCst);
    }

    /// Ends an arming that no relay has ended; says whether there was one.
    pub(crate) fn disarm(&self) -> bool {
        self.change(|list| std::mem::take(&mut list.armed))
    }
}
