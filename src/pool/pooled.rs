#![allow(unsafe_code)] // A guard is the sole owner of an object that stands elsewhere.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};
use std::ptr;

use super::objects::{self, Objects};
use super::slot::Slot;

/// An object on loan from an [`ObjectPool`](super::ObjectPool) that this guard borrows; given back when dropped, on any thread.
///
/// Two threads may share a guard only where they may share the object:
///
/// ```compile_fail,E0277
/// # use bedplate::pool::ObjectPool;
/// # use std::cell::Cell;
/// let pool = ObjectPool::builder(|| Cell::new(0)).build();
/// let guard = pool.acquire().unwrap();
/// std::thread::scope(|s| {
///     s.spawn(|| guard.set(1));
/// });
/// ```
///
/// A guard goes to another thread only where its object may:
///
/// ```compile_fail,E0277
/// # use bedplate::pool::ObjectPool;
/// # use std::sync::{Mutex, MutexGuard};
/// static LOCK: Mutex<u8> = Mutex::new(0);
/// let pool = ObjectPool::<MutexGuard<'static, u8>>::builder(|| LOCK.lock().unwrap()).build();
/// let guard = pool.acquire().unwrap();
/// std::thread::scope(|s| {
///     s.spawn(move || drop(guard));
/// });
/// ```
#[must_use = "the object goes back to its pool when the guard is dropped"]
pub struct Pooled<'a, T> {
    objects: &'a Objects<T>,
    /// Out for as long as the guard lives: the object is the guard's alone.
    slot: Slot<T>,
}

impl<'a, T> Pooled<'a, T> {
    #[inline]
    pub(super) fn new(objects: &'a Objects<T>, slot: Slot<T>) -> Self {
        Self { objects, slot }
    }

    /// Whether the object is one of these.
    pub(super) fn is_of(&self, objects: &Objects<T>) -> bool {
        ptr::eq(self.objects, objects)
    }

    /// The guard was made for an acquisition that has not been noted yet.
    #[inline]
    pub(super) fn note_acquired(&self) {
        self.objects.acquired(self.slot);
    }

    /// The object is about to go back.
    #[inline]
    pub(super) fn note_returned(&self) {
        // SAFETY: the object is this guard's, and nobody looks at it meanwhile: its owner is giving it back.
        unsafe { self.objects.returned(self.slot) };
    }

    /// The slot, for those who know that this guard is to be forgotten.
    pub(super) fn slot(&self) -> Slot<T> {
        self.slot
    }

    /// Gives the slot up, without giving it back.
    pub(super) fn into_slot(self) -> Slot<T> {
        let slot = self.slot;
        mem::forget(self);
        slot
    }

    /// Takes the object out of the pool for good: it no longer counts against the bound, and another may be made in its
    /// place.
    ///
    /// ```
    /// use bedplate::pool::{ObjectPool, Pooled};
    ///
    /// let pool = ObjectPool::builder(Vec::<u8>::new).max(1).build();
    /// let mine = Pooled::detach(pool.acquire()?);
    /// let other = pool.try_acquire()?;
    /// assert_eq!(mine, *other);
    /// # Ok::<(), bedplate::pool::AcquireError>(())
    /// ```
    #[must_use = "drop the guard instead to give the object back"]
    pub fn detach(guard: Self) -> T {
        let (objects, slot) = (guard.objects, guard.into_slot());
        // SAFETY: the object is out, and the guard that had it will not be dropped.
        unsafe { objects::detach(objects, slot) }
    }
}

impl<T> Deref for Pooled<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the object is this guard's; `&self` shares it.
        unsafe { self.slot.get() }
    }
}

impl<T> DerefMut for Pooled<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the object is this guard's; `&mut self` is the only access.
        unsafe { self.slot.get_mut() }
    }
}

impl<T> Drop for Pooled<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the object is out, and the guard that had it is gone after this.
        unsafe { objects::release(self.objects, self.slot) };
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pooled").field(&**self).finish()
    }
}
