//! A block without Rust's rules.
#![allow(unsafe_code)] // It leads to its pool without a count.

use std::fmt;
use std::ptr::NonNull;

use super::frame::Frame;
use super::origin::{Kind, Origin};
use crate::pool::home::Way;

/// A [`Block`](super::Block) in the hands of somebody who does not know Rust's rules, such as the kernel; made by
/// [`Block::into_raw`](super::Block::into_raw), and made a block again by
/// [`Block::from_raw`](super::Block::from_raw).
///
/// The memory stays mapped at its address, and out of everybody's reach. A raw block may be stored and sent; where it
/// is dropped, the memory stays out for good, which is right for an operation that nobody can wait for, and costs a
/// place of the pool.
#[must_use = "a raw block that is dropped is lost to its pool: make it a block again with `Block::from_raw`"]
pub struct RawBlock {
    pub(super) frame: Frame,
    pub(super) len: usize,
    pub(super) origin: Origin,
}

impl RawBlock {
    /// The first byte, with the right to read and write [`capacity`](Self::capacity) bytes for whoever keeps the
    /// promise of [`Block::from_raw`](super::Block::from_raw).
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.frame.0
    }

    /// The bytes the block can hold.
    #[inline]
    #[must_use]
    pub fn capacity(&self) -> usize {
        match self.origin.kind() {
            // SAFETY: this block is out.
            Kind::Pool(address) => unsafe { address.shared() }.block_size(),
            // SAFETY: the mapping ends with this block.
            Kind::Direct(direct) => unsafe { direct.mapping() }.len(),
        }
    }
}

impl fmt::Debug for RawBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawBlock")
            .field("ptr", &self.frame.0)
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}
