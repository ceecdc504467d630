//! Mappings as an allocator, so that tables can live on huge pages.
#![allow(unsafe_code)] // An allocator deals in raw pointers, and `Allocator` is an unsafe trait.

use std::alloc::Layout;
use std::ptr::{self, NonNull};

use allocator_api2::alloc::{AllocError, Allocator};

use super::HugePages;
use super::wishes::Wishes;
use crate::sys::Demand;
use crate::sys::memory::Pages;
use crate::topo::MemPolicy;

/// An allocator each of whose allocations is a mapping, with the wishes of a [`Mapping`](super::Mapping).
///
/// It is for the few large things of a program: a table that is too large for the TLB, an array per node. Each
/// allocation is a system call or more, takes whole pages (whole huge pages where these are asked for, even where they
/// are refused), and is faulted in beforehand where huge pages, a node or [`prefault`](Self::prefault) ask for it;
/// growing copies, unless the pages at hand suffice. A refusal of what is required is an allocation error, which
/// collections answer by `handle_alloc_error` or by the error of their `try_reserve`.
///
/// A collection keeps the allocator it was made with, options and all; memory of one can be freed by another only
/// where both have equal options.
///
/// ```
/// use allocator_api2::vec::Vec;
/// use bedplate::Demand;
/// use bedplate::mem::{HugePages, MappedAlloc};
///
/// let huge = MappedAlloc::new().huge_pages(HugePages::Transparent, Demand::Prefer);
/// let mut table = Vec::new_in(huge);
/// table.resize(1 << 20, 0u32);
/// table[70_000] = 7;
/// assert_eq!(table.iter().sum::<u32>(), 7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedAlloc {
    huge_pages: Option<(HugePages, Demand)>,
    node: Option<(usize, Demand)>,
    prefault: bool,
}

impl MappedAlloc {
    /// Mappings without further wishes.
    #[must_use]
    pub const fn new() -> Self {
        Self { huge_pages: None, node: None, prefault: false }
    }

    /// As [`MappingBuilder::huge_pages`](super::MappingBuilder::huge_pages).
    ///
    /// # Panics
    ///
    /// If a HugeTLB page is not a power of two, or not larger than a page.
    #[must_use]
    pub fn huge_pages(mut self, kind: HugePages, demand: Demand) -> Self {
        if let Err(error) = kind.check() {
            panic!("{error}");
        }
        self.huge_pages = Some((kind, demand));
        self
    }

    /// As [`MappingBuilder::node`](super::MappingBuilder::node).
    #[must_use]
    pub const fn node(mut self, node: usize, demand: Demand) -> Self {
        self.node = Some((node, demand));
        self
    }

    /// As [`MappingBuilder::prefault`](super::MappingBuilder::prefault).
    #[must_use]
    pub const fn prefault(mut self) -> Self {
        self.prefault = true;
        self
    }

    /// What memory is asked to be like. Not kept as it is: a policy has a set of nodes, which is not `Copy`.
    fn wishes(&self) -> Wishes {
        let memory = self.node.map(|(node, demand)| (MemPolicy::of_node(node, demand), demand));
        Wishes { memory, ..self.sizes() }
    }

    /// As [`wishes`](Self::wishes), as far as the size of an allocation follows from it.
    fn sizes(&self) -> Wishes {
        Wishes { huge_pages: self.huge_pages, memory: None, prefault: self.prefault }
    }

    /// The bytes that were mapped for an allocation of `layout`, which is not empty.
    fn mapped_len(&self, layout: Layout) -> usize {
        self.sizes().mapped_len(layout.size()).expect("it was mapped")
    }

    /// The allocation as one of `new`, where the pages at hand suffice, are all needed, and are aligned for it.
    fn in_place(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<[u8]>> {
        let fits = old.size() > 0 && new.size() > 0 && ptr.addr().get().is_multiple_of(new.align());
        let fits = fits && self.sizes().mapped_len(new.size()).is_ok_and(|mapped| mapped == self.mapped_len(old));
        fits.then(|| NonNull::slice_from_raw_parts(ptr, new.size()))
    }

    /// A new allocation of `new` with the first bytes of the old one, which is freed.
    ///
    /// # Safety
    ///
    /// `ptr` is an allocation of `old` by this allocator.
    unsafe fn moved(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let to = self.allocate(new)?;
        let len = old.size().min(new.size());
        // SAFETY: both have as many bytes, and a new allocation overlaps no other.
        unsafe { ptr.copy_to_nonoverlapping(to.cast(), len) };
        // SAFETY: the caller's promise; this is the last use.
        unsafe { self.deallocate(ptr, old) };
        Ok(to)
    }
}

impl Default for MappedAlloc {
    fn default() -> Self {
        Self::new()
    }
}

// SAFETY: an allocation is a mapping that nobody else knows of, at the alignment asked for and with as many bytes at
// least, until `deallocate` unmaps it. Copies, which carry the same options, compute the same mapped length from the
// same layout, so each can free what another allocated. Nothing unwinds but a broken promise of the caller.
unsafe impl Allocator for MappedAlloc {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        if layout.size() == 0 {
            let dangling = NonNull::new(ptr::without_provenance_mut(layout.align())).ok_or(AllocError)?;
            return Ok(NonNull::slice_from_raw_parts(dangling, 0));
        }
        let (pages, _) = self.wishes().map(layout.size(), layout.align()).map_err(|_| AllocError)?;
        // Not the whole mapping: who frees it may name any size up to the one returned, and the mapped length follows
        // from that.
        Ok(NonNull::slice_from_raw_parts(pages.into_raw(), layout.size()))
    }

    fn allocate_zeroed(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        self.allocate(layout)
    }

    unsafe fn deallocate(&self, ptr: NonNull<u8>, layout: Layout) {
        if layout.size() > 0 {
            // SAFETY: the caller says that `allocate` gave `ptr` for this layout, so it is from `into_raw` of a mapping
            // of this length, and that it is not used any more.
            drop(unsafe { Pages::from_raw(ptr, self.mapped_len(layout)) });
        }
    }

    unsafe fn grow(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match self.in_place(ptr, old, new) {
            Some(same) => Ok(same),
            // SAFETY: the caller's promise.
            None => unsafe { self.moved(ptr, old, new) },
        }
    }

    unsafe fn grow_zeroed(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match self.in_place(ptr, old, new) {
            Some(same) => {
                // What was cut off before by shrinking may be there still.
                let more = new.size() - old.size();
                // SAFETY: the bytes lie within the mapping, and behind those that the caller had.
                unsafe { ptr.add(old.size()).write_bytes(0, more) };
                Ok(same)
            }
            // A new mapping is zero.
            // SAFETY: the caller's promise.
            None => unsafe { self.moved(ptr, old, new) },
        }
    }

    unsafe fn shrink(&self, ptr: NonNull<u8>, old: Layout, new: Layout) -> Result<NonNull<[u8]>, AllocError> {
        match self.in_place(ptr, old, new) {
            Some(same) => Ok(same),
            // SAFETY: the caller's promise.
            None => unsafe { self.moved(ptr, old, new) },
        }
    }
}
