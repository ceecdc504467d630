use super::Stats;
use super::waiters::Waiters;
use crate::primitive::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::queue::Queue;
use crate::time::Clock;

/// What all handles of a channel share beside its queue.
///
/// Who wakes whom:
///
/// - Each finished push wakes one receiver, each finished pop one sender.
/// - A queue may answer `Busy`: a waiter can be woken, find the place it needs unfinished, and park again, with the
///   notification spent. So a waiter that was through after waiting, and leaves work behind, wakes the next one of its
///   side (`Sender::pass_on`, `Receiver::pass_on`): the push that was unfinished starts that chain when it ends.
/// - Closing wakes everybody. A receiver that then finds the last items unfinished parks once more; so while the channel
///   is closing, each finished pop and each send that ends with an error wakes all receivers.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) not_empty: Waiters,
    pub(super) not_full: Waiters,
    /// Set before the queue is closed. Read with each pop, so it is on a line that otherwise hardly changes.
    closing: AtomicBool,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    pub(super) clock: Clock,
}

impl Shared {
    /// For one sender and one receiver.
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            not_empty: Waiters::default(),
            not_full: Waiters::default(),
            closing: AtomicBool::new(false),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            clock,
        }
    }

    /// `n` items were pushed.
    #[inline]
    pub(super) fn pushed(&self, n: usize) {
        self.not_empty.notify(n);
    }

    /// `n` items were popped.
    #[inline]
    pub(super) fn popped(&self, n: usize) {
        self.not_full.notify(n);
        // Relaxed: ordered by the fence in `notify`. Where the flag is not seen here, `close` wakes the receivers after
        // that fence, and they see this pop finished.
        if self.closing.load(Ordering::Relaxed) {
            self.not_empty.notify_all();
        }
    }

    /// A send ends with an error: the push it tried has ended without an item.
    #[cold]
    pub(super) fn refused(&self) {
        // Pairs with the fences of `close` and of a listener: where the flag is not seen here, whoever closes the
        // channel sees the push ended.
        fence(Ordering::SeqCst);
        if self.closing.load(Ordering::Relaxed) {
            self.not_empty.notify_all();
        }
    }

    /// Closes the queue and wakes everybody; says whether this call closed it.
    pub(super) fn close(&self, queue: &impl Queue) -> bool {
        // Relaxed: ordered by the fences in the two below.
        self.closing.store(true, Ordering::Relaxed);
        let closed = queue.close();
        self.not_empty.notify_all();
        self.not_full.notify_all();
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
            closed: stats.closed,
        }
    }
}
