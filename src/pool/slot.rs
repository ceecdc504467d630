//! A pooled object at its own address.
#![allow(unsafe_code)] // A slot is owned by whoever the pool's protocol says, and so is a plain pointer.

use std::error::Error;
use std::fmt;
use std::ptr::NonNull;

use super::AcquireError;
use super::sites::Mark;
use super::stock::Item;
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
    /// Takes the memory first, so that an object that was made always has a place to be put.
    ///
    /// `Box::new` aborts where the allocator refuses, a vector's `try_reserve_exact` reports it, and a full vector becomes a
    /// box without a copy.
    pub(super) fn try_new(
        make: impl FnOnce() -> Result<T, Box<dyn Error + Send + Sync>>,
    ) -> Result<Self, AcquireError> {
        let mut one = Vec::new();
        one.try_reserve_exact(1).map_err(|_| AcquireError::out_of_memory())?;
        let value = make().map_err(AcquireError::Create)?;
        one.push(CachePadded::new(Object { mark: Mark::default(), value }));
        match <Box<[_; 1]>>::try_from(one) {
            Ok(one) => Ok(Self { object: NonNull::from(Box::leak(one)).cast() }),
            Err(_) => unreachable!("exactly one object was pushed"),
        }
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
