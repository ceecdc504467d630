use std::io;

use super::block_store::{BlockStore, Layout, UNIT};
use super::{BlockPool, Zero};
use crate::sys::Demand;
use crate::time::Clock;

/// The greatest block: one huge page. Above it a mapping for each buffer costs little beside filling it.
const GREATEST: usize = 2 << 20;

/// The memory of a slab where the builder was not told its blocks: one huge page.
const DEFAULT_SLAB: usize = 2 << 20;

/// The memory of all blocks where the builder was told no bound.
const DEFAULT_MAX: usize = 64 << 20;

/// The options of a [`BlockPool`]; begun by [`BlockPool::builder`].
#[derive(Clone, Debug)]
#[must_use = "call `build` to have the pool"]
pub struct BlockPoolBuilder {
    block_size: usize,
    slab_blocks: Option<usize>,
    max_blocks: Option<usize>,
    huge_pages: Demand,
    prefault: bool,
    zero: Zero,
    clock: Clock,
}

impl Default for BlockPoolBuilder {
    fn default() -> Self {
        Self {
            block_size: UNIT,
            slab_blocks: None,
            max_blocks: None,
            huge_pages: Demand::Off,
            prefault: false,
            zero: Zero::default(),
            clock: Clock::default(),
        }
    }
}

impl BlockPoolBuilder {
    /// The capacity of each block in bytes, a power of two from 4 KiB to 2 MiB: 4 KiB where it is not told.
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = bytes;
        self
    }

    /// How many blocks are mapped at a time, at most the bound (and fewer where the bound leaves no room for as many):
    /// as many as fill 2 MiB where it is not told.
    pub fn slab_blocks(mut self, blocks: usize) -> Self {
        self.slab_blocks = Some(blocks);
        self
    }

    /// The most blocks the pool may hold: as many as fill 64 MiB where it is not told.
    pub fn max_blocks(mut self, blocks: usize) -> Self {
        self.max_blocks = Some(blocks);
        self
    }

    /// Asks for slabs in huge pages, which faults them in when they are mapped: off where it is not told. What was
    /// obtained is told by [`BlockPool::effective`].
    pub fn huge_pages(mut self, demand: Demand) -> Self {
        self.huge_pages = demand;
        self
    }

    /// Faults each slab in when it is mapped, so that no first touch of a block does.
    pub fn prefault(mut self) -> Self {
        self.prefault = true;
        self
    }

    /// When blocks are zeroed: [`Zero::Never`] where it is not told.
    pub fn zero(mut self, zero: Zero) -> Self {
        self.zero = zero;
        self
    }

    /// The clock that deadlines are told by: the monotonic one where it is not told.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The pool, with its first slab mapped.
    ///
    /// ```
    /// use bedplate::pool::BlockPool;
    /// use std::io::ErrorKind;
    ///
    /// let odd = BlockPool::builder().block_size(5000).build();
    /// assert_eq!(odd.unwrap_err().kind(), ErrorKind::InvalidInput);
    /// ```
    ///
    /// # Errors
    ///
    /// - `InvalidInput` where the block size is not a power of two from 4 KiB to 2 MiB, where the bound or the blocks of
    ///   a slab are 0, or where a slab has more bytes than an address can tell.
    /// - What the kernel says where it refuses the first slab, or huge pages that are required.
    pub fn build(self) -> io::Result<BlockPool> {
        let size = self.block_size;
        if !size.is_power_of_two() || !(UNIT..=GREATEST).contains(&size) {
            return Err(invalid(format!("a block of {size} bytes: not a power of two from 4 KiB to 2 MiB")));
        }
        let max_blocks = self.max_blocks.unwrap_or(DEFAULT_MAX / size);
        let slab_blocks = self.slab_blocks.unwrap_or(DEFAULT_SLAB / size).min(max_blocks);
        if slab_blocks == 0 {
            return Err(invalid("a pool of at most 0 blocks, or slabs of 0 blocks".to_owned()));
        }
        if slab_blocks.checked_mul(size).is_none_or(|bytes| bytes > isize::MAX as usize) {
            return Err(invalid(format!("a slab of {slab_blocks} blocks of {size} bytes")));
        }
        let layout = Layout {
            block_size: size,
            slab_blocks,
            max_blocks,
            huge_pages: self.huge_pages,
            prefault: self.prefault,
            zero: self.zero,
        };
        BlockStore::new(layout, self.clock).map(BlockPool::new)
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, reason)
}
