//! The owner of a block's bytes.
#![allow(unsafe_code)] // A block is an address, and the protocol by which it has one owner.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::slice;

use super::block_store;
use super::frame::Frame;
use super::origin::{Kind, Origin};
use super::{BlockLocation, RawBlock};
use crate::mem::Mapping;
use crate::pool::AcquireError;
use crate::pool::home::Way;

/// A page-aligned block of memory on loan from a [`BlockPool`](super::BlockPool); given back when dropped, on any
/// thread, also after the last handle of the pool.
///
/// A block is a byte slice of its **filled length**, which is 0 when it is handed out and set by
/// [`set_len`](Self::set_len); the whole capacity is reached by [`as_full_mut`](Self::as_full_mut) and what follows the
/// filled part by [`spare_mut`](Self::spare_mut). All of it is initialised memory, so any length up to the capacity is
/// safe; what the bytes past the filled ones hold is told by [`Zero`](super::Zero). The memory stays at one address
/// while the block moves, aligned to the block size; to 4096 where it
/// [bypasses](super::BlockPool::try_acquire_at_least) the pool.
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
    /// Its bytes are this block's alone; `len` is at most the capacity.
    raw: RawBlock,
}

impl Block {
    /// A block of a pool, for which the caller has acquired the frame.
    #[inline]
    pub(super) fn pooled(frame: Frame, origin: Origin) -> Self {
        Self { raw: RawBlock { frame, len: 0, origin } }
    }

    /// A block that is all of a mapping.
    pub(super) fn direct(mapping: Mapping) -> Result<Self, AcquireError> {
        let frame = Frame(mapping.as_ptr());
        Ok(Self { raw: RawBlock { frame, len: 0, origin: Origin::direct(mapping)? } })
    }

    #[inline]
    pub(super) fn frame(&self) -> Frame {
        self.raw.frame
    }

    #[inline]
    pub(super) fn origin(&self) -> Origin {
        self.raw.origin
    }

    /// The filled length in bytes.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len
    }

    /// Whether the filled length is 0.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.len == 0
    }

    /// The bytes the block can hold.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.raw.capacity()
    }

    /// Says how many bytes, from the start, are filled. Touches no byte.
    ///
    /// # Panics
    ///
    /// If `len` is more than the capacity.
    #[inline]
    pub fn set_len(&mut self, len: usize) {
        assert!(len <= self.capacity(), "{len} bytes in a block of {}", self.capacity());
        self.raw.len = len;
    }

    /// The whole capacity, filled or not.
    #[inline]
    #[must_use]
    pub fn as_full(&self) -> &[u8] {
        // SAFETY: `capacity` bytes from the frame's address are mapped, and initialised by the kernel, while the block
        // is out, which it is while it has this owner. Whoever had the bytes before gave them up to the pool, and the
        // pool gave them to nobody else; `&self` keeps `as_full_mut` away.
        unsafe { slice::from_raw_parts(self.raw.as_ptr().as_ptr(), self.capacity()) }
    }

    /// The whole capacity, filled or not, to be written. Follow it with [`set_len`](Self::set_len).
    #[inline]
    #[must_use]
    pub fn as_full_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_full`; `&mut self` makes this the only slice over the bytes.
        unsafe { slice::from_raw_parts_mut(self.raw.as_ptr().as_ptr(), self.capacity()) }
    }

    /// What follows the filled bytes, to be written. Follow it with [`set_len`](Self::set_len).
    #[inline]
    #[must_use]
    pub fn spare_mut(&mut self) -> &mut [u8] {
        let len = self.raw.len;
        &mut self.as_full_mut()[len..]
    }

    /// Where in its pool the block lies, for as long as it is out; `None` for one that bypassed the pool.
    ///
    /// For operations on memory that was registered with the kernel: see [`SlabPins`](super::SlabPins).
    #[must_use]
    pub fn location(&self) -> Option<BlockLocation> {
        match self.raw.origin.kind() {
            // SAFETY: this block is out.
            Kind::Pool(address) => Some(unsafe { address.shared() }.locate(self.raw.frame)),
            Kind::Direct(_) => None,
        }
    }

    /// Gives the block up to somebody who reads or writes its memory outside Rust's rules, such as the kernel in the
    /// course of an asynchronous operation. The filled length goes along.
    ///
    /// ```
    /// use bedplate::pool::{Block, BlockPool};
    ///
    /// let pool = BlockPool::builder().build()?;
    /// let raw = pool.acquire()?.into_raw();
    /// // An operation that would be in flight writes "done".
    /// // SAFETY: the raw block's bytes are out of everybody else's reach, and 4 are within its capacity.
    /// unsafe { raw.as_ptr().as_ptr().copy_from_nonoverlapping(b"done".as_ptr(), 4) };
    /// // SAFETY: the operation is over.
    /// let mut block = unsafe { Block::from_raw(raw) };
    /// block.set_len(4);
    /// assert_eq!(*block, *b"done");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn into_raw(self) -> RawBlock {
        let RawBlock { frame, len, origin } = self.raw;
        mem::forget(self);
        RawBlock { frame, len, origin }
    }

    /// Takes a block back after [`into_raw`](Self::into_raw).
    ///
    /// # Safety
    ///
    /// - Whatever was told of the memory has come to its end: no operation of the kernel or of a device that may still
    ///   read or write it is in flight. To have asked for its cancellation is not enough; its completion has been
    ///   seen.
    /// - No reference to the bytes that was made by [`RawBlock::as_ptr`] is used from now on.
    ///
    /// That each block is taken back at most once is seen to by the type.
    #[inline]
    pub unsafe fn from_raw(raw: RawBlock) -> Self {
        Self { raw }
    }
}

impl Deref for Block {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: as in `as_full`, for a length that is at most the capacity.
        unsafe { slice::from_raw_parts(self.raw.as_ptr().as_ptr(), self.raw.len) }
    }
}

impl DerefMut for Block {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_full_mut`, for a length that is at most the capacity.
        unsafe { slice::from_raw_parts_mut(self.raw.as_ptr().as_ptr(), self.raw.len) }
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
        match self.raw.origin.kind() {
            // SAFETY: the frame is out, and the block that had its bytes is gone.
            Kind::Pool(address) => unsafe { block_store::release(address, self.raw.frame) },
            // SAFETY: the block that had the mapping is gone.
            Kind::Direct(direct) => unsafe { direct.end() },
        }
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Block").field("len", &self.len()).field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}
