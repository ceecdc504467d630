//! An aligned piece of the global allocator's memory.
#![allow(unsafe_code)] // The allocator deals in raw pointers; `Heap` is what owns one.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::ptr::{self, NonNull};

/// What an allocator aligns to by itself on 64-bit machines. Above it std's `alloc_zeroed` is an aligned allocation and
/// a memset, up to it `calloc`, which does not clear what came from the kernel just now.
const FREE_ALIGN: usize = 16;

/// Where the alignment is at most this part of the length, as much more is taken for it, so that `calloc` can be used. It
/// does not touch memory that is fresh from the kernel: of 32 buffers at 4 KiB that are held and not touched, each
/// takes 70 µs where an aligned `alloc_zeroed` takes 567 at 1 MiB, and 2,414 at 4 MiB. Memory that is used again costs
/// the same (2026-11-21, one virtual CPU, glibc, `cargo bench --bench mem -- fresh`).
const SLACK: usize = 16;

/// Bytes from the global allocator, which need not be initialised.
#[derive(Debug)]
pub(super) struct Heap {
    /// The first byte at the alignment asked for.
    ptr: NonNull<u8>,
    /// What the allocator gave for `layout`: `ptr`, or a little before it.
    base: NonNull<u8>,
    layout: Layout,
}

// SAFETY: the allocation belongs to this value alone, and the global allocator takes it back from any thread.
unsafe impl Send for Heap {}
// SAFETY: `&Heap` gives nothing but an address.
unsafe impl Sync for Heap {}

impl Heap {
    /// `len` zero bytes at a multiple of `align`, or `None` where the allocator has none. No bytes allocate nothing.
    pub(super) fn zeroed(len: usize, align: usize) -> Option<Self> {
        let over = align > FREE_ALIGN && len / SLACK >= align;
        let layout = if over {
            Layout::from_size_align(len.checked_add(align - 1)?, 1)
        } else {
            Layout::from_size_align(len, align)
        };
        // SAFETY: `take` calls it with layouts that are not empty.
        Self::take(layout.ok()?, align, |layout| unsafe { alloc_zeroed(layout) })
    }

    /// As [`zeroed`](Self::zeroed), without anything written to the bytes.
    pub(super) fn uninit(len: usize, align: usize) -> Option<Self> {
        // SAFETY: `take` calls it with layouts that are not empty.
        Self::take(Layout::from_size_align(len, align).ok()?, align, |layout| unsafe { alloc(layout) })
    }

    /// Takes `layout`, which has room for what comes before the first multiple of `align`, from `allocate`.
    fn take(layout: Layout, align: usize, allocate: impl FnOnce(Layout) -> *mut u8) -> Option<Self> {
        // Not zero, since an alignment is not.
        let base = if layout.size() == 0 { ptr::without_provenance_mut(align) } else { allocate(layout) };
        let base = NonNull::new(base)?;
        // SAFETY: up to the first multiple it is nothing where the layout has the alignment, and otherwise less than
        // `align`, for which there are so many bytes more.
        let ptr = unsafe { base.add(base.align_offset(align)) };
        Some(Self { ptr, base, layout })
    }

    /// The first byte. Valid for as many bytes as were asked for while this value lives, wherever it moves.
    #[inline]
    pub(super) fn as_ptr(&self) -> NonNull<u8> {
        self.ptr
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        if self.layout.size() > 0 {
            // SAFETY: the global allocator gave `base` for this very layout, and this is the only place that frees it.
            unsafe { dealloc(self.base.as_ptr(), self.layout) };
        }
    }
}
