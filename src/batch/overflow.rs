use std::time::Duration;

/// What a push does where as many items wait as the [`capacity`](super::BatcherBuilder::capacity) allows.
///
/// `try_push` and `push_timeout` do not ask for it: they say themselves how long to wait.
///
/// ```
/// use bedplate::batch::{Batcher, Overflow};
/// use std::time::Duration;
///
/// let latest = Batcher::builder()
///     .max_items(2)
///     .linger(Duration::MAX)
///     .overflow(Overflow::DropOldest)
///     .spawn("latest", |batch: &mut Vec<u64>| batch.clear())?;
/// (1..=1_000).for_each(|n| latest.push(n).unwrap());
/// let report = latest.close();
/// assert_eq!(report.handled + report.dropped, 1_000);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The push waits for room, this long at most, and then gives the item back. `Block(Duration::MAX)`, without an
    /// end, is what a batcher does where nothing is said.
    Block(Duration),
    /// The push gives the item back at once.
    Reject,
    /// The item is dropped and counted ([`BatcherStats::dropped_newest`](super::BatcherStats::dropped_newest)), and the
    /// push succeeds.
    DropNewest,
    /// The item that has waited longest is dropped and counted
    /// ([`BatcherStats::dropped_oldest`](super::BatcherStats::dropped_oldest)), and the push succeeds. What the handler
    /// has in its hands is not dropped.
    DropOldest,
}
