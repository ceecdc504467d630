use super::ObjectPool;
use crate::suite::pool::object::Object;
use nexus_pool::{local, sync};

/// Crate `nexus-pool`, its pool of one acquiring thread: it makes all its objects at once, and its guards are `'static`.
pub type NexusPool<T> = sync::Pool<T>;

impl<T: Object> ObjectPool for NexusPool<T> {
    const NAME: &'static str = "nexus-pool";
    type Object = T;
    type Guard<'a> = sync::Pooled<T>;

    fn new(max: usize) -> Self {
        Self::new(max, T::default, T::clear)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.try_acquire().expect("the bound is not reached")
    }
}

/// Its pool of one thread, which grows.
pub type NexusLocalPool<T> = local::Pool<T>;

impl<T: Object> ObjectPool for NexusLocalPool<T> {
    const NAME: &'static str = "nexus-pool local";
    type Object = T;
    type Guard<'a> = local::Pooled<T>;

    fn new(_: usize) -> Self {
        Self::new(T::default, T::clear)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.acquire()
    }
}
