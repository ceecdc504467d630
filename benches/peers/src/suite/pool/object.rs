//! The object pools under one set of names.

use bedplate::pool::{ObjectPool as Pool, Pooled};
use crossbeam::queue::ArrayQueue;
use lockfree_object_pool::{LinearObjectPool, LinearReusable};
use opool::{PoolAllocator, RefGuard};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// 4 KiB of an owner's. Adds its count to the total when it is dropped.
pub struct Object {
    /// How many owners it had.
    pub count: u64,
    total: Arc<AtomicU64>,
    _rest: [u8; 4096 - 16],
}

impl Object {
    fn new(total: &Arc<AtomicU64>) -> Box<Self> {
        Box::new(Self { count: 0, total: Arc::clone(total), _rest: [0; 4096 - 16] })
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        // Relaxed: read after the threads were joined.
        self.total.fetch_add(self.count, Ordering::Relaxed);
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object").field("count", &self.count).finish_non_exhaustive()
    }
}

/// A pool of [`Object`]s.
pub trait ObjectPool: Sync {
    /// An object in use.
    type Guard<'a>: Send
    where
        Self: 'a;

    /// An empty pool of up to `max` objects.
    fn new(max: usize, total: &Arc<AtomicU64>) -> Self;
    /// An object that was released, or a new one.
    fn acquire(&self) -> Self::Guard<'_>;
    /// What the guard guards.
    fn object<'a>(guard: &'a mut Self::Guard<'_>) -> &'a mut Object;
    /// Gives the object back.
    fn release(&self, guard: Self::Guard<'_>) {
        drop(guard);
    }
}

/// `bedplate::pool::ObjectPool`.
pub type BedplatePool = Pool<Box<Object>>;

impl ObjectPool for BedplatePool {
    type Guard<'a> = Pooled<'a, Box<Object>>;

    fn new(max: usize, total: &Arc<AtomicU64>) -> Self {
        let total = Arc::clone(total);
        Pool::builder(move || Object::new(&total)).max(max).build()
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.try_acquire().expect("the bound is not reached")
    }

    #[inline]
    fn object<'a>(guard: &'a mut Self::Guard<'_>) -> &'a mut Object {
        guard
    }
}

/// What many write by hand: a bounded queue of boxes. It bounds what is idle, not what is live.
#[derive(Debug)]
pub struct ArrayQueuePool {
    idle: ArrayQueue<Box<Object>>,
    total: Arc<AtomicU64>,
}

impl ObjectPool for ArrayQueuePool {
    type Guard<'a> = Box<Object>;

    fn new(max: usize, total: &Arc<AtomicU64>) -> Self {
        Self { idle: ArrayQueue::new(max), total: Arc::clone(total) }
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.idle.pop().unwrap_or_else(|| Object::new(&self.total))
    }

    #[inline]
    fn object<'a>(guard: &'a mut Self::Guard<'_>) -> &'a mut Object {
        guard
    }

    #[inline]
    fn release(&self, guard: Self::Guard<'_>) {
        drop(self.idle.push(guard));
    }
}

/// Crate `lockfree-object-pool`, its linear pool, which has no bound.
pub type LinearPool = LinearObjectPool<Box<Object>>;

impl ObjectPool for LinearPool {
    type Guard<'a> = LinearReusable<'a, Box<Object>>;

    fn new(_: usize, total: &Arc<AtomicU64>) -> Self {
        let total = Arc::clone(total);
        LinearObjectPool::new(move || Object::new(&total), |_| ())
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.pull()
    }

    #[inline]
    fn object<'a>(guard: &'a mut Self::Guard<'_>) -> &'a mut Object {
        guard
    }
}

/// Crate `opool`. It bounds what is idle, not what is live.
pub type Opool = opool::Pool<Create, Box<Object>>;

/// How `opool` makes an object.
#[derive(Debug)]
pub struct Create(Arc<AtomicU64>);

impl PoolAllocator<Box<Object>> for Create {
    fn allocate(&self) -> Box<Object> {
        Object::new(&self.0)
    }
}

impl ObjectPool for Opool {
    type Guard<'a> = RefGuard<'a, Create, Box<Object>>;

    fn new(max: usize, total: &Arc<AtomicU64>) -> Self {
        opool::Pool::new(max, Create(Arc::clone(total)))
    }

    #[inline]
    fn acquire(&self) -> Self::Guard<'_> {
        self.get()
    }

    #[inline]
    fn object<'a>(guard: &'a mut Self::Guard<'_>) -> &'a mut Object {
        guard
    }
}
