#![allow(unsafe_code)] // Writes slots that are the producer's.

use std::fmt;
use std::mem::MaybeUninit;

use super::Producer;
#[cfg(not(bedplate_loom))]
use super::ring::as_ptr;

/// Free slots of a ring, to be written in place, from [`Producer::try_write_chunk`].
///
/// The consumer gets nothing before [`fill_from_iter`](Self::fill_from_iter) or [`commit`](Self::commit). A chunk that
/// is dropped or forgotten leaves the ring as it was; items written into it by hand are then leaked, not lost by the
/// ring.
#[must_use = "fill it or commit it: otherwise nothing is pushed"]
pub struct WriteChunk<'a, T> {
    producer: &'a mut Producer<T>,
    len: usize,
}

impl<'a, T> WriteChunk<'a, T> {
    /// Of `len` slots, for which there is room.
    #[inline]
    pub(super) fn new(producer: &'a mut Producer<T>, len: usize) -> Self {
        Self { producer, len }
    }

    /// How many slots there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no slot, as in a chunk of at most 0.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Moves items from the front of `items` into the slots and pushes them, until there is no slot or no item left.
    /// Says how many; the consumer sees them all at once.
    ///
    /// Takes no item more than there are slots, so that `&mut iterator` keeps the rest. Should `items` panic, what it
    /// gave before is pushed.
    ///
    /// ```
    /// use bedplate::queue::spsc;
    ///
    /// let (mut producer, consumer) = spsc::ring(8);
    /// let mut lines = "a b c".split(' ');
    /// assert_eq!(producer.try_write_chunk(2).unwrap().fill_from_iter(&mut lines), 2);
    /// assert_eq!(lines.next(), Some("c"));
    /// assert_eq!((consumer.try_pop(), consumer.try_pop()), (Ok("a"), Ok("b")));
    /// ```
    #[inline]
    pub fn fill_from_iter(self, items: impl IntoIterator<Item = T>) -> usize {
        /// Pushes what is written when it goes.
        struct Written<'p, T> {
            producer: &'p Producer<T>,
            n: usize,
        }

        impl<T> Drop for Written<'_, T> {
            #[inline]
            fn drop(&mut self) {
                self.producer.publish(self.n);
            }
        }

        let mut items = items.into_iter();
        let (first, second) = self.producer.vacant(self.len);
        let mut written = Written { producer: &*self.producer, n: 0 };
        'full: for slots in [first, second] {
            for slot in slots {
                let Some(item) = items.next() else { break 'full };
                // SAFETY: there is room for the chunk, so outside head..tail the slot is the producer's alone. What it
                // held was moved out.
                slot.with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item)) });
                written.n += 1;
            }
        }
        written.n
    }

    /// The slots, in order: those up to the end of the ring, and those from its beginning. The first slice is empty
    /// only where the chunk is.
    ///
    /// ```
    /// use bedplate::queue::spsc;
    ///
    /// let (mut producer, consumer) = spsc::ring(8);
    /// let mut chunk = producer.try_write_chunk(3).unwrap();
    /// let (first, second) = chunk.as_mut_slices();
    /// for (n, slot) in first.iter_mut().chain(second).enumerate() {
    ///     slot.write(n);
    /// }
    /// // SAFETY: all slots are written.
    /// unsafe { chunk.commit_all() };
    /// assert_eq!(consumer.len(), 3);
    /// ```
    #[cfg(not(bedplate_loom))]
    pub fn as_mut_slices(&mut self) -> (&mut [MaybeUninit<T>], &mut [MaybeUninit<T>]) {
        let (first, second) = self.producer.vacant(self.len);
        // SAFETY: there is room for the chunk, so outside head..tail the slots are the producer's alone, and the
        // slices keep chunk and producer borrowed mutably. The two do not overlap.
        unsafe { (&mut *as_ptr(first), &mut *as_ptr(second)) }
    }

    /// Pushes the first `n` slots. The consumer sees them all at once.
    ///
    /// # Panics
    ///
    /// If the chunk has fewer than `n` slots.
    ///
    /// # Safety
    ///
    /// The first `n` slots are written.
    pub unsafe fn commit(self, n: usize) {
        assert!(n <= self.len, "WriteChunk::commit: {n} slots of a chunk of {}", self.len);
        self.producer.publish(n);
    }

    /// Pushes all slots.
    ///
    /// # Safety
    ///
    /// All slots are written.
    pub unsafe fn commit_all(self) {
        self.producer.publish(self.len);
    }
}

impl<T> fmt::Debug for WriteChunk<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteChunk").field("len", &self.len).finish_non_exhaustive()
    }
}
