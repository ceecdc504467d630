//! Owned bytes at an alignment, always initialised.
#![allow(unsafe_code)] // The bytes are at an address; this type and `AlignedUninit` are what lend them.

use std::borrow::{Borrow, BorrowMut};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::slice;

use super::{AlignedUninit, AllocError, SharedBuf};

/// Owned bytes at a chosen alignment, always initialised.
///
/// It is a byte slice for everything else: direct I/O, SIMD loads, registered buffers. The bytes stay where they are
/// when the value moves. Below 32 MiB they come from the global allocator, and it is that which decides how much of a
/// dropped buffer it keeps; an empty buffer allocates nothing. From 32 MiB up each buffer is a mapping of its own:
/// taking it is a system call, each page is a fault when first touched, and dropping it gives the memory back to the
/// kernel. A large buffer that is to stay mostly untouched is better a [`Mapping`](super::Mapping).
///
/// ```
/// use bedplate::mem::AlignedBuf;
///
/// let mut buf = AlignedBuf::zeroed(8192, 4096);
/// assert_eq!(buf.as_ptr().addr().get() % 4096, 0);
/// buf[..5].copy_from_slice(b"hello");
/// assert_eq!(&buf[..6], b"hello\0");
/// ```
///
/// Reading and writing are those of slices and [`Cursor`](std::io::Cursor)s:
///
/// ```
/// use bedplate::mem::AlignedBuf;
/// use std::io::{Cursor, Read, Write};
///
/// let mut buf = AlignedBuf::zeroed(8, 512);
/// let mut file: &[u8] = b"eight bytes";
/// file.read_exact(&mut buf)?;
/// assert_eq!(&buf[..], b"eight by");
///
/// (&mut buf[..]).write_all(b"E")?;
/// let mut text = String::new();
/// Cursor::new(buf).read_to_string(&mut text)?;
/// assert_eq!(text, "Eight by");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AlignedBuf {
    /// Every byte is initialised.
    bytes: AlignedUninit,
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
        Ok(Self { bytes: AlignedUninit::zeroed(len, align)? })
    }

    /// A copy of `bytes` at a multiple of `align`.
    ///
    /// # Panics
    ///
    /// As [`zeroed`](Self::zeroed).
    #[must_use]
    pub fn from_slice(bytes: &[u8], align: usize) -> Self {
        AlignedUninit::new(bytes.len(), align).init_from(bytes)
    }

    /// # Safety
    ///
    /// Every byte was written, and nobody else writes to them any more.
    pub(super) unsafe fn from_init(bytes: AlignedUninit) -> Self {
        Self { bytes }
    }

    /// The alignment that was asked for.
    #[inline]
    #[must_use]
    pub fn align(&self) -> usize {
        self.bytes.align()
    }

    /// The first byte, for callers that hand the buffer to the kernel or cut it up by pointer.
    ///
    /// Valid for reads and writes of `len()` bytes while the buffer lives, wherever the value moves. Who uses it to
    /// write keeps to the rules of references: no slice of the buffer may be in use over the same bytes.
    #[inline]
    #[must_use]
    pub fn as_ptr(&self) -> NonNull<u8> {
        self.bytes.as_ptr()
    }

    /// Makes the buffer one that many may read, in parts, without copying it. One small allocation, for the count.
    #[must_use = "the buffer is what comes back"]
    pub fn freeze(self) -> SharedBuf {
        SharedBuf::new(self)
    }
}

impl Deref for AlignedBuf {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes from the address are the value's while it lives (for none, any aligned address will do),
        // all initialised, at most isize::MAX as a layout and a mapping are, and `&self` keeps writers away.
        unsafe { slice::from_raw_parts(self.as_ptr().as_ptr(), self.bytes.len()) }
    }
}

impl DerefMut for AlignedBuf {
    #[inline]
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`; `&mut self` makes this the only reference.
        unsafe { slice::from_raw_parts_mut(self.as_ptr().as_ptr(), self.bytes.len()) }
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

impl Borrow<[u8]> for AlignedBuf {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl BorrowMut<[u8]> for AlignedBuf {
    fn borrow_mut(&mut self) -> &mut [u8] {
        self
    }
}

/// By the bytes alone, as all comparisons: where they are aligned to does not count.
impl PartialEq for AlignedBuf {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for AlignedBuf {}

impl PartialOrd for AlignedBuf {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AlignedBuf {
    fn cmp(&self, other: &Self) -> Ordering {
        self[..].cmp(&other[..])
    }
}

impl Hash for AlignedBuf {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self[..].hash(state);
    }
}

/// Copies the bytes to new memory of the same alignment; panics where there is none.
impl Clone for AlignedBuf {
    fn clone(&self) -> Self {
        Self::from_slice(self, self.align())
    }
}

impl fmt::Debug for AlignedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlignedBuf")
            .field("ptr", &self.as_ptr())
            .field("len", &self.len())
            .field("align", &self.align())
            .finish()
    }
}
