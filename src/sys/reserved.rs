//! A range of addresses set aside, in which memory comes and goes.
#![allow(unsafe_code)] // The kernel deals in raw addresses; `Reserved` is what owns a range of them.

use std::ffi::c_void;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::ptr::NonNull;

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect};

use super::memory::{Pages, page_size};

/// A range of addresses that no other mapping of the process takes, without memory but where it was committed.
///
/// It is private and may not be touched at first, so it costs no memory and no commit charge, only address space: as a
/// whole it counts against `RLIMIT_AS`. Committed parts count against `RLIMIT_DATA` and the overcommit rule.
/// `MAP_NORESERVE` is left out on purpose: what may not be written is not charged anyway, and with the flag the rule
/// would never refuse a commit, and the first touch of a page that is not there would be the end of the process.
///
/// No method hands out a reference: who makes one from the address answers for its bytes being committed until it
/// ends.
///
/// A commit and a decommit change a part in place. Where the kernel refuses, it does so before it takes the old state
/// away; only where it then finds no room for a descriptor of its own, which happens to a process that is being killed
/// for want of memory, would a gap open. So a part that was refused is as it was, and nobody else's mapping comes to
/// lie within the range.
#[derive(Debug)]
pub(crate) struct Reserved {
    /// Not for the slices that it lends.
    pages: Pages,
}

impl Reserved {
    /// Sets `len` bytes aside, rounded up to the page, at a multiple of `align`, a power of two.
    pub(crate) fn new(len: usize, align: usize) -> io::Result<Self> {
        Ok(Self { pages: Pages::map_as(ProtFlags::empty(), len, align)? })
    }

    /// The first address. What lies behind it is memory where it is committed.
    #[inline]
    pub(crate) fn as_ptr(&self) -> NonNull<u8> {
        self.pages.as_ptr()
    }

    /// Makes `range` (whole pages, not committed) memory that may be read and written, zero throughout.
    pub(crate) fn commit(&self, range: Range<usize>) -> io::Result<()> {
        // SAFETY: the range is a part of the reservation (`start_of`). It gains rights, which invalidates nothing.
        unsafe { Ok(mprotect(self.start_of(&range), range.len(), MprotectFlags::READ | MprotectFlags::WRITE)?) }
    }

    /// Makes `range` (whole HugeTLB pages of `page` bytes, not committed) memory in such pages. They are not there yet:
    /// a touch before [`Pages::populate`] took them may kill the process.
    ///
    /// The kernel is told not to set them aside beforehand, so that this cannot be refused halfway, for want of pages.
    /// In the child of a fork the memory is not there: its parent's next write could find no page for the copy, and be
    /// the end of it.
    pub(crate) fn commit_huge_tlb(&self, range: Range<usize>, page: usize) -> io::Result<()> {
        debug_assert!(page.is_power_of_two() && range.start.is_multiple_of(page) && range.len().is_multiple_of(page));
        let size = MapFlags::from_bits_retain(page.trailing_zeros() << libc::MAP_HUGE_SHIFT);
        let flags = MapFlags::PRIVATE | MapFlags::FIXED | MapFlags::HUGETLB | MapFlags::NORESERVE | size;
        let start = self.start_of(&range);
        // SAFETY: MAP_FIXED replaces a part of the reservation (`start_of`) that is not committed, so that nobody
        // refers to it.
        unsafe { mmap_anonymous(start, range.len(), ProtFlags::READ | ProtFlags::WRITE, flags)? };
        // SAFETY: the range was mapped just now; the advice changes no content here.
        unsafe { Ok(madvise(start, range.len(), Advice::LinuxDontFork)?) }
    }

    /// Takes the memory of `range` (whole pages; whole HugeTLB pages where these were committed) away, with its content
    /// and its commit charge. Nobody may refer to it.
    pub(crate) fn decommit(&self, range: Range<usize>) -> io::Result<()> {
        let start = self.start_of(&range);
        // SAFETY: MAP_FIXED replaces a part of the reservation (`start_of`). It becomes inaccessible, as the caller
        // asks: this type lends no reference that could break.
        unsafe { mmap_anonymous(start, range.len(), ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::FIXED)? };
        Ok(())
    }

    /// Gives the pages of `range` (whole pages, none of them HugeTLB) back; they are zero when next touched. Refused
    /// for locked memory. Nobody may refer to the bytes.
    pub(crate) fn discard(&self, range: Range<usize>) -> io::Result<()> {
        debug_assert!(range.start.is_multiple_of(page_size()) && range.len().is_multiple_of(page_size()));
        // SAFETY: the range is a part of the reservation (`start_of`), and this type lends no reference to it.
        unsafe { Ok(madvise(self.start_of(&range), range.len(), Advice::LinuxDontNeed)?) }
    }

    /// The committed `range`, in pages of `page` bytes, to be advised about and faulted in.
    ///
    /// # Safety
    ///
    /// - `range` is committed, in such pages, and nobody else uses its bytes while the result is used.
    pub(crate) unsafe fn pages(&self, range: Range<usize>, page: usize) -> ManuallyDrop<Pages> {
        // SAFETY: the caller's promise.
        unsafe { self.pages.part(range, page) }
    }

    /// The first address of a range, which is checked to be a part of the reservation.
    fn start_of(&self, range: &Range<usize>) -> *mut c_void {
        assert!(range.start <= range.end && range.end <= self.pages.len());
        // SAFETY: just checked that the sum stays inside the reservation, or at its end.
        unsafe { self.pages.as_ptr().add(range.start).as_ptr().cast() }
    }
}
