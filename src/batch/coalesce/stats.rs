use crate::batch::BatcherStats;

/// What a [`Coalescer`](super::Coalescer) has done since it was made, at one moment.
///
/// `pushed == merged + handled + failed + left_over + dropped_oldest + (pending + in_flight)` holds in every snapshot,
/// and `batches` is the sum of the five `by_` figures. The values that were lost because the coalescer was full are
/// `dropped_newest + dropped_oldest + dropped_merged`.
///
/// ```
/// use bedplate::batch::Coalescer;
/// use std::time::Duration;
///
/// let builder = Coalescer::builder(|sum: &mut u64, n| *sum += n).max_items(2).linger(Duration::MAX);
/// let sums = builder.inline(|batch| batch.clear());
/// ["a", "a", "a", "b", "c"].into_iter().for_each(|key| sums.push(key, 1).unwrap());
/// let stats = sums.stats();
/// assert_eq!((stats.pushed, stats.merged, stats.handled, stats.pending), (5, 2, 2, 1));
/// assert_eq!((stats.batches, stats.by_items), (1, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoalescerStats {
    /// Pushes whose value was taken, without those that were dropped as the newest.
    pub pushed: u64,
    /// Those of them whose value was merged into that of a key that waited.
    pub merged: u64,
    /// Keys that the handler took out of its vector.
    pub handled: u64,
    /// Keys that the handler left in its vector, whether it returned or panicked, and those that a drop found waiting.
    pub failed: u64,
    /// Keys given back by a close.
    pub left_over: u64,
    /// Pushes that found the coalescer full and were dropped, with
    /// [`Overflow::DropNewest`](crate::batch::Overflow::DropNewest).
    pub dropped_newest: u64,
    /// Keys dropped to make room for a push, with [`Overflow::DropOldest`](crate::batch::Overflow::DropOldest).
    pub dropped_oldest: u64,
    /// Pushes whose values had been merged into those of keys that were dropped so; they count in `merged`, too.
    pub dropped_merged: u64,
    /// Keys that wait for a handler.
    pub pending: usize,
    /// Keys of the batch that the handler works on.
    pub in_flight: usize,
    /// Batches handed to the handler.
    pub batches: u64,
    /// Batches handed over because they held `max_items` keys.
    pub by_items: u64,
    /// Batches handed over because their first key had waited for the linger; with a linger of zero, because the
    /// handler was free.
    pub by_linger: u64,
    /// Batches handed over because a push was urgent.
    pub by_urgent: u64,
    /// Batches handed over because a flush asked for them.
    pub by_flush: u64,
    /// Batches handed over because the coalescer was closed.
    pub by_close: u64,
    /// Pushes that found the coalescer full and waited.
    pub waits: u64,
    /// Times a batch was handed to the handler again.
    pub retries: u64,
    /// Panics of the handler, of `on_failed` and of `on_thread_start`.
    pub panics: u64,
}

impl CoalescerStats {
    pub(super) fn new(keys: BatcherStats, merged: u64, dropped_merged: u64) -> Self {
        Self {
            pushed: keys.pushed + merged,
            merged,
            handled: keys.handled,
            failed: keys.failed,
            left_over: keys.left_over,
            dropped_newest: keys.dropped_newest,
            dropped_oldest: keys.dropped_oldest,
            dropped_merged,
            pending: keys.pending,
            in_flight: keys.in_flight,
            batches: keys.batches,
            by_items: keys.by_items,
            by_linger: keys.by_linger,
            by_urgent: keys.by_urgent,
            by_flush: keys.by_flush,
            by_close: keys.by_close,
            waits: keys.waits,
            retries: keys.retries,
            panics: keys.panics,
        }
    }
}

crate::stats::figures!(CoalescerStats {
    count: pushed, merged, handled, failed, left_over, dropped_newest, dropped_oldest, dropped_merged;
    level: pending, in_flight;
    count: batches, by_items, by_linger, by_urgent, by_flush, by_close, waits, retries, panics;
});
