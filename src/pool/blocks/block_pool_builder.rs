use std::io;

use super::block_store::BlockStore;
use super::layout::{Layout, UNIT};
use super::{BlockPool, Zero};
use crate::mem::HugePages;
use crate::mem::wishes::Wishes;
use crate::sys::Demand;
use crate::time::Clock;
use crate::topo::MemPolicy;

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
    wishes: Wishes,
    zero: Zero,
    clock: Clock,
}

impl Default for BlockPoolBuilder {
    fn default() -> Self {
        Self {
            block_size: UNIT,
            slab_blocks: None,
            max_blocks: None,
            wishes: Wishes::NONE,
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

    /// How many blocks get their memory at a time, at most the bound, and fewer where that leaves no room for as many:
    /// as many as fill 2 MiB where it is not told. Rounded up to whole huge pages where those are asked for.
    pub fn slab_blocks(mut self, blocks: usize) -> Self {
        self.slab_blocks = Some(blocks);
        self
    }

    /// The most blocks the pool may hold: as many as fill 64 MiB where it is not told.
    pub fn max_blocks(mut self, blocks: usize) -> Self {
        self.max_blocks = Some(blocks);
        self
    }

    /// Asks for slabs in huge pages: off where it is not told. What was obtained is told by [`BlockPool::effective`].
    ///
    /// Whether there are any shows only when memory is touched, so each slab is faulted in when it is added. With
    /// `Prefer` a slab goes without where the kernel refuses, and all do where the bound does not fill half a huge
    /// page; with `Require` an acquisition that would have to add a slab is an error then. HugeTLB pages need Linux
    /// 5.14, and are not there in the child of a `fork`.
    pub fn huge_pages(mut self, kind: HugePages, demand: Demand) -> Self {
        self.wishes.huge_pages = Some((kind, demand));
        self
    }

    /// Asks for memory of one node, as [`topo::Node`](crate::topo::Node) and the kernel number them: by the policy of
    /// the thread that adds a slab where it is not told, which is usually the node of the CPU that touches a page
    /// first. The short form of [`memory`](Self::memory) with [`Bind`](MemPolicy::Bind), and of two calls the last
    /// counts.
    pub fn node(mut self, node: usize, demand: Demand) -> Self {
        self.wishes.memory = Some((MemPolicy::of_node(node, demand), demand));
        self
    }

    /// Asks for memory by a policy: by that of the thread that adds a slab where it is not told. What was obtained is
    /// told by [`BlockPool::effective`].
    ///
    /// Each slab is asked for before anybody touches it, and faulted in, as told at
    /// [`MappingBuilder::memory`](crate::mem::MappingBuilder::memory); with `Require` an acquisition that would have to
    /// add a slab is an error where it is refused. A block goes back to its pool from whatever node it is dropped on.
    ///
    /// ```
    /// use bedplate::Demand;
    /// use bedplate::pool::BlockPool;
    /// use bedplate::topo::{MemPolicy, NodeSet};
    ///
    /// let nodes = NodeSet::from([0, 1]);
    /// let pool = BlockPool::builder().memory(MemPolicy::PreferredMany(nodes), Demand::Prefer).build()?;
    /// println!("on nodes {}", pool.effective().nodes);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn memory(mut self, policy: MemPolicy, demand: Demand) -> Self {
        self.wishes.memory = Some((policy, demand));
        self
    }

    /// Faults each slab in when it is added, so that no first touch of a block does.
    pub fn prefault(mut self) -> Self {
        self.wishes.prefault = true;
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

    /// The pool, with its first slab.
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
    /// - `InvalidInput` where the block size is not a power of two from 4 KiB to 2 MiB, where the bound or the blocks
    ///   of a slab are 0, where all blocks together have more bytes than an address can tell, or where a HugeTLB page
    ///   is no power of two larger than a page.
    /// - `OutOfMemory` where the process has not as many addresses left as all blocks have bytes: they are set aside
    ///   here, and count against `RLIMIT_AS`, though they take no memory.
    /// - What the kernel says where it refuses the first slab, or what is required of it.
    pub fn build(self) -> io::Result<BlockPool> {
        let size = self.block_size;
        let max_blocks = self.max_blocks.unwrap_or(DEFAULT_MAX / size.max(1));
        let slab_blocks = self.slab_blocks.unwrap_or(DEFAULT_SLAB / size.max(1));
        let page = self.wishes.page(max_blocks.saturating_mul(size))?;
        let layout = Layout::new(size, slab_blocks, max_blocks, page)?;
        BlockStore::new(layout, self.wishes, self.zero, self.clock).map(BlockPool::new)
    }
}
