//! A pooled object at its own address.
#![allow(unsafe_code)] // A slot is owned by whoever the pool's protocol says, and so is a plain pointer.

use std::error::Error;
use std::fmt;
use std::ptr::NonNull;

use super::AcquireError;
use super::sites::Mark;
use super::stock::Item;
use super::try_box::try_box;
use crate::sync::CachePadded;

/// A pooled object: a pointer that owns it, and may be copied, by a protocol in which one copy at a time is used.
///
/// Each object stands on lines of its own. Two small ones on one line, in use by two threads, would cost each write what a
/// contended atomic does.
pub(super) struct Slot<T> {
    object: NonNull<CachePadded<Object<T>>>,
}

/// An object and what the pool notes beside it.
struct Object<T> {
    mark: Mark,
    value: T,
}

// SAFETY: whoever has the slot has the object, by `&mut` or to drop it: hence `T: Send`.
unsafe impl<T: Send> Send for Slot<T> {}
// SAFETY: a shared slot gives out `&T`.
unsafe impl<T: Sync> Sync for Slot<T> {}

impl<T> Slot<T> {
    /// The object that `make` makes.
    pub(super) fn try_new(
        make: impl FnOnce() -> Result<T, Box<dyn Error + Send + Sync>>,
    ) -> Result<Self, AcquireError> {
        let one = try_box(|| {
            let value = make().map_err(AcquireError::Create)?;
            Ok(CachePadded::new(Object { mark: Mark::default(), value }))
        })?;
        Ok(Self { object: NonNull::from(Box::leak(one)).cast() })
    }

    /// # Safety
    ///
    /// - The object has not been taken out, and nobody else has a reference to it that is not shared.
    #[inline]
    pub(super) unsafe fn get(&self) -> &T {
        // SAFETY: `try_new` leaked it, and says the caller, it is there and may be shared.
        unsafe { &self.object.as_ref().value }
    }

    /// # Safety
    ///
    /// - The object has not been taken out, and nobody else has a reference to it.
    #[inline]
    pub(super) unsafe fn get_mut(&mut self) -> &mut T {
        // SAFETY: as in `get`.
        unsafe { &mut self.object.as_mut().value }
    }

    /// What the pool notes beside the object.
    ///
    /// # Safety
    ///
    /// - As for [`get_mut`](Self::get_mut).
    #[inline]
    pub(super) unsafe fn mark_mut(&mut self) -> &mut Mark {
        // SAFETY: as in `get`.
        unsafe { &mut self.object.as_mut().mark }
    }

    /// Takes the object out and frees its memory.
    ///
    /// # Safety
    ///
    /// - The object has not been taken out, and nobody else will use a copy of this slot again.
    pub(super) unsafe fn into_inner(self) -> T {
        // SAFETY: `try_new` leaked a box of an array of one, and says the caller, this is the last use of it.
        let [object] = *unsafe { Box::from_raw(self.object.cast::<[CachePadded<Object<T>>; 1]>().as_ptr()) };
        object.into_inner().value
    }
}

impl<T> Item for Slot<T> {
    fn into_ptr(self) -> NonNull<()> {
        self.object.cast()
    }

    fn from_ptr(ptr: NonNull<()>) -> Self {
        Self { object: ptr.cast() }
    }
}

impl<T> Clone for Slot<T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Slot<T> {}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.object.fmt(f)
    }
}
