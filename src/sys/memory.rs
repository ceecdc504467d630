//! Anonymous memory: mapping it, advising the kernel about it, giving it back.
#![allow(unsafe_code)] // The kernel hands out raw addresses; `Pages` is what makes an owned range of them.

use std::ffi::c_void;
use std::io;
#[cfg(any(feature = "allocator-api2", feature = "pool"))]
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};

pub(crate) use super::numa::page_size;

/// rustix has no name for it, and libc has one for glibc alone. The same on every architecture.
const MADV_COLLAPSE: std::ffi::c_int = 25;

/// The size of a transparent huge page, a power of two; `None` where the kernel has none.
pub(crate) fn huge_page_size() -> Option<usize> {
    static SIZE: OnceLock<Option<usize>> = OnceLock::new();
    *SIZE.get_or_init(|| {
        let text = std::fs::read_to_string("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size").ok()?;
        text.trim().parse().ok().filter(|size: &usize| size.is_power_of_two() && *size >= page_size())
    })
}

/// A private anonymous mapping: whole pages, zero at first, unmapped on drop.
#[derive(Debug)]
pub(crate) struct Pages {
    ptr: NonNull<u8>,
    len: usize,
    /// The size of its pages: the machine's page, or a HugeTLB page.
    page: usize,
}

// SAFETY: the range belongs to this value alone and is bound to no thread; who owns the value owns the bytes.
unsafe impl Send for Pages {}
// SAFETY: through `&Pages` safe code only reads the bytes, and the advice given through it changes what backs a page,
// never what a reader finds in it. Everything that writes takes `&mut self`.
unsafe impl Sync for Pages {}

impl Pages {
    /// Maps `len` bytes, rounded up to the page, at a multiple of `align`, a power of two.
    pub(crate) fn map(len: usize, align: usize) -> io::Result<Self> {
        Self::map_as(ProtFlags::READ | ProtFlags::WRITE, len, align)
    }

    /// As [`map`](Self::map), with other rights. Who leaves some out answers for the slices that `Pages` lends.
    pub(super) fn map_as(rights: ProtFlags, len: usize, align: usize) -> io::Result<Self> {
        Self::map_pages(rights, len, align, page_size(), MapFlags::PRIVATE)
    }

    /// As [`map`](Self::map), in HugeTLB pages of `page` bytes, a power of two. They are set aside by the call, so it
    /// is `ENOMEM` where too few are free; `EINVAL` where the kernel has none of that size.
    pub(crate) fn map_huge_tlb(len: usize, align: usize, page: usize) -> io::Result<Self> {
        debug_assert!(page.is_power_of_two());
        let size = MapFlags::from_bits_retain(page.trailing_zeros() << libc::MAP_HUGE_SHIFT);
        let rights = ProtFlags::READ | ProtFlags::WRITE;
        Self::map_pages(rights, len, align, page, MapFlags::PRIVATE | MapFlags::HUGETLB | size)
    }

    fn map_pages(rights: ProtFlags, len: usize, align: usize, page: usize, flags: MapFlags) -> io::Result<Self> {
        debug_assert!(align.is_power_of_two());
        let too_large = || io::Error::from(Errno::NOMEM);
        let len = len.checked_next_multiple_of(page).ok_or_else(too_large)?;
        // The kernel aligns to the page only: more is cut out of a larger mapping.
        let spare = align.saturating_sub(page);
        let total = len.checked_add(spare).filter(|total| *total <= isize::MAX as usize).ok_or_else(too_large)?;
        // SAFETY: a null address hint without MAP_FIXED touches no existing mapping.
        let ptr = unsafe { mmap_anonymous(ptr::null_mut(), total, rights, flags)? };
        let mut pages = Self { ptr: NonNull::new(ptr.cast()).ok_or_else(too_large)?, len: total, page };
        if spare > 0 {
            let head = ptr.cast::<u8>().align_offset(align);
            pages.cut_front(head)?;
            pages.cut_back(len)?;
        }
        Ok(pages)
    }

    /// Takes a mapping of `len` bytes over that [`into_raw`](Self::into_raw) gave up.
    ///
    /// # Safety
    ///
    /// `ptr` came from `into_raw` of a mapping in the machine's pages whose `len()` was `len`, and nobody else took it
    /// over or uses its bytes.
    #[cfg(feature = "allocator-api2")]
    pub(crate) unsafe fn from_raw(ptr: NonNull<u8>, len: usize) -> Self {
        Self { ptr, len, page: page_size() }
    }

    /// Gives the mapping up without unmapping it.
    #[cfg(feature = "allocator-api2")]
    pub(crate) fn into_raw(self) -> NonNull<u8> {
        ManuallyDrop::new(self).ptr
    }

    /// `range` (whole pages) as pages of their own, of `page` bytes each, which are not unmapped.
    ///
    /// # Safety
    ///
    /// The range is mapped in such pages and may be read and written, and nobody else uses its bytes while the result
    /// is used.
    #[cfg(feature = "pool")]
    pub(super) unsafe fn part(&self, range: Range<usize>, page: usize) -> ManuallyDrop<Self> {
        let start = self.start_of(&range);
        // SAFETY: `start_of` gives an address inside a mapping, which is not null.
        let ptr = unsafe { NonNull::new_unchecked(start.cast()) };
        ManuallyDrop::new(Self { ptr, len: range.len(), page })
    }

