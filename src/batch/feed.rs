#![allow(unsafe_code)] // Items are moved out of a queue's source.

use super::shared::Size;
use crate::queue::Source;
use crate::time::Instant;

/// Where the items of one hand-over come from, with what each measures.
///
/// None of it runs code of the user's. Used under the lock of the front.
pub(super) trait Feed<T> {
    /// How many items are left.
    fn len(&self) -> usize;

    /// What item `index` of those left measures.
    fn bytes(&self, index: usize) -> usize;

    /// Moves the first `n` items, at most [`len`](Self::len), to the end of `to`.
    fn move_to(&mut self, n: usize, to: &mut Vec<T>);

    /// Takes an item that had to go to make room, to be dropped when no lock is held.
    fn evict(&mut self, item: T);

    /// When the first item came, where that was before now.
    fn since(&self) -> Option<Instant> {
        None
    }

    /// Nothing is left.
    fn end(&mut self) {}
}

/// One item, and the one that went to make room for it.
pub(super) struct One<T> {
    pub(super) item: Option<T>,
    bytes: usize,
    pub(super) evicted: Option<T>,
}

impl<T> One<T> {
    pub(super) fn new(item: T, bytes: usize) -> Self {
        Self { item: Some(item), bytes, evicted: None }
    }
}

impl<T> Feed<T> for One<T> {
    fn len(&self) -> usize {
        usize::from(self.item.is_some())
    }

    fn bytes(&self, _: usize) -> usize {
        self.bytes
    }

    fn move_to(&mut self, _: usize, to: &mut Vec<T>) {
        to.extend(self.item.take());
    }

    fn evict(&mut self, item: T) {
        self.evicted = Some(item);
    }
}

/// What a caller hands in at once. The source is told what was taken when this is dropped: a `Vec` moves what it keeps
/// to its front each time.
pub(super) struct Many<'a, T, S: Source<T>> {
    source: &'a mut S,
    /// What each item of `source` measures; empty where nothing measures them.
    bytes: Vec<usize>,
    /// How many items were moved out.
    moved: usize,
    evicted: Vec<T>,
}

impl<'a, T, S: Source<T>> Many<'a, T, S> {
    pub(super) fn new(source: &'a mut S, size: Option<&Size<T>>) -> Self {
        let bytes = size.map_or(Vec::new(), |size| source.waiting().iter().map(size).collect());
        Self { source, bytes, moved: 0, evicted: Vec::new() }
    }
}

impl<T, S: Source<T>> Feed<T> for Many<'_, T, S> {
    fn len(&self) -> usize {
        self.source.waiting().len() - self.moved
    }

    fn bytes(&self, index: usize) -> usize {
        self.bytes.get(self.moved + index).copied().unwrap_or(0)
    }

    fn move_to(&mut self, n: usize, to: &mut Vec<T>) {
        let items = &self.source.waiting()[self.moved..][..n];
        to.reserve(n);
        // SAFETY: these `n` items were not moved out before, nor are they again, since `moved` passes them, nor used
        // by the source, which forgets them in `drop`. `to` has room for as many behind its own, and is other memory,
        // being borrowed exclusively. Nothing here can panic once the first is copied.
        unsafe {
            to.as_mut_ptr().add(to.len()).copy_from_nonoverlapping(items.as_ptr(), n);
            to.set_len(to.len() + n);
        }
        self.moved += n;
    }

    fn evict(&mut self, item: T) {
        self.evicted.push(item);
    }
}

impl<T, S: Source<T>> Drop for Many<'_, T, S> {
    fn drop(&mut self) {
        // SAFETY: as many were waiting, and have been moved out.
        unsafe { self.source.advance(self.moved) };
    }
}
