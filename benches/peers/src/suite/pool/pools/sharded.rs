//! Crate `sharded-slab`, its pool. The drop of its guards ends the access and does not give the object back: `clear` does,
//! and only after that, for while one may still write, another would get the same object.
#![allow(unsafe_code)] // A guard of this bench drops theirs by hand, before it clears.

use super::{ObjectPool, Owned};
use crate::suite::pool::object::Object;
use sharded_slab::Pool;
use sharded_slab::pool::{OwnedRefMut, RefMut};
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// It has no bound, and makes objects by the page of 32 and more.
pub type SlabPool<T> = Pool<T>;

/// A guard of theirs.
pub trait Keyed {
    /// What names the object.
    fn key(&self) -> usize;
}

impl<T: Object> Keyed for RefMut<'_, T> {
    #[inline]
    fn key(&self) -> usize {
        self.key()
    }
}

impl<T: Object> Keyed for OwnedRefMut<T> {
    #[inline]
    fn key(&self) -> usize {
        self.key()
    }
}

/// A guard of theirs, and the pool to clear.
#[derive(Debug)]
pub struct Guard<T: Object, G: Keyed, P: Deref<Target = SlabPool<T>>> {
    object: ManuallyDrop<G>,
    pool: P,
}

impl<T: Object, G: Keyed, P: Deref<Target = SlabPool<T>>> Guard<T, G, P> {
    #[inline]
    fn new(object: Option<G>, pool: P) -> Self {
        Self { object: ManuallyDrop::new(object.expect("room")), pool }
    }
}

impl<T: Object, G: Keyed + Deref<Target = T>, P: Deref<Target = SlabPool<T>>> Deref for Guard<T, G, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T: Object, G: Keyed + DerefMut<Target = T>, P: Deref<Target = SlabPool<T>>> DerefMut for Guard<T, G, P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.object
    }
}

impl<T: Object, G: Keyed, P: Deref<Target = SlabPool<T>>> Drop for Guard<T, G, P> {
    #[inline]
    fn drop(&mut self) {
        let key = self.object.key();
        // SAFETY: dropped here and nowhere else, and this guard is not used after its drop.
        unsafe { ManuallyDrop::drop(&mut self.object) };
        self.pool.clear(key);
    }
}

impl<T: Object> ObjectPool for SlabPool<T> {
    const NAME: &'static str = "sharded-slab";
    type Object = T;
    type Guard<'a> = Guard<T, RefMut<'a, T>, &'a Self>;

    fn new(_: usize) -> Self {
        Self::new()
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        Guard::new(self.create(), self)
    }
}

impl<T: Object> ObjectPool for Owned<Arc<SlabPool<T>>> {
    const NAME: &'static str = SlabPool::<T>::NAME;
    type Object = T;
    type Guard<'a> = Guard<T, OwnedRefMut<T>, Arc<SlabPool<T>>>;

    fn new(_: usize) -> Self {
        Self(Arc::new(Pool::new()))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        Guard::new(Arc::clone(&self.0).create_owned(), Arc::clone(&self.0))
    }
}

/// The pool where guards go to other threads: those that borrow stay on theirs.
#[derive(Debug)]
pub struct SlabSendPool<T: Object>(Arc<SlabPool<T>>);

impl<T: Object> ObjectPool for SlabSendPool<T> {
    const NAME: &'static str = SlabPool::<T>::NAME;
    type Object = T;
    type Guard<'a> = Guard<T, OwnedRefMut<T>, &'a SlabPool<T>>;

    fn new(_: usize) -> Self {
        Self(Arc::new(Pool::new()))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        Guard::new(Arc::clone(&self.0).create_owned(), &self.0)
    }
}
