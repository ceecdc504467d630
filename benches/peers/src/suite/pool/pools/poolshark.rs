use super::ObjectPool;
use crate::suite::pool::object::Object;
use poolshark::IsoPoolable;
use poolshark::global::{GPooled, Pool};
use poolshark::local::LPooled;
use std::fmt;
use std::marker::PhantomData;

/// What an object may hold and still be kept, in elements: more than the rows give one.
const MAX_ELEMENTS: usize = 4096;

/// Crate `poolshark`, its pool shared by threads. It bounds what is idle, not what is live; its guards are `'static`.
pub type SharkPool<T> = Pool<T>;

impl<T: Object> ObjectPool for SharkPool<T> {
    const NAME: &'static str = "poolshark";
    type Object = T;
    type Guard<'a> = GPooled<T>;

    fn new(max: usize) -> Self {
        Self::new(max, MAX_ELEMENTS)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.take()
    }
}

/// Its pools of one type and one thread each, which are not made, and of which objects go to that of the thread that
/// drops them.
pub struct SharkLocalPool<T>(PhantomData<fn() -> T>);

impl<T: Object + IsoPoolable> ObjectPool for SharkLocalPool<T> {
    const NAME: &'static str = "poolshark local";
    type Object = T;
    type Guard<'a> = LPooled<T>;

    fn new(_: usize) -> Self {
        Self(PhantomData)
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        LPooled::take()
    }
}

impl<T> fmt::Debug for SharkLocalPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharkLocalPool")
    }
}
