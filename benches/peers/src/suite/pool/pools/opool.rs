use super::{ObjectPool, Owned, StrictPool};
use crate::suite::pool::object::Object;
use opool::{LocalPool, Pool, PoolAllocator, RcGuard, RefGuard, RefLocalGuard};
use std::sync::Arc;

/// Crate `opool`. It bounds what is idle, not what is live, unless it is filled beforehand and makes no more.
pub type Opool<T> = Pool<Create, T>;

/// How it makes and resets objects.
#[derive(Debug)]
pub struct Create;

impl<T: Object> PoolAllocator<T> for Create {
    fn allocate(&self) -> T {
        T::default()
    }

    #[inline]
    fn reset(&self, object: &mut T) {
        object.clear();
    }
}

impl<T: Object> ObjectPool for Opool<T> {
    const NAME: &'static str = "opool";
    type Object = T;
    type Guard<'a> = RefGuard<'a, Create, T>;

    fn new(max: usize) -> Self {
        Self::new(max, Create)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.get()
    }
}

impl<T: Object> StrictPool for Opool<T> {
    fn strict(max: usize) -> Self {
        Self::new_prefilled(max, Create)
    }

    #[inline]
    fn try_acquire(&self) -> Option<Self::Guard<'_>> {
        self.try_get()
    }
}

impl<T: Object> ObjectPool for Owned<Arc<Opool<T>>> {
    const NAME: &'static str = Opool::<T>::NAME;
    type Object = T;
    type Guard<'a> = RcGuard<Create, T>;

    fn new(max: usize) -> Self {
        Self(Arc::new(ObjectPool::new(max)))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        Arc::clone(&self.0).get_rc()
    }
}

/// Its pool of one thread.
pub type OpoolLocal<T> = LocalPool<Create, T>;

impl<T: Object> ObjectPool for OpoolLocal<T> {
    const NAME: &'static str = "opool local";
    type Object = T;
    type Guard<'a> = RefLocalGuard<'a, Create, T>;

    fn new(max: usize) -> Self {
        Self::new(max, Create)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.get()
    }
}
