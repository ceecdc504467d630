#![allow(unsafe_code)] // A guard is the sole owner of an object that stands elsewhere.

use std::fmt;
use std::mem;
use std::ops::{Deref, DerefMut};

use super::home::Address;
use super::objects::{self, Objects};
use super::slot::Slot;

/// An object on loan from an [`ObjectPool`](super::ObjectPool) that borrows nothing: it may outlive every handle of the pool,
/// be stored, and be sent to other threads. Given back when dropped, on any thread; where the pool has no handle any more, the
/// object is dropped, and with the last one the pool.
///
/// Costs what [`Pooled`](super::Pooled) costs: no reference count is touched.
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
///
/// It goes to another thread only where its object may:
///
/// ```compile_fail,E0277
/// # use bedplate::pool::ObjectPool;
/// # use std::rc::Rc;
/// let pool = ObjectPool::builder(|| Rc::new(0)).build();
/// let guard = pool.acquire_owned().unwrap();
/// std::thread::spawn(move || drop(guard));
/// ```
#[must_use = "the object goes back to its pool when the guard is dropped"]
pub struct OwnedPooled<T> {
    home: Address<Objects<T>>,
    /// Out for as long as the guard lives: the object is the guard's alone.
    slot: Slot<T>,
}

impl<T> OwnedPooled<T> {
    #[inline]
    pub(super) fn new(home: Address<Objects<T>>, slot: Slot<T>) -> Self {
        Self { home, slot }
    }

    /// Takes the object out of the pool for good: it no longer counts against the bound, and another may be made in its
    /// place.
    #[must_use = "drop the guard instead to give the object back"]
    pub fn detach(guard: Self) -> T {
        let (home, slot) = (guard.home, guard.slot);
        mem::forget(guard);
        // SAFETY: the object is out, and the guard that had it will not be dropped.
        unsafe { objects::detach(home, slot) }
    }
}

impl<T> Deref for OwnedPooled<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the object is this guard's; `&self` shares it.
        unsafe { self.slot.get() }
    }
}

impl<T> DerefMut for OwnedPooled<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the object is this guard's; `&mut self` is the only access.
        unsafe { self.slot.get_mut() }
    }
}

impl<T> Drop for OwnedPooled<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the object is out, and the guard that had it is gone after this.
        unsafe { objects::release(self.home, self.slot) };
    }
}

impl<T: fmt::Debug> fmt::Debug for OwnedPooled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedPooled").field(&**self).finish()
    }
}
