use super::{ObjectPool, Owned, StrictPool};
use crate::suite::pool::object::Object;
use object_pool::{Pool, Reusable, ReusableOwned};
use std::sync::Arc;

/// Crate `object-pool`: a locked stack. It bounds nothing, unless it is filled beforehand and makes no more, and it resets
/// nothing.
pub type LockedPool<T> = Pool<T>;

impl<T: Object> ObjectPool for LockedPool<T> {
    const NAME: &'static str = "object-pool";
    type Object = T;
    type Guard<'a> = Reusable<'a, T>;

    fn new(max: usize) -> Self {
        Self::from_vec(Vec::with_capacity(max))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.pull(T::default)
    }
}

impl<T: Object> StrictPool for LockedPool<T> {
    fn strict(max: usize) -> Self {
        Self::new(max, T::default)
    }

    #[inline]
    fn try_acquire(&self) -> Option<Self::Guard<'_>> {
        self.try_pull()
    }
}

impl<T: Object> ObjectPool for Owned<Arc<LockedPool<T>>> {
    const NAME: &'static str = LockedPool::<T>::NAME;
    type Object = T;
    type Guard<'a> = ReusableOwned<T>;

    fn new(max: usize) -> Self {
        Self(Arc::new(ObjectPool::new(max)))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.0.pull_owned(T::default)
    }
}
