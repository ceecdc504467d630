/// What a [`SignalBatcher`](super::SignalBatcher) has taken since it was made.
///
/// `received == standard + real_time`, and `batches` is the sum of the four `by_` figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignalStats {
    /// Signals taken from the kernel.
    pub received: u64,
    /// Standard ones among them. Each may stand for several that were sent.
    pub standard: u64,
    /// Real-time ones among them.
    pub real_time: u64,
    /// Signals that came without information because the queue was full: see
    /// [`PossibleLoss::stripped`](super::PossibleLoss::stripped).
    pub stripped: u64,
    /// Batches at whose end the queue was found full: see
    /// [`PossibleLoss::queue_full`](super::PossibleLoss::queue_full).
    pub queue_full: u64,
    /// Reads of the signalfd, also those that found nothing.
    pub reads: u64,
    /// Batches handed out.
    pub batches: u64,
    /// Batches that held `max_items`.
    pub by_items: u64,
    /// Batches whose first signal had waited for the linger.
    pub by_linger: u64,
    /// Batches whose caller would wait no longer: all of `try_next_batch`, and those cut short by the timeout of
    /// `next_batch_timeout`.
    pub by_caller: u64,
    /// Batches handed out because the thread was closed.
    pub by_close: u64,
    /// Panics of the handler and of `on_thread_start`.
    pub panics: u64,
}

crate::stats::figures!(SignalStats {
    count: received, standard, real_time, stripped, queue_full, reads;
    count: batches, by_items, by_linger, by_caller, by_close, panics;
});
