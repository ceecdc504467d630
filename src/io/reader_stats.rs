/// What a [`DirectReader`](super::DirectReader) gave out so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReaderStats {
    /// Blocks that were read, the short last one with them.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// Bytes moved to the front of a block because `next_block` came after a `Read` that left a part of it.
    pub moved: u64,
}

crate::stats::figures!(ReaderStats { count: blocks, bytes, moved });
