//! A slab as the kernel wants it told.
#![allow(unsafe_code)] // An address is sent to other threads.

use std::ptr;

/// The memory of one slab, laid out as the `struct iovec` of `<sys/uio.h>`.
///
/// A slice of them may be cast to the `iovec` of whichever crate makes the system call. A slab without memory has a
/// null address and no length, which io_uring takes for an empty place of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(C)]
pub struct Slab {
    /// The first byte, or null.
    pub ptr: *mut u8,
    /// The length in bytes, or 0.
    pub len: usize,
}

impl Slab {
    /// A place without memory.
    pub(super) const EMPTY: Self = Self { ptr: ptr::null_mut(), len: 0 };
}

// SAFETY: an address and a length; to reach the bytes takes unsafe code, which answers for it.
unsafe impl Send for Slab {}
// SAFETY: as for `Send`.
unsafe impl Sync for Slab {}
