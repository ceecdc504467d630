//! The name of a block's memory among the idle ones.
#![allow(unsafe_code)] // An address is sent to other threads.

use std::ptr::NonNull;

use crate::pool::stock::Item;

/// Where the memory of a block begins, for the free list: the memory itself is not touched while it is idle, so that a
/// stray write into a block that was given back cannot break the pool.
///
/// A frame is as good as the bytes it names: whoever takes it out of the list is their only user until it puts it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Frame(pub(super) NonNull<u8>);

// SAFETY: plain bytes at an address that is the same for all threads, and whose use goes along with the frame.
unsafe impl Send for Frame {}
// SAFETY: through a shared frame nobody reaches the bytes but by unsafe code, which answers for it.
unsafe impl Sync for Frame {}

impl Item for Frame {
    fn into_ptr(self) -> NonNull<()> {
        self.0.cast()
    }

    fn from_ptr(ptr: NonNull<()>) -> Self {
        Self(ptr.cast())
    }
}
