use std::fmt;
use std::ops::{Deref, DerefMut};

use super::ObjectPool;
use super::slot::{HELD, Slot};

/// An object on loan from an [`ObjectPool`] that this guard borrows; given back when dropped, on any thread.
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
    pool: &'a ObjectPool<T>,
    /// `None` only within `drop` and `detach`.
    slot: Option<Slot<T>>,
}

impl<'a, T> Pooled<'a, T> {
    #[inline]
    pub(super) fn new(pool: &'a ObjectPool<T>, slot: Slot<T>) -> Self {
        Self { pool, slot: Some(slot) }
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
    pub fn detach(mut guard: Self) -> T {
        let slot = guard.slot.take().expect(HELD);
        guard.pool.detach(slot)
    }
}

impl<T> Deref for Pooled<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.slot.as_ref().expect(HELD).get()
    }
}

impl<T> DerefMut for Pooled<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.slot.as_mut().expect(HELD).get_mut()
    }
}

impl<T> Drop for Pooled<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.pool.release(slot);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Pooled<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pooled").field(&**self).finish()
    }
}
