#![allow(unsafe_code)] // The trait is unsafe to implement: a queue copies items out of what `waiting` shows.

use std::mem;
use std::vec;

mod sealed {
    /// Keeps the trait to the collections below, whose code runs between a claim and its publication.
    pub trait Sealed {}
}

/// Where a bulk push takes its items from: from the front of a `Vec`, a `vec::Drain`, a `vec::IntoIter` or, for `Copy`
/// items, a slice. What a push does not take stays in it, in order. Sealed.
///
/// A `Vec` moves the items it keeps to its front, which takes time linear in their number; the other three do not.
///
/// ```
/// use bedplate::queue::Bounded;
///
/// let queue = Bounded::new(5);
/// let mut vec = vec![1, 2, 3];
/// queue.try_push_bulk(&mut vec.drain(..2));
/// assert_eq!(vec, [3]);
/// queue.try_push_bulk(&mut vec);
/// assert_eq!(vec, []);
///
/// let mut slice: &[i32] = &[4, 5, 6];
/// queue.try_push_bulk(&mut slice);
/// assert_eq!(slice, [6]);
///
/// let mut owned = vec![7, 8].into_iter();
/// assert_eq!(queue.try_push_bulk(&mut owned), 0);
/// assert_eq!(owned.as_slice(), [7, 8]);
/// ```
///
/// # Safety
///
/// None of the two methods runs code of a user's, and [`advance`](Self::advance) does nothing but forget the items it names.
pub unsafe trait Source<T>: sealed::Sealed {
    /// The items that are left, in order.
    #[doc(hidden)]
    fn waiting(&self) -> &[T];

    /// Forgets the first `n` items without dropping them.
    ///
    /// # Safety
    ///
    /// - `n` is at most `waiting().len()`.
    /// - The caller has moved the first `n` items out, or may copy them.
    #[doc(hidden)]
    unsafe fn advance(&mut self, n: usize);
}

impl<T> sealed::Sealed for Vec<T> {}
impl<T> sealed::Sealed for vec::Drain<'_, T> {}
impl<T> sealed::Sealed for vec::IntoIter<T> {}
impl<T: Copy> sealed::Sealed for &[T] {}

// SAFETY: moves bytes within its own buffer, and sets a length.
unsafe impl<T> Source<T> for Vec<T> {
    #[inline]
    fn waiting(&self) -> &[T] {
        self
    }

    #[inline]
    unsafe fn advance(&mut self, n: usize) {
        let left = self.len() - n;
        let start = self.as_mut_ptr();
        // SAFETY: n is at most the length, so both ranges are inside of it. The first n items are the caller's to
        // forget, the others are moved to the front, and the new length counts just them.
        unsafe {
            if left > 0 {
                start.copy_from(start.add(n), left);
            }
            self.set_len(left);
        }
    }
}

// SAFETY: `next` of this iterator reads an item and moves a pointer; the item is not dropped.
unsafe impl<T> Source<T> for vec::Drain<'_, T> {
    #[inline]
    fn waiting(&self) -> &[T] {
        self.as_slice()
    }

    #[inline]
    unsafe fn advance(&mut self, n: usize) {
        (0..n).for_each(|_| mem::forget(self.next()));
    }
}

// SAFETY: as for `vec::Drain`.
unsafe impl<T> Source<T> for vec::IntoIter<T> {
    #[inline]
    fn waiting(&self) -> &[T] {
        self.as_slice()
    }

    #[inline]
    unsafe fn advance(&mut self, n: usize) {
        (0..n).for_each(|_| mem::forget(self.next()));
    }
}

// SAFETY: makes the slice shorter.
unsafe impl<T: Copy> Source<T> for &[T] {
    #[inline]
    fn waiting(&self) -> &[T] {
        self
    }

    #[inline]
    unsafe fn advance(&mut self, n: usize) {
        *self = &self[n..];
    }
}
