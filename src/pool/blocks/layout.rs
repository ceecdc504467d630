use std::io;
use std::ops::Range;

/// The least block, the step of block lengths, and the alignment of each block.
pub(super) const UNIT: usize = 4096;

/// The greatest block: one huge page. Above it a mapping for each buffer costs little beside filling it.
const GREATEST: usize = 2 << 20;

/// How a pool's memory is laid out: blocks side by side, in slabs of as many each, the last one with the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    block_size: usize,
    max_blocks: usize,
    slab_blocks: usize,
    /// What the memory of a slab is a multiple of: the page, or the huge page that is asked for.
    granule: usize,
}

impl Layout {
    /// Rounds the blocks of a slab up to whole granules.
    pub(super) fn new(block_size: usize, slab_blocks: usize, max_blocks: usize, granule: usize) -> io::Result<Self> {
        debug_assert!(granule.is_power_of_two());
        if !block_size.is_power_of_two() || !(UNIT..=GREATEST).contains(&block_size) {
            return Err(invalid(format!("a block of {block_size} bytes: not a power of two from 4 KiB to 2 MiB")));
        }
        if slab_blocks == 0 || max_blocks == 0 {
            return Err(invalid("a pool of at most 0 blocks, or slabs of 0 blocks".to_owned()));
        }
        let step = granule.div_ceil(block_size);
        let slab_blocks = slab_blocks.min(max_blocks).checked_next_multiple_of(step);
        let fits = |blocks: usize| {
            blocks
                .checked_mul(block_size)?
                .checked_next_multiple_of(granule)
                .filter(|bytes| *bytes <= isize::MAX as usize)
        };
        match slab_blocks {
            Some(slab_blocks) if fits(slab_blocks).is_some() && fits(max_blocks).is_some() => {
                Ok(Self { block_size, max_blocks, slab_blocks, granule })
            }
            _ => Err(invalid(format!("at most {max_blocks} blocks of {block_size} bytes"))),
        }
    }

    #[inline]
    pub(super) fn block_size(&self) -> usize {
        self.block_size
    }

    pub(super) fn max_blocks(&self) -> usize {
        self.max_blocks
    }

    /// The bytes of all slabs together.
    pub(super) fn bytes(&self) -> usize {
        (self.max_blocks * self.block_size).next_multiple_of(self.granule)
    }

    /// What the first slab begins at a multiple of, so that every block begins at a multiple of its size.
    pub(super) fn align(&self) -> usize {
        self.granule.max(self.block_size)
    }

    /// The slabs of the full pool.
    pub(super) fn slabs(&self) -> usize {
        self.max_blocks.div_ceil(self.slab_blocks)
    }

    /// The blocks of one slab.
    pub(super) fn blocks_of(&self, slab: usize) -> usize {
        self.slab_blocks.min(self.max_blocks - slab * self.slab_blocks)
    }

    /// The bytes of one slab.
    pub(super) fn range_of(&self, slab: usize) -> Range<usize> {
        let start = slab * self.slab_bytes();
        start..(start + self.slab_bytes()).min(self.bytes())
    }

    /// The distance from slab to slab.
    pub(super) fn slab_bytes(&self) -> usize {
        self.slab_blocks * self.block_size
    }
}

pub(super) fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
