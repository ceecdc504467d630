/// What a [`BlockPool`](super::BlockPool) held and did, at one moment.
///
/// Taken without stopping anybody: `total == idle + in_use` always, while which of the blocks that threads acquire and
/// release meanwhile count as idle, and whether `acquired` has them, is as it happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlockStats {
    /// The most blocks the pool may hold.
    pub max: usize,
    /// Blocks the pool holds, idle or in use.
    pub total: usize,
    /// Blocks that wait in the pool.
    pub idle: usize,
    /// Blocks that are out or were leaked.
    pub in_use: usize,
    /// The most blocks the pool held at one moment.
    pub high_water: usize,
    /// Slabs that have memory.
    pub slabs: usize,
    /// Slabs that [`SlabPins`](super::SlabPins) hold.
    pub pinned: usize,
    /// Slabs added because an acquisition found no block idle; the first, added by `build`, is not among them.
    pub grown: u64,
    /// Slabs whose memory a trim took.
    pub trimmed: u64,
    /// Acquisitions that gave a block of the pool out.
    pub acquired: u64,
    /// Acquisitions of more than a block holds, which got a mapping of their own.
    pub bypassed: u64,
    /// Acquisitions that found everything in use and waited.
    pub waits: u64,
    /// How often idle blocks had to be fetched from the magazines of threads, as
    /// [`Stats::revocations`](crate::pool::Stats::revocations) tells.
    pub revocations: u64,
}

crate::stats::figures!(BlockStats {
    level: max, total, idle, in_use, high_water, slabs, pinned;
    count: grown, trimmed, acquired, bypassed, waits, revocations;
});
