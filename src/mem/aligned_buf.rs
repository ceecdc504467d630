use std::alloc::Layout;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

use super::AllocError;
use super::heap::Heap;
use crate::sys::memory::{Pages, page_size};

/// From here up the memory is mapped: pages cost nothing until they are touched and go back to the kernel when the
/// buffer is dropped, and no alignment costs slack. The price is a fault a page for a buffer that is taken again and
/// again: 64 KiB, touched, took 33 µs against 2.2 µs for `alloc_zeroed`, which had the memory at hand and cleared it
/// (`cargo bench --bench mem -- aligned`, 2 busy virtual CPUs, 2026-11-21). Buffers of this size are to be kept.
const MAPPED_FROM: usize = 64 << 10;

/// Owned bytes at a chosen alignment, always initialised.
///
/// It is a byte slice for everything else: direct I/O, SIMD loads, registered buffers. The bytes stay where they are
/// when the value moves. Below 64 KiB they come from the global allocator, unless the alignment is larger than a page;
/// an empty buffer allocates nothing. From 64 KiB up each buffer is a mapping of its own: taking it is a system call,
/// and each page is a fault when first touched, so keep such a buffer rather than take it anew.
///
/// ```
/// use bedplate::mem::AlignedBuf;
///
/// let mut buf = AlignedBuf::zeroed(8192, 4096);
/// assert_eq!(buf.as_ptr().addr().get() % 4096, 0);
/// buf[..5].copy_from_slice(b"hello");
/// assert_eq!(&buf[..6], b"hello\0");
/// ```
pub struct AlignedBuf {
    memory: Memory,
    align: usize,
}

/// Where the bytes live.
enum Memory {
    Heap(Heap),
    /// Pages and how many of their bytes are the buffer.
    Mapped(Pages, usize),
}

impl AlignedBuf {
    /// The largest alignment there is: 2 MiB.
    pub const MAX_ALIGN: usize = 2 << 20;

    /// `len` zero bytes at a multiple of `align`.
    ///
    /// # Panics
    ///
    /// If `align` is not a power of two from 1 to [`MAX_ALIGN`](Self::MAX_ALIGN), or if there is no memory.
    #[must_use]
    pub fn zeroed(len: usize, align: usize) -> Self {
        match Self::try_zeroed(len, align) {
            Ok(buf) => buf,
            Err(error) => panic!("{error}"),
        }
    }

    /// `len` zero bytes at a multiple of `align`.
    ///
    /// # Errors
    ///
    /// If there is no memory, or never could be so much.
    ///
    /// # Panics
    ///
    /// If `align` is not a power of two from 1 to [`MAX_ALIGN`](Self::MAX_ALIGN).
    ///
    /// ```
    /// use bedplate::mem::AlignedBuf;
    ///
    /// let error = AlignedBuf::try_zeroed(usize::MAX, 512).unwrap_err();
    /// assert_eq!(error.len, usize::MAX);
    /// ```
    pub fn try_zeroed(len: usize, align: usize) -> Result<Self, AllocError> {
        assert!(
            align.is_power_of_two() && align <= Self::MAX_ALIGN,
            "an alignment is a power of two from 1 to 2 MiB, not {align}"
        );
        let memory = if len >= MAPPED_FROM || (len > 0 && align > page_size()) {
            Pages::map(len, align).ok().map(|pages| Memory::Mapped(pages, len))
        } else {
            Layout::from_size_align(len, align).ok().and_then(Heap::zeroed).map(Memory::Heap)
        };
        let memory = memory.ok_or(AllocError { len, align })?;
        Ok(Self { memory, align })
    }

    /// A copy of `bytes` at a multiple of `align`.
    ///
    /// # Panics
    ///
    /// As [`zeroed`](Self::zeroed).
    #[must_use]
    pub fn from_slice(bytes: &[u8], align: usize) -> Self {
        let mut buf = Self::zeroed(bytes.len(), align);
        buf.copy_from_slice(bytes);
        buf
    }

    /// The alignment that was asked for.
    #[inline]
    #[must_use]
    pub fn align(&self) -> usize {
        self.align
    }

    /// The first byte, for callers that hand the buffer to the kernel or cut it up by pointer.
    ///
    /// Valid for reads and writes of `len()` bytes while the buffer lives, wherever the value moves. Who uses it to
    /// write keeps to the rules of references: no slice of the buffer may be in use over the same bytes.
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        match &self.memory {
            Memory::Heap(heap) => heap.as_ptr(),
            Memory::Mapped(pages, _) => pages.as_ptr(),
        }
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match &self.memory {
            Memory::Heap(heap) => heap.as_slice(),
            Memory::Mapped(pages, len) => pages.as_slice(*len),
        }
    }
}

impl DerefMut for AlignedBuf {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            Memory::Heap(heap) => heap.as_mut_slice(),
            Memory::Mapped(pages, len) => pages.as_mut_slice(*len),
        }
    }
}

impl AsRef<[u8]> for AlignedBuf {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for AlignedBuf {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

/// Copies the bytes to new memory of the same alignment; panics where there is none.
impl Clone for AlignedBuf {
    fn clone(&self) -> Self {
        Self::from_slice(self, self.align)
    }
}

impl fmt::Debug for AlignedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBuf")
            .field("ptr", &self.as_ptr())
            .field("len", &self.len())
            .field("align", &self.align)
            .finish()
    }
}
