//! The memory of a pool, as bytes at addresses.
#![allow(unsafe_code)] // Blocks of one range are owned apart from each other, which slices of it could not be.

use std::io;
use std::ops::Range;
use std::slice;

use super::frame::Frame;
use super::layout::Layout;
use super::{BlockLocation, Slab};
use crate::mem::Effective;
use crate::mem::wishes::Wishes;
use crate::sys::memory::page_size;
use crate::sys::reserved::Reserved;

/// The range of addresses that all blocks of a pool lie in, and the one place where it is cut into them.
///
/// The range stands as long as the pool, so a block keeps its address from one life of its slab to the next, and where
/// it lies is arithmetic. Which slabs have memory is known to [`Slabs`](super::slabs::Slabs).
#[derive(Debug)]
pub(super) struct Region {
    range: Reserved,
    layout: Layout,
    wishes: Wishes,
    /// Blocks are whole pages, of the machine's size and no other, so that one may be discarded by itself.
    discards: bool,
}

impl Region {
    pub(super) fn new(layout: Layout, wishes: Wishes) -> io::Result<Self> {
        let range = Reserved::new(layout.bytes(), layout.align())?;
        // A kernel that is asked to discard a part of a page says yes, and discards all of a small page and nothing
        // of a HugeTLB page, which it might have none to replace with besides.
        let discards = layout.block_size().is_multiple_of(page_size()) && wishes.huge_tlb(layout.bytes())?.is_none();
        Ok(Self { range, layout, wishes, discards })
    }

    #[inline]
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn wishes(&self) -> &Wishes {
        &self.wishes
    }

    /// Gives a slab that has none its memory, zero throughout and as wished, and tells what came of the wishes.
    pub(super) fn commit(&self, slab: usize) -> io::Result<Effective> {
        let range = self.layout.range_of(slab);
        if let Some(page) = self.wishes.huge_tlb(self.layout.bytes())? {
            let committed = self.range.commit_huge_tlb(range.clone(), page);
            match committed.and_then(|()| self.furnish(range.clone(), page)) {
                Ok(effective) => return Ok(effective),
                Err(refused) => {
                    // What was taken goes back first, in both cases.
                    self.range.decommit(range.clone())?;
                    if self.wishes.requires_huge_pages() {
                        let text = format!("no {} bytes in HugeTLB pages of {page} bytes: {refused}", range.len());
                        return Err(io::Error::new(refused.kind(), text));
                    }
                }
            }
        }
        self.range.commit(range.clone())?;
        self.furnish(range.clone(), page_size()).inspect_err(|_| {
            // Refused in its turn, this leaves memory that nobody uses, until the slab is tried again.
            let _ = self.range.decommit(range);
        })
    }

    /// Does what is wished of memory that was committed just now, in pages of `page` bytes.
    fn furnish(&self, range: Range<usize>, page: usize) -> io::Result<Effective> {
        let len = range.len();
        // SAFETY: the range is committed in such pages, and nobody knows of it yet.
        let mut pages = unsafe { self.range.pages(range, page) };
        self.wishes.furnish(&mut pages, 0..len)
    }

    /// Takes the memory of a slab away, whose frames the caller has all, and which are gone with it.
    pub(super) fn decommit(&self, slab: usize) -> io::Result<()> {
        self.range.decommit(self.layout.range_of(slab))
    }

    /// The frames of a slab.
    pub(super) fn frames(&self, slab: usize) -> impl ExactSizeIterator<Item = Frame> {
        let start = self.layout.range_of(slab).start;
        (0..self.layout.blocks_of(slab)).map(move |at| {
            // SAFETY: block `at` of the slab begins within the slab's range, which lies in the reservation.
            Frame(unsafe { self.range.as_ptr().add(start + at * self.layout.block_size()) })
        })
    }

    /// A slab as address and length.
    pub(super) fn slab(&self, slab: usize) -> Slab {
        let range = self.layout.range_of(slab);
        // SAFETY: the slab's range lies in the reservation.
        Slab { ptr: unsafe { self.range.as_ptr().add(range.start) }.as_ptr(), len: range.len() }
    }

    /// Where a frame of this pool lies.
    pub(super) fn locate(&self, frame: Frame) -> BlockLocation {
        let (at, slab_bytes) = (self.offset(frame), self.layout.slab_bytes());
        BlockLocation { slab: at / slab_bytes, offset: at % slab_bytes }
    }

    fn offset(&self, frame: Frame) -> usize {
        frame.0.addr().get() - self.range.as_ptr().addr().get()
    }

    /// Writes zero over a whole block.
    ///
    /// # Safety
    ///
    /// - `frame` is of this pool, its slab has memory, and the caller is the only user of the block.
    pub(super) unsafe fn zero(&self, frame: Frame) {
        // SAFETY: the block has `block_size` bytes of memory, which the kernel initialised, and no other user, says
        // the caller.
        unsafe { slice::from_raw_parts_mut(frame.0.as_ptr(), self.layout.block_size()) }.fill(0);
    }

    /// Gives the memory of a block back to the kernel until it is touched again, when it is zero; where that cannot be,
    /// zeroes it by hand.
    ///
    /// # Safety
    ///
    /// - As for [`zero`](Self::zero).
    pub(super) unsafe fn discard(&self, frame: Frame) {
        let at = self.offset(frame);
        if !self.discards || self.range.discard(at..at + self.layout.block_size()).is_err() {
            // SAFETY: the caller's promise.
            unsafe { self.zero(frame) };
        }
    }
}
