/// What a [`DirectWriter`](super::DirectWriter) did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WriterStats {
    /// Bytes that were given to it.
    pub bytes: u64,
    /// Blocks it wrote or gave to its threads, whole ones and parts.
    pub blocks: u64,
    /// Bytes moved to the front of a block because `flush` came within one.
    pub moved: u64,
}

crate::stats::figures!(WriterStats { count: bytes, blocks, moved });
