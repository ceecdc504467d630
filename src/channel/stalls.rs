//! How a thread waits for a peer that is in the middle of an operation, and will not tell it when that ends.

#[cfg(not(any(bedplate_loom, bedplate_shuttle)))]
mod imp {
    use std::time::Duration;

    use crate::channel::waiters::Attempt;
    use crate::sync::{Listener, Woken};
    use crate::time::{Clock, Deadline};

    /// The first park for a peer. It has lost its CPU, or it would be through: what that takes are time slices.
    const LEAST: Duration = Duration::from_micros(50);

    /// The longest: so late at most an item of a peer comes that was stopped for long.
    const MOST: Duration = Duration::from_millis(1);

    #[derive(Debug)]
    pub(in crate::channel) struct Stalls;

    impl Stalls {
        pub(in crate::channel) fn new(_claimed: bool) -> Self {
            Self
        }

        #[inline]
        pub(in crate::channel) fn over(&self) {}

        /// Lets a moment pass and tries again. A notification ends the moment.
        pub(in crate::channel) fn wait<'a, S, R>(
            &self,
            listener: Listener<'a>,
            (clock, deadline): (&Clock, Deadline),
            times: u32,
            state: S,
            mut attempt: impl FnMut(S) -> Attempt<R, S>,
        ) -> (Woken<'a>, Attempt<R, S>) {
            let most = MOST.min(LEAST * (1 << times.min(8)));
            // Of real time, whatever clock the channel has: the peer is a thread that runs, or will.
            let moment = deadline.remaining(clock).map_or(most, |left| most.min(left));
            let woken = listener.wait_relayed(&Clock::Monotonic, Deadline::after(&Clock::Monotonic, moment));
            (woken, attempt(state))
        }
    }
}

/// loom and shuttle have no time. A thread that looked again and again would keep them busy for ever, so here the ends
/// of operations are told, though to nobody but the threads that wait for one: what else is to be woken stays to be
/// shown.
#[cfg(any(bedplate_loom, bedplate_shuttle))]
mod imp {
    use crate::channel::waiters::Attempt;
    use crate::primitive::thread;
    use crate::sync::{EventCount, Listener, Woken};
    use crate::time::{Clock, Deadline};

    #[derive(Debug)]
    pub(in crate::channel) struct Stalls {
        /// An operation has ended.
        over: EventCount,
        /// Whether each operation that a thread waits for says so. A refused push of a single producer does not; but
        /// there one thread at most waits, and may look again and again.
        claimed: bool,
    }

    impl Stalls {
        pub(in crate::channel) fn new(claimed: bool) -> Self {
            Self { over: EventCount::new(), claimed }
        }

        pub(in crate::channel) fn over(&self) {
            self.over.notify_all();
        }

        pub(in crate::channel) fn wait<'a, S, R>(
            &self,
            listener: Listener<'a>,
            (_, deadline): (&Clock, Deadline),
            _times: u32,
            state: S,
            mut attempt: impl FnMut(S) -> Attempt<R, S>,
        ) -> (Woken<'a>, Attempt<R, S>) {
            if !self.claimed || deadline != Deadline::NEVER {
                thread::yield_now();
                return (listener.leave(), attempt(state));
            }
            let over = self.over.listen();
            let woken = listener.leave();
            match attempt(state) {
                Attempt::Busy(back) => {
                    over.wait();
                    (woken, attempt(back))
                }
                tried => (woken, tried),
            }
        }
    }
}

pub(super) use imp::Stalls;
