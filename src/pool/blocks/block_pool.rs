//! A pool of blocks.
#![allow(unsafe_code)] // Frames leave their blocks by a protocol.

use std::fmt;
use std::time::Duration;

use super::block_store::BlockStore;
use super::origin::Origin;
use super::{Block, BlockPoolBuilder, BlockStats, SlabPins};
use crate::mem::Effective;
use crate::pool::AcquireError;
use crate::pool::home::Handle;
use crate::time::Deadline;

/// Lends page-aligned blocks of memory of one size, and never holds more than a chosen number of them.
///
/// Blocks are cut from slabs, which lie side by side in one range of addresses that is set aside when the pool is
/// built. The first slab has its memory from then on; an acquisition that finds no block idle adds another while the
/// bound allows it, and fails or waits after that, as the method says. [`trim`](Self::trim) takes the memory of idle
/// slabs away again. A block has its [place](Block::location) and its address for the life of the pool, so that memory
/// may be registered with the kernel: see [`pin_slabs`](Self::pin_slabs).
///
/// A [`Block`] is owned: it may be stored, sent to other threads, and given back by being dropped on any of them, also
/// after the last handle of the pool. The pool is a handle: a clone is another handle to the same pool.
///
/// # Cost and blocking
///
/// Each thread keeps some idle blocks in a magazine of its own. To acquire one of them, or to release a block into it,
/// takes no lock, no locked instruction and no memory but the magazine's; where it is empty or full, half a magazine
/// moves under the pool's lock. Nothing of that allocates, unless a thread waits and has to be woken. Blocks in the
/// magazines of other threads are found where nothing else is left, at some 20 µs a time; `try_acquire` may miss one
/// whose owner is in the middle of an operation at that instant, a call that waits does not.
///
/// A thread that adds a slab makes system calls meanwhile, and others that find nothing idle wait for that slab, in
/// `try_acquire` too, rather than report exhaustion. One free block wakes one waiter. Waiters are woken first come,
/// first served, but a thread that asks at that moment may be faster.
///
/// The memory of a pool goes back by [`trim`](Self::trim), and when the last handle and the last block are gone. A
/// block that is leaked keeps its slab, and the range of addresses.
///
/// ```
/// use bedplate::pool::{AcquireError, BlockPool};
///
/// let pool = BlockPool::builder().block_size(4096).max_blocks(2).build()?;
/// let mut block = pool.try_acquire()?;
/// assert_eq!((block.len(), block.capacity()), (0, 4096));
/// assert_eq!(block.as_full().as_ptr().addr() % 4096, 0);
///
/// block.as_full_mut()[..5].copy_from_slice(b"hello");
/// block.set_len(5);
/// let reader = std::thread::spawn(move || assert_eq!(*block, *b"hello"));
/// reader.join().unwrap();
/// assert_eq!(pool.stats().idle, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct BlockPool {
    store: Handle<BlockStore>,
}

impl BlockPool {
    /// Begins a pool of blocks.
    pub fn builder() -> BlockPoolBuilder {
        BlockPoolBuilder::default()
    }

    pub(super) fn new(store: BlockStore) -> Self {
        Self { store: Handle::new(store) }
    }

    /// An idle block, or one of a new slab. Does not wait for a block to come back.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](AcquireError::Exhausted), [`Closed`](AcquireError::Closed), or
    /// [`Create`](AcquireError::Create) with the [`std::io::Error`] of the kernel where it refused a slab.
    #[inline]
    pub fn try_acquire(&self) -> Result<Block, AcquireError> {
        Ok(Block::pooled(self.store.try_take()?, self.origin()))
    }

