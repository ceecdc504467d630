/// Where a [`Block`](super::Block) lies in its pool: the slab's number, which is its place in
/// [`SlabPins::iovecs`](super::SlabPins::iovecs), and the block's first byte within the slab.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlockLocation {
    /// The slab, counted from 0.
    pub slab: usize,
    /// The distance in bytes from the slab's start, a multiple of the block size.
    pub offset: usize,
}
