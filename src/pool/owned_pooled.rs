use std::fmt;
use std::ops::{Deref, DerefMut};

use super::ObjectPool;
use super::slot::{HELD, Slot};

/// An object on loan from an [`ObjectPool`], with a handle of that pool: it may outlive the handle it was acquired from,
/// be stored, and be sent to other threads. Given back when dropped, on any thread.
///
/// Costs an atomic addition more than [`Pooled`](super::Pooled), and another on release.
///
/// ```
/// use bedplate::pool::ObjectPool;
///
/// let pool = ObjectPool::builder(|| vec![0u8; 16]).max(1).build();
/// let mut loan = pool.acquire_owned()?;
/// let worker = std::thread::spawn(move || loan[0] = 7);
/// worker.join().unwrap();
/// assert_eq!(pool.acquire()?[0], 7);
/// # Ok::<(), bedplate::pool::AcquireError>(())
/// ```
#[must_use = "the object goes back to its pool when the guard is dropped"]
pub struct OwnedPooled<T> {
    pool: ObjectPool<T>,
    /// `None` only within `drop` and `detach`.
    slot: Option<Slot<T>>,
}

impl<T> OwnedPooled<T> {
    #[inline]
    pub(super) fn new(pool: ObjectPool<T>, slot: Slot<T>) -> Self {
        Self { pool, slot: Some(slot) }
    }

    /// Takes the object out of the pool for good: it no longer counts against the bound, and another may be made in its
    /// place.
    #[must_use = "drop the guard instead to give the object back"]
    pub fn detach(mut guard: Self) -> T {
        let slot = guard.slot.take().expect(HELD);
        guard.pool.detach(slot)
    }
}

impl<T> Deref for OwnedPooled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.slot.as_ref().expect(HELD).get()
    }
}

impl<T> DerefMut for OwnedPooled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.slot.as_mut().expect(HELD).get_mut()
    }
}

impl<T> Drop for OwnedPooled<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.pool.release(slot);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedPooled").field(&**self).finish()
    }
}
