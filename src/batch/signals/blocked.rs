use std::marker::PhantomData;

use super::SignalSet;
use crate::sys::signal as sys;

/// The calling thread blocks these signals while this lives, from [`SignalSet::block`].
///
/// Dropping it unblocks those that it found unblocked, and leaves the others as they were; what other code did to the
/// rest of the mask meanwhile stays. Threads that were made meanwhile go on blocking them.
///
/// **A signal that is pending then is delivered at once**, before the drop returns: a `SIGTERM` nobody has read ends the
/// process. Take what is there before ([`SignalBatcher::close`](super::SignalBatcher::close)), or leave the signals
/// blocked for good with `std::mem::forget`.
///
/// It cannot be sent to another thread:
///
/// ```compile_fail,E0277
/// use bedplate::batch::signals::{SignalSet, Signo};
///
/// let guard = SignalSet::from([Signo::USR1]).block().unwrap();
/// std::thread::spawn(move || drop(guard));
/// ```
#[derive(Debug)]
#[must_use = "the signals are blocked only while the guard lives; bind it to a name"]
pub struct BlockedSignals {
    signals: SignalSet,
    /// Those of them that were not blocked before.
    restored: SignalSet,
    /// The mask to restore is this thread's.
    not_send: PhantomData<*const ()>,
}

impl BlockedSignals {
    pub(super) fn new(signals: SignalSet, restored: SignalSet) -> Self {
        Self { signals, restored, not_send: PhantomData }
    }

    /// The signals that were asked for.
    #[must_use]
    pub fn signals(&self) -> SignalSet {
        self.signals
    }
}

impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // It worked the other way round; only a system call filter installed since can refuse, and they stay blocked.
        let _ = sys::unblock(self.restored.bits());
    }
}
