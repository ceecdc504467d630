//! Counts that begin at zero.
#![allow(unsafe_code)] // Zeroed memory is taken for atomics.

pub(super) use imp::zeros;

#[cfg(not(any(bedplate_loom, bedplate_shuttle)))]
mod imp {
    use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
    use std::ptr;

    use crate::primitive::atomic::AtomicU64;

    /// `len` atomics at zero, at least one.
    ///
    /// From memory that the allocator gives zeroed: for so much of it most ask the system, which provides each page
    /// when it is first written. Atomics made one after the other wrote all of it, 235 µs for a table of the default
    /// options in new pages (2026-11-22).
    pub(in crate::stats) fn zeros(len: usize) -> Box<[AtomicU64]> {
        assert!(len > 0, "there is something to count");
        let layout = Layout::array::<AtomicU64>(len).expect("a histogram's buckets fit into the address space");
        // SAFETY: the layout's size is not zero, as `len` is not.
        let at = unsafe { alloc_zeroed(layout) };
        if at.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: the global allocator gave this memory for exactly this layout, and nobody else has it. Its zero bytes
        // are `len` valid atomics, which are represented as the integers are.
        unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(at.cast::<AtomicU64>(), len)) }
    }
}

/// Those of model checkers are more than their value.
#[cfg(any(bedplate_loom, bedplate_shuttle))]
mod imp {
    use crate::primitive::atomic::AtomicU64;

    pub(in crate::stats) fn zeros(len: usize) -> Box<[AtomicU64]> {
        (0..len).map(|_| AtomicU64::new(0)).collect()
    }
}
