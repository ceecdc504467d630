use std::fmt;
use std::time::Duration;

use super::eviction::Eviction;
use super::objects::{Create, Objects, RecycleHook, Validate};
use super::sites::Sites;
use super::stock::{MAGAZINE, Stock};
use super::{ObjectPool, Recycle};
use crate::time::Clock;

/// The bound where the builder was told none.
const DEFAULT_MAX: usize = 1024;

/// The options of an [`ObjectPool`]; begun by [`ObjectPool::builder`].
#[must_use = "call `build` to have the pool"]
pub struct ObjectPoolBuilder<T> {
    max: usize,
    magazine: usize,
    clock: Clock,
    create: Create<T>,
    recycle: Option<RecycleHook<T>>,
    validate: Option<Validate<T>>,
    idle_timeout: Option<Duration>,
    sites: Sites,
}

impl<T> ObjectPoolBuilder<T> {
    pub(super) fn new(create: Create<T>) -> Self {
        Self {
            max: DEFAULT_MAX,
            magazine: MAGAZINE,
            clock: Clock::default(),
            create,
            recycle: None,
            validate: None,
            idle_timeout: None,
            sites: Sites::default(),
        }
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
    /// A hook that waits for an object of its own pool may wait for the one it holds. It may run on several threads at once:
    ///
    /// ```compile_fail,E0277
    /// # use bedplate::pool::{ObjectPool, Recycle};
    /// # use std::cell::Cell;
    /// let uses = Cell::new(0);
    /// let pool = ObjectPool::builder(|| 0)
    ///     .recycle(move |_| {
    ///         uses.set(uses.get() + 1);
    ///         Recycle::Keep
    ///     })
    ///     .build();
    /// ```
    pub fn recycle(mut self, hook: impl Fn(&mut T) -> Recycle + Send + Sync + 'static) -> Self {
        self.recycle = Some(Box::new(hook));
        self
    }

    /// Looks at each idle object before it goes out again, on the thread that acquires it and outside the pool's lock: one
    /// that is no longer good (a connection that was closed meanwhile) is dropped, and the next is tried, or a new one made.
    /// Without a check every idle object goes out.
    ///
    /// ```
    /// use bedplate::pool::ObjectPool;
    ///
    /// let pool = ObjectPool::builder(|| 0).validate(|uses| *uses < 2).build();
    /// for _ in 0..3 {
    ///     *pool.acquire()? += 1;
    /// }
    /// assert_eq!((*pool.acquire()?, pool.stats().created), (1, 2));
    /// # Ok::<(), bedplate::pool::AcquireError>(())
    /// ```
    pub fn validate(mut self, check: impl Fn(&mut T) -> bool + Send + Sync + 'static) -> Self {
        self.validate = Some(Box::new(check));
        self
    }

    /// How many idle objects a thread may keep in a magazine of its own, where it takes from and gives back to without a
    /// lock: at most 62, which it is where it is not told. Fewer, where objects are large and threads many; 0 makes it a pool
    /// with one lock.
    pub fn magazine(mut self, objects: usize) -> Self {
        self.magazine = objects;
        self
    }

    /// Lets idle objects go that nobody needs: at the end of each period of this length, as many are dropped as the pool was
    /// never without in that period, those idle longest first. Without it, idle objects stay until they are
    /// [trimmed](ObjectPool::trim).
    ///
    /// The pool has no thread of its own. Whether a period has ended is looked at when an object comes back and the
    /// releasing thread's magazine is full, or rests; and in [`ObjectPool::evict_idle`], to be called from a timer. What lies in
    /// magazines counts as needed for the period in which that is found out.
    ///
    /// ```
    /// use bedplate::pool::ObjectPool;
    /// use bedplate::time::{Clock, Manual};
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// let minute = Duration::from_secs(60);
    /// let pool = ObjectPool::builder(|| ()).clock(Clock::from(time.clone())).idle_timeout(minute).build();
    /// drop((pool.acquire()?, pool.acquire()?));
    /// let mut dropped = 0;
    /// for _ in 0..2 {
    ///     time.advance(minute);
    ///     dropped += pool.evict_idle();
    /// }
    /// assert_eq!((dropped, pool.stats().live), (2, 0));
    /// # Ok::<(), bedplate::pool::AcquireError>(())
    /// ```
    pub fn idle_timeout(mut self, period: Duration) -> Self {
        self.idle_timeout = Some(period);
        self
    }

    /// Notes the place of one in `every` acquisitions of a thread, so that [`ObjectPool::leak_sites`] can tell where objects went
    /// that do not come back. An acquisition that is noted captures a backtrace, at some 10 µs or more; the others count.
    #[cfg(feature = "leak_sites")]
    #[cfg_attr(docsrs, doc(cfg(feature = "leak_sites")))]
    pub fn sample_leaks(mut self, every: std::num::NonZeroU32) -> Self {
        self.sites = Sites::new(every);
        self
    }

    /// The clock that deadlines and idle periods are told by: the monotonic one where it is not told.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The pool, without any object in it; [`ObjectPool::warm`] makes some ahead of time.
    ///
    /// # Panics
    ///
    /// If the bound or the idle timeout is 0.
    #[must_use]
    pub fn build(self) -> ObjectPool<T> {
        assert!(self.max > 0, "a pool of at most 0 objects gives nothing out");
        assert!(self.idle_timeout != Some(Duration::ZERO), "an idle timeout of 0 keeps nothing");
        let eviction = self.idle_timeout.map(|period| Eviction::new(period, &self.clock));
        let stock = Stock::new(self.max, self.magazine, self.clock);
        ObjectPool::new(Objects {
            stock,
            create: self.create,
            recycle: self.recycle,
            validate: self.validate,
            eviction,
            sites: self.sites,
        })
    }
}

impl<T> fmt::Debug for ObjectPoolBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectPoolBuilder").field("max", &self.max).field("clock", &self.clock).finish_non_exhaustive()
    }
}
