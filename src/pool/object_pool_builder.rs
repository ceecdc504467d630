use std::fmt;

use super::object_pool::{Create, RecycleHook};
use super::{ObjectPool, Recycle};
use crate::time::Clock;

/// The bound where the builder was told none.
const DEFAULT_MAX: usize = 1024;

/// The options of an [`ObjectPool`]; begun by [`ObjectPool::builder`].
#[must_use = "call `build` to have the pool"]
pub struct ObjectPoolBuilder<T> {
    max: usize,
    clock: Clock,
    create: Create<T>,
    recycle: Option<RecycleHook<T>>,
}

impl<T> ObjectPoolBuilder<T> {
    pub(super) fn new(create: Create<T>) -> Self {
        Self { max: DEFAULT_MAX, clock: Clock::default(), create, recycle: None }
    }

    /// At most this many objects live at a time, idle, in use or being made: 1024 where it is not told. Nothing is
    /// allocated for objects that do not live.
    pub fn max(mut self, objects: usize) -> Self {
        self.max = objects;
        self
    }

    /// Runs on each object that comes back, on the thread that drops its guard and outside the pool's lock: resets it
    /// and says whether it is kept. Without a hook every object is kept as it is.
    ///
    /// A hook that waits for an object of its own pool may wait for the one it holds.
    pub fn recycle(mut self, hook: impl Fn(&mut T) -> Recycle + Send + Sync + 'static) -> Self {
        self.recycle = Some(Box::new(hook));
        self
    }

    /// The clock that deadlines are told by: the monotonic one where it is not told.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The pool, without any object in it; [`ObjectPool::warm`] makes some ahead of time.
    ///
    /// # Panics
    ///
    /// If the bound is 0.
    #[must_use]
    pub fn build(self) -> ObjectPool<T> {
        assert!(self.max > 0, "a pool of at most 0 objects gives nothing out");
        ObjectPool::new(self.max, self.clock, self.create, self.recycle)
    }
}

impl<T> fmt::Debug for ObjectPoolBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectPoolBuilder").field("max", &self.max).field("clock", &self.clock).finish_non_exhaustive()
    }
}
