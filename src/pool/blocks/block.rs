use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::block_store::BlockStore;
use super::extent::Extent;
use crate::primitive::Arc;

/// A page-aligned block of memory on loan from a [`BlockPool`](super::BlockPool); given back when dropped, on any
/// thread, also after the last handle of the pool.
///
/// A block is a byte slice of its **filled length**, which is 0 when it is handed out and set by
/// [`set_len`](Self::set_len); the whole capacity is reached by [`as_full_mut`](Self::as_full_mut) and what follows the
/// filled part by [`spare_mut`](Self::spare_mut). All of it is initialised memory, so any length up to the capacity is
/// safe; what the bytes past the filled ones hold is told by [`Zero`](super::Zero). The memory stays at one address
/// while the block moves, aligned to 4096 at least.
///
/// ```
/// use bedplate::pool::BlockPool;
/// use std::io::Read;
///
/// let pool = BlockPool::builder().build()?;
/// let mut source: &[u8] = b"some bytes";
/// let mut block = pool.acquire()?;
/// let n = source.read(block.as_full_mut())?;
/// block.set_len(n);
/// assert_eq!(*block, *b"some bytes");
/// assert_eq!(block.spare_mut().len(), block.capacity() - 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the block goes back to its pool when dropped"]
pub struct Block {
    extent: Extent,
    len: usize,
    /// Where the block goes back to; `None` for a mapping of its own.
    home: Option<Arc<BlockStore>>,
}

impl Block {
    #[inline]
    pub(super) fn new(extent: Extent, home: Option<Arc<BlockStore>>) -> Self {
        Self { extent, len: 0, home }
    }

    /// The filled length in bytes.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the filled length is 0.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes the block can hold.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.extent.len()
    }

    /// Says how many bytes, from the start, are filled. Touches no byte.
    ///
    /// # Panics
    ///
    /// If `len` is more than the capacity.
    #[inline]
    pub fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity(), "{len} bytes in a block of {}", self.capacity());
        self.len = len;
    }

    /// The whole capacity, filled or not.
    #[inline]
    #[must_use]
    pub fn as_full(&self) -> &[u8] {
        self.extent.as_slice()
    }

    /// The whole capacity, filled or not, to be written. Follow it with [`set_len`](Self::set_len).
    #[inline]
    #[must_use]
    pub fn as_full_mut(&mut self) -> &mut [u8] {
        self.extent.as_mut_slice()
    }

    /// What follows the filled bytes, to be written. Follow it with [`set_len`](Self::set_len).
    #[inline]
    #[must_use]
    pub fn spare_mut(&mut self) -> &mut [u8] {
        &mut self.extent.as_mut_slice()[self.len..]
    }
}

impl Deref for Block {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.extent.as_slice()[..self.len]
    }
}

impl DerefMut for Block {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.extent.as_mut_slice()[..self.len]
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for Block {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl Drop for Block {
    #[inline]
    fn drop(&mut self) {
        if let Some(store) = &self.home {
            store.release(mem::replace(&mut self.extent, Extent::vacant()));
        }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("len", &self.len).field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
