use super::{ObjectPool, Owned};
use crate::suite::pool::object::Object;
use lockfree_object_pool::{
    LinearObjectPool, LinearOwnedReusable, LinearReusable, SpinLockObjectPool, SpinLockReusable,
};
use std::sync::Arc;

/// Crate `lockfree-object-pool`, its linear pool, which has no bound and makes 32 objects at a time.
pub type LinearPool<T> = LinearObjectPool<T>;

impl<T: Object> ObjectPool for LinearPool<T> {
    const NAME: &'static str = "lockfree-object-pool";
    type Object = T;
    type Guard<'a> = LinearReusable<'a, T>;

    fn new(_: usize) -> Self {
        LinearObjectPool::new(T::default, T::clear)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.pull()
    }
}

impl<T: Object> ObjectPool for Owned<Arc<LinearPool<T>>> {
    const NAME: &'static str = LinearPool::<T>::NAME;
    type Object = T;
    type Guard<'a> = LinearOwnedReusable<T>;

    fn new(max: usize) -> Self {
        Self(Arc::new(ObjectPool::new(max)))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.0.pull_owned()
    }
}

/// Its pool behind a spin lock, the better of the two where more threads than CPUs want objects.
pub type SpinPool<T> = SpinLockObjectPool<T>;

impl<T: Object> ObjectPool for SpinPool<T> {
    const NAME: &'static str = "lockfree-object-pool spin lock";
    type Object = T;
    type Guard<'a> = SpinLockReusable<'a, T>;

    fn new(_: usize) -> Self {
        Self::new(T::default, T::clear)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.pull()
    }
}
