use std::fmt;
use std::time::Duration;

use super::block_store::BlockStore;
use super::extent::Extent;
use super::{Block, BlockPoolBuilder, BlockStats};
use crate::mem::Effective;
use crate::pool::AcquireError;
use crate::primitive::Arc;
use crate::time::Deadline;

/// Lends page-aligned blocks of memory of one size, and never holds more than a chosen number of them.
///
/// Blocks are cut from slabs, mappings straight from the kernel that may be in huge pages. The first slab is mapped
/// when the pool is built; an acquisition that finds no block idle maps another while the bound allows it, and fails or
/// waits after that, as the method says. A [`Block`] is owned: it may be stored, sent to other threads, and given back
/// by being dropped on any of them, also after the last handle of the pool. The pool is a handle: a clone is another
/// handle to the same pool.
///
/// # Cost and blocking
///
/// An acquisition of an idle block and a release each take one short lock and change one reference count; neither
/// allocates, unless a thread waits and has to be woken. A thread that adds a slab makes system calls meanwhile, and
/// others that find nothing idle wait for that slab, in `try_acquire` too, rather than report exhaustion. One free
/// block wakes one waiter. Waiters are woken first come, first served, but a thread that asks at that moment may be
/// faster.
///
/// The memory of a pool is unmapped by [`trim`](Self::trim), and when the last handle and the last block are gone. A
/// block that is leaked keeps the whole pool mapped.
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
    store: Arc<BlockStore>,
}

impl BlockPool {
    /// Begins a pool of blocks.
    pub fn builder() -> BlockPoolBuilder {
        BlockPoolBuilder::default()
    }

    pub(super) fn new(store: BlockStore) -> Self {
        Self { store: Arc::new(store) }
    }

    /// An idle block, or one of a new slab. Does not wait for a block to come back.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](AcquireError::Exhausted), [`Closed`](AcquireError::Closed), or
    /// [`Create`](AcquireError::Create) with the [`std::io::Error`] of the kernel where it refused a slab.
    #[inline]
    pub fn try_acquire(&self) -> Result<Block, AcquireError> {
        Ok(self.pooled(self.store.try_take()?))
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
        Ok(self.pooled(self.store.take(deadline)?))
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
        if capacity > self.block_size() { self.direct(capacity) } else { self.try_acquire() }
    }

    /// As [`try_acquire_at_least`](Self::try_acquire_at_least); up to the block size it waits as
    /// [`acquire_timeout`](Self::acquire_timeout) does.
    ///
    /// # Errors
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    pub fn acquire_at_least_timeout(&self, capacity: usize, timeout: Duration) -> Result<Block, AcquireError> {
        if capacity > self.block_size() { self.direct(capacity) } else { self.acquire_timeout(timeout) }
    }

    /// As [`try_acquire_at_least`](Self::try_acquire_at_least); up to the block size it waits as
    /// [`acquire_deadline`](Self::acquire_deadline) does.
    ///
    /// # Errors
    ///
    /// As [`acquire_deadline`](Self::acquire_deadline).
    pub fn acquire_at_least_deadline(&self, capacity: usize, deadline: Deadline) -> Result<Block, AcquireError> {
        if capacity > self.block_size() { self.direct(capacity) } else { self.acquire_deadline(deadline) }
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

    /// Unmaps slabs of which every block is idle, while at least `keep` idle blocks remain; tells how many blocks went.
    /// Takes the pool's lock for as long as it takes to look at each idle block.
    pub fn trim(&self, keep: usize) -> usize {
        self.store.trim(keep)
    }

    /// Ends the pool: every later acquisition and all that wait are refused with [`AcquireError::Closed`]. A slab is
    /// unmapped when the last of its blocks has come back. Closing twice does nothing more.
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

    /// What every slab mapped so far obtained of what the builder asked for. Waits while a slab is being added.
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
    fn pooled(&self, extent: Extent) -> Block {
        Block::new(extent, Some(Arc::clone(&self.store)))
    }

    fn direct(&self, capacity: usize) -> Result<Block, AcquireError> {
        Ok(Block::new(self.store.bypass(capacity)?, None))
    }
}

impl fmt::Debug for BlockPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockPool").field("block_size", &self.block_size()).field("stats", &self.stats()).finish()
    }
}
