use super::waiters::Waiters;
use super::{Stats, Wait};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::queue::Queue;
use crate::time::Clock;

/// What all handles of a channel share beside its queue.
///
/// Who wakes whom: each finished push relays to the receivers, each finished pop to the senders, and a close wakes
/// everybody. A relay wakes one thread where one listens and no other wake-up is in flight; the thread that was woken
/// passes on once it is through (`Waiters::pass_on`). A thread that waits for a place which a peer has not finished
/// with is not woken for it, and looks from time to time.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) not_empty: Waiters,
    pub(super) not_full: Waiters,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    pub(super) wait: Wait,
    pub(super) clock: Clock,
}

impl Shared {
    /// For one sender and one receiver.
    pub(super) fn new(not_empty: Waiters, not_full: Waiters, wait: Wait, clock: Clock) -> Self {
        Self { not_empty, not_full, senders: AtomicUsize::new(1), receivers: AtomicUsize::new(1), wait, clock }
    }

    /// A push has gone through; `claimed`: see `Waiters::signal`.
    #[inline]
    pub(super) fn pushed(&self, claimed: bool) {
        self.not_empty.signal(claimed);
        self.end_stalls();
    }

    /// A pop has gone through.
    #[inline]
    pub(super) fn popped(&self, claimed: bool) {
        self.not_full.signal(claimed);
        self.end_stalls();
    }

    #[inline]
    fn end_stalls(&self) {
        self.not_empty.end_stalls();
        self.not_full.end_stalls();
    }

    /// Closes the queue and wakes everybody; says whether this call closed it.
    pub(super) fn close(&self, queue: &impl Queue) -> bool {
        let closed = queue.close();
        self.not_empty.signal_all();
        self.not_full.signal_all();
        closed
    }

    pub(super) fn add_sender(&self) {
        // Relaxed, here and in `add_receiver`: the new handle comes from a living one, which orders it. It cannot
        // overflow: the reference count of `Shared` is raised with it, and aborts first.
        self.senders.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_receiver(&self) {
        self.receivers.fetch_add(1, Ordering::Relaxed);
    }

    /// Says whether it was the last one.
    pub(super) fn remove_sender(&self) -> bool {
        // AcqRel, here and in `remove_receiver`: the last one is after all that the others did.
        self.senders.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Says whether it was the last one.
    pub(super) fn remove_receiver(&self) -> bool {
        self.receivers.fetch_sub(1, Ordering::AcqRel) == 1
    }

    pub(super) fn stats(&self, queue: &impl Queue) -> Stats {
        let stats = queue.stats();
        Stats {
            capacity: stats.capacity,
            len: stats.len,
            sent: stats.pushed,
            received: stats.popped,
            // Relaxed, both: figures.
            senders: self.senders.load(Ordering::Relaxed),
            receivers: self.receivers.load(Ordering::Relaxed),
            parked_senders: self.not_full.parked(),
            parked_receivers: self.not_empty.parked(),
            sender_parks: self.not_full.parks(),
            receiver_parks: self.not_empty.parks(),
            sender_wakes: self.not_full.wakes(),
            receiver_wakes: self.not_empty.wakes(),
            hook_panics: self.not_empty.hook_panics() + self.not_full.hook_panics(),
            closed: stats.closed,
        }
    }
}