    /// Unmaps the first `n` bytes, whole pages.
    fn cut_front(&mut self, n: usize) -> io::Result<()> {
        if n > 0 {
            // SAFETY: the range is a part of this mapping, to which nothing points yet. Where the call fails nothing
            // is unmapped.
            unsafe { munmap(self.ptr.as_ptr().cast(), n)? };
            // SAFETY: `n < self.len`, so the sum stays inside the mapping.
            self.ptr = unsafe { self.ptr.add(n) };
            self.len -= n;
        }
        Ok(())
    }

    /// Unmaps everything after the first `len` bytes, whole pages.
    fn cut_back(&mut self, len: usize) -> io::Result<()> {
        if self.len > len {
            // SAFETY: `len < self.len`: the range starts inside this mapping and ends where it ends; nothing points
            // to it yet.
            unsafe { munmap(self.ptr.as_ptr().add(len).cast(), self.len - len)? };
            self.len = len;
        }
        Ok(())
    }

    /// The first byte. Valid for reads and writes of `len` bytes while this value lives, wherever it moves.
    #[inline]
    pub(crate) fn as_ptr(&self) -> NonNull<u8> {
        self.ptr
    }

    /// The mapped length, whole pages.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The size of its pages, a power of two.
    pub(crate) fn page(&self) -> usize {
        self.page
    }

    /// The first `len` bytes.
    #[inline]
    pub(crate) fn as_slice(&self, len: usize) -> &[u8] {
        assert!(len <= self.len);
        // SAFETY: `len` bytes from `ptr` are mapped while `self` lives (just checked), always initialised (the kernel
        // zeroes them), at most isize::MAX (checked in `map`), and `&self` keeps `as_mut_slice` away.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), len) }
    }

    /// The first `len` bytes.
    #[inline]
    pub(crate) fn as_mut_slice(&mut self, len: usize) -> &mut [u8] {
        assert!(len <= self.len);
        // SAFETY: as in `as_slice`; `&mut self` makes this the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.as_ptr(), len) }
    }

    /// Asks for huge pages at the next faults in `range`, whole pages. Refused where the kernel was built without them.
    pub(crate) fn advise_huge(&self, range: Range<usize>) -> io::Result<()> {
        let start = self.start_of(&range);
        // SAFETY: the range is a part of this mapping (`start_of`); the advice changes no content.
        unsafe { Ok(madvise(start, range.len(), Advice::LinuxHugepage)?) }
    }

    /// Faults `range` in, which starts at a page. For what nobody has written to yet.
    pub(crate) fn populate(&mut self, range: Range<usize>) -> io::Result<()> {
        let start = self.start_of(&range);
        // SAFETY: the range is a part of this mapping (`start_of`); the advice changes no content.
        match unsafe { madvise(start, range.len(), Advice::LinuxPopulateWrite) } {
            // Before Linux 5.14: touch each page by hand. Not where that could kill the process instead of failing.
            Err(Errno::INVAL) if self.page == page_size() => {
                for at in range.step_by(self.page) {
                    // SAFETY: `at < self.len`; `&mut self` makes this the only access; the byte is zero already.
                    // Volatile, or the store could be left out for that reason.
                    unsafe { self.ptr.add(at).write_volatile(0) };
                }
                Ok(())
            }
            // What would kill who touches a HugeTLB page that is not there is plain want of memory here.
            Err(Errno::FAULT) => Err(Errno::NOMEM.into()),
            result => Ok(result?),
        }
    }

    /// Makes huge pages of everything in `range` that is not in huge pages yet, now; success says that all of it is.
    /// Linux 6.1.
    pub(crate) fn collapse(&self, range: Range<usize>) -> io::Result<()> {
        let start = self.start_of(&range);
        // SAFETY: the range is a part of this mapping (`start_of`); the advice changes no content.
        match unsafe { libc::madvise(start, range.len(), MADV_COLLAPSE) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The addresses of `range`.
    pub(crate) fn addresses(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.start_of(range).addr();
        start..start + range.len()
    }

    /// Gives the pages of `range` (whole pages) back to the kernel; they read as zero afterwards.
    pub(crate) fn release(&mut self, range: Range<usize>) -> io::Result<()> {
        let start = self.start_of(&range);
        // SAFETY: the range is a part of this mapping (`start_of`) and `&mut self` says that nobody refers to its
        // bytes. Private anonymous pages are zero when next touched, so they stay initialised. MADV_DONTNEED: the
        // POSIX advice of that name may be ignored, which rustix spells `DontNeed`.
        unsafe { Ok(madvise(start, range.len(), Advice::LinuxDontNeed)?) }
    }

    /// The first byte of a range, which is checked to be a part of the mapping.
    fn start_of(&self, range: &Range<usize>) -> *mut c_void {
        assert!(range.start <= range.end && range.end <= self.len);
        // SAFETY: just checked that the sum stays inside the mapping, or at its end.
        unsafe { self.ptr.add(range.start).as_ptr().cast() }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the range is mapped, this value owned it, and no reference outlives the value. The call can fail
        // only where unmapping would split an area past the kernel's limit of areas: the memory then leaks, for
        // which a destructor has no better answer.
        let _ = unsafe { munmap(self.ptr.as_ptr().cast(), self.len) };
    }
}