    /// An idle block, or one of a new slab, or the first that comes back before `timeout` has passed.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Block, AcquireError> {
        match self.try_acquire() {
            // The clock is read only where it comes to waiting.
            Err(AcquireError::Exhausted) => self.acquire_deadline(Deadline::after(self.store.clock(), timeout)),
            other => other,
        }
    }

    /// An idle block, or one of a new slab, or the first that comes back before `deadline` on the pool's clock.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    pub fn acquire_deadline(&self, deadline: Deadline) -> Result<Block, AcquireError> {
        Ok(Block::pooled(self.store.take(deadline)?, self.origin()))
    }

    /// An idle block, or one of a new slab, or the first that comes back. Waits without limit: a thread that already
    /// holds the last block waits for itself.
    ///
    /// # Errors
    ///
    /// [`Closed`](AcquireError::Closed) or [`Create`](AcquireError::Create).
    pub fn acquire(&self) -> Result<Block, AcquireError> {
        self.acquire_deadline(Deadline::NEVER)
    }

    /// Appends up to `n` blocks to `out`, as many as are idle or in slabs that can be added, and tells how many those
    /// are: at least one, unless `n` is 0. Does not wait for blocks to come back.
    ///
    /// What is in the calling thread's magazine comes without a locked instruction, all else under one lock. `out`
    /// takes the memory it needs for `n` blocks, or for as many as the pool may hold; with that capacity beforehand
    /// nothing is allocated.
    ///
    /// ```
    /// use bedplate::pool::BlockPool;
    ///
    /// let pool = BlockPool::builder().max_blocks(48).build()?;
    /// let mut blocks = Vec::with_capacity(32);
    /// assert_eq!(pool.try_acquire_many(32, &mut blocks)?, 32);
    /// pool.release_many(&mut blocks);
    /// assert!(blocks.is_empty());
    /// assert_eq!(pool.try_acquire_many(100, &mut blocks)?, 48);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire), where not one block can be had; `out` is as it was then. What refuses
    /// more after the first is not told.
    #[inline]
    pub fn try_acquire_many(&self, n: usize, out: &mut Vec<Block>) -> Result<usize, AcquireError> {
        let most = n.min(self.store.max_blocks());
        out.try_reserve(most).map_err(|_| AcquireError::out_of_memory())?;
        let (origin, before) = (self.origin(), out.len());
        let places = out.spare_capacity_mut().as_mut_ptr();
        let place = move |at: usize, frame| {
            // SAFETY: there are places for `most` blocks, and `at` is less.
            unsafe { (*places.add(at)).write(Block::pooled(frame, origin)) };
        };
        let taken = self.store.try_take_many(most, place)?;
        // SAFETY: the first `taken` places were written.
        unsafe { out.set_len(before + taken) };
        self.store.acquired_many(out[before..].iter().map(Block::frame));
        Ok(taken)
    }

    /// Gives all blocks in `blocks` back, and leaves it empty with its capacity. Blocks of other pools go to theirs.
    ///
    /// Fills the calling thread's magazine without a locked instruction; what does not fit goes back under one lock.
    #[inline]
    pub fn release_many(&self, blocks: &mut Vec<Block>) {
        let own = self.origin();
        if blocks.iter().any(|block| block.origin() != own) {
            blocks.retain(|block| block.origin() == own);
        }
        let len = blocks.len();
        // SAFETY: none is none too many. The blocks behind are forgotten, and with them what they own: their frames.
        unsafe { blocks.set_len(0) };
        let given = &blocks.spare_capacity_mut()[..len];
        // SAFETY: `len` blocks were there, and nobody has written over them.
        let frame = |at: usize| unsafe { given[at].assume_init_ref() }.frame();
        // SAFETY: the frames are of this pool, as was just seen, and their blocks were forgotten.
        unsafe { self.store.put_many(len, frame) };
    }

    /// Holds every slab that has memory now against losing it, and tells where they are: for memory that is registered
    /// with the kernel, as fixed buffers of an io_uring are. Waits while a slab is being added.
    pub fn pin_slabs(&self) -> SlabPins {
        SlabPins::new(self.store.clone())
    }

    /// A block of at least `capacity` bytes. Up to the block size this is [`try_acquire`](Self::try_acquire); above it
    /// the pool is bypassed: the block is a mapping of its own, rounded up to 4 KiB, made now and unmapped when it is
    /// dropped. It stands outside the bound and is counted by [`BlockStats::bypassed`].
    ///
    /// ```
    /// use bedplate::pool::BlockPool;
    ///
    /// let pool = BlockPool::builder().block_size(4096).max_blocks(1).build()?;
    /// assert_eq!(pool.try_acquire_at_least(10)?.capacity(), 4096);
    /// assert_eq!(pool.try_acquire_at_least(10_000)?.capacity(), 12_288);
    /// assert_eq!(pool.stats().bypassed, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_at_least(&self, capacity: usize) -> Result<Block, AcquireError> {
        if capacity > self.block_size() { self.store.bypass(capacity) } else { self.try_acquire() }
    }

    /// As [`try_acquire_at_least`](Self::try_acquire_at_least); up to the block size it waits as
    /// [`acquire_timeout`](Self::acquire_timeout) does.
    ///
    /// # Errors
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    pub fn acquire_at_least_timeout(&self, capacity: usize, timeout: Duration) -> Result<Block, AcquireError> {
        if capacity > self.block_size() { self.store.bypass(capacity) } else { self.acquire_timeout(timeout) }
    }

    /// As [`try_acquire_at_least`](Self::try_acquire_at_least); up to the block size it waits as
    /// [`acquire_deadline`](Self::acquire_deadline) does.
    ///
    /// # Errors
    ///
    /// As [`acquire_deadline`](Self::acquire_deadline).
    pub fn acquire_at_least_deadline(&self, capacity: usize, deadline: Deadline) -> Result<Block, AcquireError> {
        if capacity > self.block_size() { self.store.bypass(capacity) } else { self.acquire_deadline(deadline) }
    }

    /// As [`try_acquire_at_least`](Self::try_acquire_at_least); up to the block size it waits as
    /// [`acquire`](Self::acquire) does.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_at_least(&self, capacity: usize) -> Result<Block, AcquireError> {
        self.acquire_at_least_deadline(capacity, Deadline::NEVER)
    }

    /// Takes the memory of slabs of which every block is idle and which are not [pinned](Self::pin_slabs), while at
    /// least `keep` idle blocks remain; tells how many blocks went. They may be had again, zero and at the same
    /// addresses.
    ///
    /// Fetches what is idle in the magazines of all threads, and takes the pool's lock for as long as it takes to look
    /// at each idle block; a block in the magazine of a thread that was interrupted in the middle of an operation keeps
    /// its slab. A system call a slab comes after that, and slabs are not added meanwhile.
    pub fn trim(&self, keep: usize) -> usize {
        self.store.trim(keep)
    }

    /// Ends the pool: every later acquisition and all that wait are refused with [`AcquireError::Closed`]. A slab loses
    /// its memory when the last of its blocks has come back and it is not pinned. Closing twice does nothing more.
    pub fn close(&self) {
        self.store.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.store.is_closed()
    }

    /// The capacity of each block of the pool, in bytes.
    #[must_use]
    pub fn block_size(&self) -> usize {
        self.store.block_size()
    }

    /// What every slab added so far obtained of what the builder asked for. Waits while a slab is being added.
    #[must_use]
    pub fn effective(&self) -> Effective {
        self.store.effective()
    }

    /// What the pool holds and did. Waits while a slab is being added, and takes the pool's lock.
    #[must_use]
    pub fn stats(&self) -> BlockStats {
        self.store.stats()
    }

    #[inline]
    fn origin(&self) -> Origin {
        Origin::pool(self.store.address())
    }
}

impl fmt::Debug for BlockPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockPool").field("block_size", &self.block_size()).field("stats", &self.stats()).finish()
    }
}
