//! An aligned piece of the global allocator's memory.
#![allow(unsafe_code)] // The allocator deals in raw pointers; `Heap` is what owns one.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::{self, NonNull};

/// Initialised bytes from the global allocator.
#[derive(Debug)]
pub(super) struct Heap {
    ptr: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the allocation belongs to this value alone, and the global allocator takes it back from any thread.
unsafe impl Send for Heap {}
// SAFETY: through `&Heap` safe code only reads the bytes; writing takes `&mut Heap`.
unsafe impl Sync for Heap {}

impl Heap {
    /// Zeroed bytes of `layout`, or `None` where the allocator has none. An empty layout allocates nothing.
    pub(super) fn zeroed(layout: Layout) -> Option<Self> {
        let ptr = if layout.size() == 0 {
            // Not zero, since an alignment is not.
            ptr::without_provenance_mut(layout.align())
        } else {
            // SAFETY: the size is not zero.
            unsafe { alloc_zeroed(layout) }
        };
        Some(Self { ptr: NonNull::new(ptr)?, layout })
    }

    #[inline]
    pub(super) fn as_ptr(&self) -> NonNull<u8> {
        self.ptr
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        // SAFETY: `layout.size()` bytes from `ptr` are allocated while `self` lives (for none, any aligned pointer
        // will do), were zeroed when allocated, and `&self` keeps writers away. A layout is at most isize::MAX.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), self.layout.size()) }
    }

    #[inline]
    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`; `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.as_ptr(), self.layout.size()) }
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: `alloc_zeroed` gave `ptr` for this very layout, and this is the only place that frees it.
            unsafe { dealloc(self.ptr.as_ptr(), self.layout) };
        }
    }
}
