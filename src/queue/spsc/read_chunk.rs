#![allow(unsafe_code)] // Shows slots that are the consumer's.

use std::fmt;
use std::mem;

#[cfg(not(bedplate_loom))]
use super::ring::as_ptr;
use super::{Consumer, IntoIter};

/// The oldest items of a ring, in place, from [`Consumer::try_read_chunk`].
///
/// They stay inside until they are taken by iteration or dropped by [`commit`](Self::commit). A chunk that is dropped
/// or forgotten leaves the ring as it was.
#[must_use = "iterate over it or commit it: otherwise nothing is popped"]
pub struct ReadChunk<'a, T> {
    consumer: &'a mut Consumer<T>,
    len: usize,
}

impl<'a, T> ReadChunk<'a, T> {
    /// Of `len` items, which are available.
    #[inline]
    pub(super) fn new(consumer: &'a mut Consumer<T>, len: usize) -> Self {
        Self { consumer, len }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no item, as in a chunk of at most 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The items, in order: those up to the end of the ring, and those from its beginning. The first slice is empty
    /// only where the chunk is.
    #[cfg(not(bedplate_loom))]
    #[must_use]
    pub fn as_slices(&self) -> (&[T], &[T]) {
        let (first, second) = self.consumer.occupied(self.len);
        // SAFETY: the items are available, so within head..tail the slots hold them and are the consumer's alone. The
        // slices keep the chunk borrowed, so nothing takes an item meanwhile.
        unsafe { (&*(as_ptr(first) as *const [T]), &*(as_ptr(second) as *const [T])) }
    }

    /// As [`as_slices`](Self::as_slices), to work on the items in place.
    #[cfg(not(bedplate_loom))]
    #[must_use]
    pub fn as_mut_slices(&mut self) -> (&mut [T], &mut [T]) {
        let (first, second) = self.consumer.occupied(self.len);
        // SAFETY: as in `as_slices`; the chunk is borrowed mutably, and the two slices do not overlap.
        unsafe { (&mut *(as_ptr(first) as *mut [T]), &mut *(as_ptr(second) as *mut [T])) }
    }

    /// Drops the first `n` items and gives their slots back to the producer, all at once.
    ///
    /// Should dropping one of them panic, those after it stay in the ring.
    ///
    /// # Panics
    ///
    /// If the chunk has fewer than `n` items.
    pub fn commit(self, n: usize) {
        assert!(n <= self.len, "ReadChunk::commit: {n} items of a chunk of {}", self.len);
        if mem::needs_drop::<T>() {
            self.into_iter().take(n).for_each(drop);
        } else {
            self.consumer.advance(self.consumer.head(), n);
            self.consumer.release();
        }
    }

    /// Drops all items and gives their slots back to the producer, as [`commit`](Self::commit) does.
    pub fn commit_all(self) {
        let len = self.len;
        self.commit(len);
    }
}

/// Takes the items out. The producer gets the slots of those that were taken back when the iterator is dropped; the
/// others stay inside.
impl<'a, T> IntoIterator for ReadChunk<'a, T> {
    type Item = T;
    type IntoIter = IntoIter<'a, T>;

    #[inline]
    fn into_iter(self) -> IntoIter<'a, T> {
        IntoIter::new(self.consumer, self.len)
    }
}

impl<T> fmt::Debug for ReadChunk<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadChunk").field("len", &self.len).finish_non_exhaustive()
    }
}
