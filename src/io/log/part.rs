//! What the kernel is given of a frame.
#![allow(unsafe_code)] // A buffer that the ring owns is known to it by an unsafe trait.

use crate::io::IoBuf;
use crate::mem::AlignedBuf;
use crate::pool::Block;

/// A part of a frame that lies in one place.
#[derive(Debug)]
pub(super) enum Part {
    /// The records, and how many bytes of the buffer go to the disk.
    Inside(AlignedBuf, usize),
    /// The data of one record.
    Outside(Block),
}

impl Part {
    /// Bytes that go to the disk.
    pub(super) fn filled_len(&self) -> usize {
        match self {
            Self::Inside(_, len) => *len,
            Self::Outside(block) => block.len(),
        }
    }
}

// SAFETY: each variant hands on what its buffer does, whose own implementation keeps these promises; the variant does not
// change, and the length of `Inside`, at most the buffer's, is set by `set_filled` alone.
unsafe impl IoBuf for Part {
    fn as_ptr(&self) -> *const u8 {
        match self {
            Self::Inside(buf, _) => IoBuf::as_ptr(buf),
            Self::Outside(block) => IoBuf::as_ptr(block),
        }
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        match self {
            Self::Inside(buf, _) => buf.as_mut_ptr(),
            Self::Outside(block) => block.as_mut_ptr(),
        }
    }

    fn capacity(&self) -> usize {
        match self {
            Self::Inside(buf, _) => IoBuf::capacity(buf),
            Self::Outside(block) => IoBuf::capacity(block),
        }
    }

    fn filled(&self) -> usize {
        self.filled_len()
    }

    unsafe fn set_filled(&mut self, n: usize) {
        match self {
            Self::Inside(_, len) => *len = n,
            // SAFETY: the caller's promise.
            Self::Outside(block) => unsafe { IoBuf::set_filled(block, n) },
        }
    }
}
