#![allow(unsafe_code)] // Hands out references into slots of a borrowed queue.

use std::fmt;
use std::marker::PhantomData;

use super::Bounded;
use super::ring::Position;

/// Visits the items of a [`Bounded`] in place, from [`Bounded::iter_mut`].
pub struct IterMut<'a, T> {
    queue: &'a Bounded<T>,
    next: Position,
    left: usize,
    /// The borrow is exclusive; `queue` is a shared reference only so that items already handed out are not reborrowed.
    exclusive: PhantomData<&'a mut T>,
}

impl<'a, T> IterMut<'a, T> {
    pub(super) fn new(queue: &'a mut Bounded<T>, first: Position, len: usize) -> Self {
        Self { queue, next: first, left: len, exclusive: PhantomData }
    }
}

impl<'a, T> Iterator for IterMut<'a, T> {
    type Item = &'a mut T;

    fn next(&mut self) -> Option<&'a mut T> {
        self.left = self.left.checked_sub(1)?;
        // SAFETY: `new` borrowed the queue exclusively for 'a and counted its items from the head, so `next` is one of
        // them; it moves on with each call, so none is asked for twice.
        let (item, next) = unsafe { self.queue.item_at(self.next) };
        self.next = next;
        Some(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for IterMut<'_, T> {}

impl<T> fmt::Debug for IterMut<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut").field("left", &self.left).finish_non_exhaustive()
    }
}
