/// What a [`Batcher`](super::Batcher) has done since it was made, at one moment.
///
/// `pushed == handled + failed + left_over + dropped_oldest + (pending + in_flight)` holds in every snapshot, and
/// `batches` is the sum of the six `by_` figures.
///
/// ```
/// use bedplate::batch::Batcher;
///
/// let batcher = Batcher::builder().max_items(2).linger(std::time::Duration::MAX).inline(|b: &mut Vec<u64>| b.clear());
/// (1..=5).for_each(|n| batcher.push(n).unwrap());
/// let stats = batcher.stats();
/// assert_eq!((stats.pushed, stats.handled, stats.pending), (5, 4, 1));
/// assert_eq!((stats.batches, stats.by_items), (2, 2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatcherStats {
    /// Items taken by a push, without those that were dropped as the newest. Items of a [`Producer`](super::Producer)
    /// count when they are handed over.
    pub pushed: u64,
    /// Items that the handler took out of its vector.
    pub handled: u64,
    /// Items that the handler left in its vector, whether it returned or panicked, and those that a drop found waiting.
    pub failed: u64,
    /// Items given back by a close.
    pub left_over: u64,
    /// Items dropped by a push that found the batcher full, with [`Overflow::DropNewest`](super::Overflow::DropNewest).
    pub dropped_newest: u64,
    /// Items dropped to make room for a push, with [`Overflow::DropOldest`](super::Overflow::DropOldest).
    pub dropped_oldest: u64,
    /// Items that wait for a handler.
    pub pending: usize,
    /// Items in the stages of [`Producer`](super::Producer)s, not handed over yet.
    pub staged: usize,
    /// Items of the batch that the handler works on.
    pub in_flight: usize,
    /// Batches handed to the handler.
    pub batches: u64,
    /// Batches handed over because they held `max_items`.
    pub by_items: u64,
    /// Batches handed over because they held `max_bytes`, or the next item would have gone past it.
    pub by_bytes: u64,
    /// Batches handed over because their first item had waited for the linger; with a linger of zero, because the
    /// handler was free.
    pub by_linger: u64,
    /// Batches handed over because an item was urgent.
    pub by_urgent: u64,
    /// Batches handed over because a flush asked for them.
    pub by_flush: u64,
    /// Batches handed over because the batcher was closed.
    pub by_close: u64,
    /// Pushes that found the batcher full and waited.
    pub waits: u64,
    /// Times a batch was handed to the handler again.
    pub retries: u64,
    /// Panics of the handler, of `on_failed` and of `on_thread_start`.
    pub panics: u64,
}

crate::stats::figures!(BatcherStats {
    count: pushed, handled, failed, left_over, dropped_newest, dropped_oldest;
    level: pending, staged, in_flight;
    count: batches, by_items, by_bytes, by_linger, by_urgent, by_flush, by_close, waits, retries, panics;
});
