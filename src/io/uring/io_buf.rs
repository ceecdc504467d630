//! What the kernel needs of a buffer.
#![allow(unsafe_code)] // The kernel writes to the bytes while no reference says so.

use crate::mem::AlignedBuf;
use crate::pool::Block;

/// A buffer that a [`Uring`](super::Uring) may hand to the kernel: it owns bytes that lie somewhere else than in the
/// value, and stay there.
///
/// For [`Block`]s of a pool, for [`AlignedBuf`], and for `Vec<u8>`, which suits files that are not direct.
///
/// The ring moves a buffer into the place where it is to stay, takes the address, and from then until the kernel has
/// said that it is done it calls none of these methods, makes no reference to the bytes and does not move the value;
/// where the ring is dropped and the kernel does not come to an end, the value stays there for good. A type whose move
/// claims its bytes for itself alone, as a `Box<[u8]>`'s does, is good enough therefore. One that others can read or
/// write through is not: an `Arc<[u8]>`, or a guard of a borrowed slice, which may be leaked while the slice is used
/// again.
///
/// # Safety
///
/// For as long as the value is neither dropped nor given to code that does not belong to this trait, wherever it is
/// moved meanwhile:
///
/// - [`as_ptr`](Self::as_ptr) and [`as_mut_ptr`](Self::as_mut_ptr) give one and the same address, and
///   [`capacity`](Self::capacity) one and the same number, each time; `capacity` is at most `isize::MAX`.
/// - From that address `capacity` bytes are one allocation, valid for reads and writes through the pointer that
///   `as_mut_ptr` gives, and are not in the value itself.
/// - Nobody else reads or writes these bytes, or gives them back to an allocator.
/// - The first [`filled`](Self::filled) bytes are initialised; `filled` is at most `capacity`, and changes by
///   [`set_filled`](Self::set_filled) alone.
/// - `set_filled` touches no byte, and gives no memory back.
///
/// None of them should panic: where one does, the ring stays sound and may lose a place.
///
/// ```
/// use bedplate::io::IoBuf;
///
/// struct Page(Box<[u8; 4096]>, usize);
///
/// // SAFETY: the box owns its bytes alone, all initialised, which stay where they are when it moves.
/// unsafe impl IoBuf for Page {
///     fn as_ptr(&self) -> *const u8 { self.0.as_ptr() }
///     fn as_mut_ptr(&mut self) -> *mut u8 { self.0.as_mut_ptr() }
///     fn capacity(&self) -> usize { 4096 }
///     fn filled(&self) -> usize { self.1 }
///     unsafe fn set_filled(&mut self, n: usize) { self.1 = n }
/// }
/// assert_eq!(Page(Box::new([0; 4096]), 12).filled(), 12);
/// ```
pub unsafe trait IoBuf: 'static {
    /// The first byte, to be read.
    fn as_ptr(&self) -> *const u8;

    /// The first byte, to be written.
    fn as_mut_ptr(&mut self) -> *mut u8;

    /// How many bytes there are: what a read fills.
    fn capacity(&self) -> usize;

    /// How many of them, from the first, hold something: what a write writes. Where the type has no notion of that, the
    /// capacity.
    fn filled(&self) -> usize;

    /// Says that `n` bytes, from the first, hold something, because a read put them there. Does nothing where the type
    /// has no notion of that.
    ///
    /// # Safety
    ///
    /// - `n` is at most [`capacity`](Self::capacity).
    /// - The first `n` bytes are initialised.
    unsafe fn set_filled(&mut self, n: usize);
}

// SAFETY: a block owns the bytes of its frame alone, which are mapped and initialised, and no part of the value, until
// it is dropped; their number is the block size of its pool, or the length of its mapping, which do not change. The
// filled length is a field that `set_len` sets.
unsafe impl IoBuf for Block {
    #[inline]
    fn as_ptr(&self) -> *const u8 {
        self.as_full().as_ptr()
    }

    #[inline]
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.as_full_mut().as_mut_ptr()
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.capacity()
    }

    #[inline]
    fn filled(&self) -> usize {
        self.len()
    }

    #[inline]
    unsafe fn set_filled(&mut self, n: usize) {
        self.set_len(n);
    }
}

// SAFETY: an aligned buffer owns an allocation or a mapping alone, all of it initialised, whose length does not change
// and which stays at its address until the value is dropped. It has no filled length of its own.
unsafe impl IoBuf for AlignedBuf {
    #[inline]
    fn as_ptr(&self) -> *const u8 {
        (**self).as_ptr()
    }

    #[inline]
    fn as_mut_ptr(&mut self) -> *mut u8 {
        (**self).as_mut_ptr()
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.len()
    }

    #[inline]
    fn filled(&self) -> usize {
        self.len()
    }

    #[inline]
    unsafe fn set_filled(&mut self, _: usize) {}
}

// SAFETY: a vector owns its allocation alone; it stays at its address, with its capacity, until the vector is dropped
// or one of its methods that take more or less memory is called, of which `set_len` is none. Its first `len` bytes are
// initialised. (The capacity is what the allocator was asked for, or more: a read may fill all of it.)
unsafe impl IoBuf for Vec<u8> {
    #[inline]
    fn as_ptr(&self) -> *const u8 {
        self.as_ptr()
    }

    #[inline]
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.as_mut_ptr()
    }

    #[inline]
    fn capacity(&self) -> usize {
        self.capacity()
    }

    #[inline]
    fn filled(&self) -> usize {
        self.len()
    }

    #[inline]
    unsafe fn set_filled(&mut self, n: usize) {
        // SAFETY: the caller's promise.
        unsafe { self.set_len(n) };
    }
}
