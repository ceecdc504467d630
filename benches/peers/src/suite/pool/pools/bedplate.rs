use super::{ObjectPool, Owned, StrictPool};
use crate::suite::pool::object::Object;
use bedplate::pool::{ObjectPool as Pool, OwnedPooled, Pooled, Recycle};
use sharded_slab::Clear;

/// `bedplate::pool::ObjectPool`.
pub type BedplatePool<T> = Pool<T>;

impl<T: Object> ObjectPool for BedplatePool<T> {
    const NAME: &'static str = "bedplate";
    type Object = T;
    type Guard<'a> = Pooled<'a, T>;

    fn new(max: usize) -> Self {
        let builder = Pool::builder(T::default).max(max);
        let reset = |object: &mut T| {
            Clear::clear(object);
            Recycle::Keep
        };
        if T::RESET { builder.recycle(reset) } else { builder }.build()
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.try_acquire().expect("the bound is not reached")
    }
}

impl<T: Object> StrictPool for BedplatePool<T> {
    fn strict(max: usize) -> Self {
        ObjectPool::new(max)
    }

    #[inline]
    fn try_acquire(&self) -> Option<Self::Guard<'_>> {
        self.try_acquire().ok()
    }
}

impl<T: Object> ObjectPool for Owned<BedplatePool<T>> {
    const NAME: &'static str = BedplatePool::<T>::NAME;
    type Object = T;
    type Guard<'a> = OwnedPooled<T>;

    fn new(max: usize) -> Self {
        Self(ObjectPool::new(max))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.0.try_acquire_owned().expect("the bound is not reached")
    }
}
