//! Owned bytes at an alignment that nobody has written to yet.
#![allow(unsafe_code)] // The bytes are at an address; this type and `AlignedBuf` are what lend them.

use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

use super::heap::Heap;
use super::{AlignedBuf, AllocError};
use crate::sys::memory::Pages;

/// From here up each buffer is a mapping of its own. glibc maps what is so large, too, whatever it has at hand.
///
/// Below, the allocator wins wherever a buffer is used, since memory at hand needs no fault. Taken, touched and given
/// back again and again at 4 KiB, beside a mapping each: 64 KiB 1.7 µs against 34, 256 KiB 6.4 against 109, 1 MiB 27
/// against 421, 4 MiB 225 against 1,522, 16 MiB 1,004 against 8,453; at 64 MiB both take 35 ms. What it loses on is
/// memory that is taken and never touched: 1 MiB 70 µs against 3 (2026-11-21, one virtual CPU, glibc, `cargo bench
/// --bench mem -- aligned` and `fresh`).
const MAPPED_FROM: usize = 32 << 20;

/// Owned bytes at a chosen alignment that are not initialised: an [`AlignedBuf`] before its first bytes.
///
/// Zeroing costs as much as the first pass over the buffer does. Who writes every byte anyway begins with this.
///
/// ```
/// use bedplate::mem::AlignedUninit;
///
/// let buf = AlignedUninit::new(5, 64).init_from(b"hello");
/// assert_eq!(&buf[..], b"hello");
///
/// let mut bytes = AlignedUninit::new(8192, 4096);
/// for (i, byte) in bytes.as_mut_uninit().iter_mut().enumerate() {
///     byte.write((i % 251) as u8);
/// }
/// // SAFETY: the loop wrote every byte.
/// let buf = unsafe { bytes.assume_init() };
/// assert_eq!(buf[300], 49);
/// ```
///
/// It is not a slice of bytes, since reading them would be undefined:
///
/// ```compile_fail,E0608
/// let bytes = bedplate::mem::AlignedUninit::new(5, 64);
/// let first = bytes[0];
/// ```
#[must_use = "fill it with `init_from` or `fill`, or write it and call `assume_init`"]
pub struct AlignedUninit {
    memory: Memory,
    len: usize,
    align: usize,
}

/// Where the bytes live.
enum Memory {
    Heap(Heap),
    Mapped(Pages),
}

impl AlignedUninit {
    /// `len` bytes at a multiple of `align`.
    ///
    /// # Panics
    ///
    /// If `align` is not a power of two from 1 to [`AlignedBuf::MAX_ALIGN`], or if there is no memory.
    pub fn new(len: usize, align: usize) -> Self {
        match Self::try_new(len, align) {
            Ok(bytes) => bytes,
            Err(error) => panic!("{error}"),
        }
    }

    /// `len` bytes at a multiple of `align`.
    ///
    /// # Errors
    ///
    /// If there is no memory, or never could be so much.
    ///
    /// # Panics
    ///
    /// If `align` is not a power of two from 1 to [`AlignedBuf::MAX_ALIGN`].
    pub fn try_new(len: usize, align: usize) -> Result<Self, AllocError> {
        Self::take(len, align, Heap::uninit)
    }

    /// `len` bytes, every one of them zero.
    pub(super) fn zeroed(len: usize, align: usize) -> Result<Self, AllocError> {
        Self::take(len, align, Heap::zeroed)
    }

    /// From `heap`, or zeroed pages of its own.
    fn take(len: usize, align: usize, heap: fn(usize, usize) -> Option<Heap>) -> Result<Self, AllocError> {
        assert!(
            align.is_power_of_two() && align <= AlignedBuf::MAX_ALIGN,
            "an alignment is a power of two from 1 to 2 MiB, not {align}"
        );
        let memory = if len >= MAPPED_FROM {
            Pages::map(len, align).ok().map(Memory::Mapped)
        } else {
            heap(len, align).map(Memory::Heap)
        };
        Ok(Self { memory: memory.ok_or(AllocError { len, align })?, len, align })
    }

    /// How many bytes there are.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bytes.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The alignment that was asked for.
    #[inline]
    #[must_use]
    pub fn align(&self) -> usize {
        self.align
    }

    /// The first byte, for callers that hand the memory to the kernel to be written.
    ///
    /// Valid for `len()` bytes while the value lives, wherever it moves, also into an [`AlignedBuf`].
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        match &self.memory {
            Memory::Heap(heap) => heap.as_ptr(),
            Memory::Mapped(pages) => pages.as_ptr(),
        }
    }

    /// The bytes, to be written.
    #[inline]
    #[must_use]
    pub fn as_mut_uninit(&mut self) -> &mut [MaybeUninit<u8>] {
        // SAFETY: `len` bytes from the address are this value's while it lives (for none, any aligned address will do),
        // at most isize::MAX as a layout and a mapping are, and `&mut self` makes this the only reference. They need
        // not be initialised.
        unsafe { slice::from_raw_parts_mut(self.as_ptr().as_ptr().cast(), self.len) }
    }

    /// The buffer that was written.
    ///
    /// # Safety
    ///
    /// - All [`len`](Self::len) bytes were written, through [`as_mut_uninit`](Self::as_mut_uninit) or by whom
    ///   [`as_ptr`](Self::as_ptr) was given to.
    /// - Nobody writes to them any more, a kernel that was asked to read into them included.
    pub unsafe fn assume_init(self) -> AlignedBuf {
        // SAFETY: the caller's promise is what `AlignedBuf` holds to.
        unsafe { AlignedBuf::from_init(self) }
    }

    /// The buffer with a copy of `bytes`.
    ///
    /// # Panics
    ///
    /// If `bytes` are not exactly [`len`](Self::len) bytes.
    pub fn init_from(mut self, bytes: &[u8]) -> AlignedBuf {
        assert_eq!(bytes.len(), self.len, "as many bytes as there are to be filled");
        // SAFETY: the destination is this value's alone, so they do not overlap, and both have `len` bytes (just
        // checked).
        unsafe { self.as_mut_uninit().as_mut_ptr().cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), self.len) };
        // SAFETY: every byte was written above.
        unsafe { self.assume_init() }
    }

    /// The buffer with `byte` in every place.
    pub fn fill(mut self, byte: u8) -> AlignedBuf {
        self.as_mut_uninit().fill(MaybeUninit::new(byte));
        // SAFETY: every byte was written above.
        unsafe { self.assume_init() }
    }
}

impl fmt::Debug for AlignedUninit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedUninit")
            .field("ptr", &self.as_ptr())
            .field("len", &self.len)
            .field("align", &self.align)
            .finish()
    }
}
