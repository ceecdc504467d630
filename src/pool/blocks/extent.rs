//! The one place where a slab's memory is cut into blocks.
#![allow(unsafe_code)] // Blocks of one mapping are owned apart from each other, which slices of it could not be.

use std::ptr::NonNull;
use std::slice;

use crate::mem::Mapping;
use crate::primitive::Arc;
use crate::primitive::atomic::{AtomicUsize, Ordering};

/// The sole owner of a part of a mapping. The memory is unmapped with the last extent of its slab.
#[derive(Debug)]
pub(super) struct Extent {
    data: NonNull<u8>,
    len: usize,
    /// Keeps the memory mapped. `None` only in a vacant extent, which has no bytes.
    slab: Option<Arc<Slab>>,
}

#[derive(Debug)]
struct Slab {
    mapping: Mapping,
    extents: usize,
    /// How many slabs of the pool are mapped; `None` for a mapping that is not the pool's.
    mapped: Option<Arc<AtomicUsize>>,
}

impl Drop for Slab {
    fn drop(&mut self) {
        if let Some(mapped) = &self.mapped {
            // Relaxed: the count orders nothing.
            mapped.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: an extent is the only access to its bytes: `split` and `whole` make one for each part of a mapping that they
// consume, the parts do not overlap, an extent cannot be cloned, and the slab's mapping is not read or written again. So sending it
// sends plain bytes with their owner. The slab behind the `Arc` is only counted and compared by address.
unsafe impl Send for Extent {}
// SAFETY: `&Extent` gives `&[u8]` and nothing that writes.
unsafe impl Sync for Extent {}

impl Extent {
    /// Cuts a mapping into extents of `len` bytes, and counts it in `mapped` while any of them lives.
    pub(super) fn split(mapping: Mapping, len: usize, mapped: Arc<AtomicUsize>) -> impl ExactSizeIterator<Item = Self> {
        // Relaxed: the count orders nothing.
        mapped.fetch_add(1, Ordering::Relaxed);
        let extents = mapping.len() / len;
        let slab = Arc::new(Slab { mapping, extents, mapped: Some(mapped) });
        (0..extents).map(move |at| {
            // SAFETY: `at * len + len` is at most the length of the mapping, so the offset stays within it.
            let data = unsafe { slab.mapping.as_ptr().add(at * len) };
            Self { data, len, slab: Some(Arc::clone(&slab)) }
        })
    }

    /// A mapping as one extent, counted nowhere.
    pub(super) fn whole(mapping: Mapping) -> Self {
        let (data, len) = (mapping.as_ptr(), mapping.len());
        Self { data, len, slab: Some(Arc::new(Slab { mapping, extents: 1, mapped: None })) }
    }

    /// An extent of no bytes, to leave behind where one is moved out.
    pub(super) fn vacant() -> Self {
        Self { data: NonNull::dangling(), len: 0, slab: None }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// What names the slab among those that are mapped, and how many extents it was cut into.
    pub(super) fn slab(&self) -> (usize, usize) {
        self.slab.as_ref().map_or((0, 0), |slab| (slab.mapping.as_ptr().addr().get(), slab.extents))
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        // SAFETY: `data` points to `len` bytes of a mapping that `slab` keeps mapped (or `len` is 0 and the pointer
        // dangles, aligned). Mapped memory is initialised. Nobody else reaches these bytes, see `Send`, and `&self`
        // keeps `as_mut_slice` from being called meanwhile.
        unsafe { slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }

    #[inline]
    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as in `as_slice`; `&mut self` makes this the only slice over the bytes.
        unsafe { slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}
