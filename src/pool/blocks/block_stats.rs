/// What a [`BlockPool`](super::BlockPool) held and did, at one moment.
///
/// `total == idle + in_use` always; the counts of slabs and of bypasses are read beside, and may be a moment younger.
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
    /// The most blocks that were in use at one moment.
    pub high_water: usize,
    /// Slabs that are mapped.
    pub slabs: usize,
    /// Slabs mapped because an acquisition found no block idle; the first, mapped by `build`, is not among them.
    pub grown: u64,
    /// Acquisitions that gave a block of the pool out.
    pub acquired: u64,
    /// Acquisitions of more than a block holds, which got a mapping of their own.
    pub bypassed: u64,
    /// Acquisitions that found everything in use and waited.
    pub waits: u64,
}
