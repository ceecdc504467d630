#![allow(unsafe_code)] // Moves items out of slots that are the consumer's.

use std::fmt;
use std::iter::FusedIterator;
use std::{mem, slice};

use super::Consumer;
use super::ring::Slot;

/// Takes the items of a [`ReadChunk`](super::ReadChunk) out of the ring, one by one.
///
/// Dropped, it gives the slots of the items that were taken back to the producer; the others stay inside. Forgotten,
/// it gives them back with the consumer's next pop.
#[must_use = "iterate over it: otherwise nothing is popped"]
pub struct IntoIter<'a, T> {
    consumer: &'a Consumer<T>,
    /// Where the consumer's head is. Here as well, so that a loop has it in a register.
    head: usize,
    /// The slots left up to the end of the ring; those from its beginning once there are none.
    slots: slice::Iter<'a, Slot<T>>,
    /// The slots from the beginning of the ring.
    after: &'a [Slot<T>],
}

impl<'a, T> IntoIter<'a, T> {
    /// Over the `n` oldest items, which are available. Of the consumer it has the only reference.
    #[inline]
    pub(super) fn new(consumer: &'a mut Consumer<T>, n: usize) -> Self {
        let consumer = &*consumer;
        let (first, second) = consumer.occupied(n);
        Self { consumer, head: consumer.head(), slots: first.iter(), after: second }
    }
}

impl<T> Iterator for IntoIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        // There is a slot here as long as there is one in `after`.
        let slot = self.slots.next()?;
        // SAFETY: the items of the chunk are available, so within head..tail the slot holds one and is the consumer's
        // alone. It is read once: the consumer's head moves past it now, so that not even a forgotten iterator leaves
        // it to be popped again.
        let item = slot.with_mut(|slot| unsafe { (*slot).assume_init_read() });
        if self.slots.len() == 0 {
            // The only place where the head may be at the end of a round.
            self.head = self.consumer.advance(self.head, 1);
            self.slots = mem::take(&mut self.after).iter();
        } else {
            self.head += 1;
            self.consumer.set_head(self.head);
        }
        Some(item)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.slots.len() + self.after.len();
        (left, Some(left))
    }
}

impl<T> ExactSizeIterator for IntoIter<'_, T> {}

impl<T> FusedIterator for IntoIter<'_, T> {}

impl<T> Drop for IntoIter<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.consumer.release();
    }
}

impl<T> fmt::Debug for IntoIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter").field("left", &self.len()).finish_non_exhaustive()
    }
}
