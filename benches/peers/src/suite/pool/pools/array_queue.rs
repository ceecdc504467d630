//! What many write by hand.
#![allow(unsafe_code)] // A guard moves its object out without a flag, as the best of those written by hand do.

use super::{ObjectPool, Owned, StrictPool};
use crate::suite::pool::object::Object;
use crossbeam::queue::ArrayQueue;
use sharded_slab::Clear;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A bounded queue of objects. It bounds what is idle, not what is live, unless it is filled beforehand and makes no more.
#[derive(Debug)]
pub struct ArrayQueuePool<T> {
    idle: ArrayQueue<T>,
}

impl<T: Object> ArrayQueuePool<T> {
    #[inline]
    fn pop(&self) -> ManuallyDrop<T> {
        ManuallyDrop::new(self.idle.pop().unwrap_or_default())
    }
}

/// An object and the way back.
#[derive(Debug)]
pub struct Guard<T: Object, P: Deref<Target = ArrayQueuePool<T>>> {
    object: ManuallyDrop<T>,
    pool: P,
}

impl<T: Object, P: Deref<Target = ArrayQueuePool<T>>> Deref for Guard<T, P> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.object
    }
}

impl<T: Object, P: Deref<Target = ArrayQueuePool<T>>> DerefMut for Guard<T, P> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.object
    }
}

impl<T: Object, P: Deref<Target = ArrayQueuePool<T>>> Drop for Guard<T, P> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: taken here and nowhere else, and the guard is not used after its drop.
        let mut object = unsafe { ManuallyDrop::take(&mut self.object) };
        Clear::clear(&mut object);
        drop(self.pool.idle.push(object));
    }
}

impl<T: Object> ObjectPool for ArrayQueuePool<T> {
    const NAME: &'static str = "crossbeam ArrayQueue as pool";
    type Object = T;
    type Guard<'a> = Guard<T, &'a Self>;

    fn new(max: usize) -> Self {
        Self { idle: ArrayQueue::new(max) }
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        Guard { object: self.pop(), pool: self }
    }
}

impl<T: Object> StrictPool for ArrayQueuePool<T> {
    fn strict(max: usize) -> Self {
        let pool: Self = ObjectPool::new(max);
        (0..max).for_each(|_| drop(pool.idle.push(T::default())));
        pool
    }

    #[inline]
    fn try_acquire(&self) -> Option<Self::Guard<'_>> {
        self.idle.pop().map(|object| Guard { object: ManuallyDrop::new(object), pool: self })
    }
}

impl<T: Object> ObjectPool for Owned<Arc<ArrayQueuePool<T>>> {
    const NAME: &'static str = ArrayQueuePool::<T>::NAME;
    type Object = T;
    type Guard<'a> = Guard<T, Arc<ArrayQueuePool<T>>>;

    fn new(max: usize) -> Self {
        Self(Arc::new(ObjectPool::new(max)))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        Guard { object: self.0.pop(), pool: Arc::clone(&self.0) }
    }
}
