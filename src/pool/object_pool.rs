#![allow(unsafe_code)] // Slots of guards go back by the stock's protocol.

use std::error::Error;
use std::fmt;
use std::time::Duration;

#[cfg(feature = "leak_sites")]
use super::LeakSite;
use super::home::Handle;
use super::objects::Objects;
use super::slot::Slot;
use super::{AcquireError, ObjectPoolBuilder, OwnedPooled, Pooled, Stats};
use crate::time::Deadline;

/// Lends objects that are costly to make, and never lets more than a chosen number of them live.
///
/// An acquisition takes the object that came back last on this thread, or one that lies in the pool's depot; where there is
/// none it makes one; where the bound is reached it takes one that other threads keep idle, and where there is none of these
/// either it fails, or waits, as the method says. The guard gives the object back when it is dropped, on whichever
/// thread that is. The pool is a handle: a clone is another handle to the same pool. With the last handle the pool is closed,
/// and its idle objects are dropped; the rest of it goes with the last [`OwnedPooled`].
///
/// # Cost and blocking
///
/// An acquisition and a release move one pointer to or from the thread's magazine, whatever the size of `T`: an object stays at
/// one address, on cache lines of its own, from its creation until it is discarded or detached. Neither executes an atomic
/// read-modify-write. Every thirtieth or so in a row of the same kind takes a short lock and moves half a magazine.
///
/// Where the bound is reached and other threads keep idle objects, an acquisition fetches these at the cost of a system call
/// (some 20 µs); if that happens often, as with a bound of few objects and more threads, the pool works with its lock alone for a while.
/// A thread that waits keeps the magazines out of use, so that whatever is released reaches it.
/// The bound holds exactly at all times. `try_acquire` finds every object that was released before it was called, as far as the
/// program can tell, but for one in the magazine of a thread that is just then using it.
///
/// A release allocates nothing, unless a thread waits and has to be woken. The closures run outside the lock, so the pool
/// may be used within them. One free object or place wakes one waiter. Waiters are woken first come, first served, but a thread
/// that asks at that moment may be faster.
///
/// Magazines and depot are those of Bonwick and Adams, "Magazines and Vmem" (2001); how another thread gets at a magazine whose
/// owner executes no fence is an asymmetric Dekker protocol over `membarrier(2)`.
///
/// # Panics and leaks
///
/// A panic in the closure that creates, in the recycle hook or in the `Drop` of an object frees the place and goes on
/// to the caller; the object concerned is gone, the pool stays whole, and one waiter is woken. (A hook that panics while
/// its guard is dropped by another panic aborts the process, as any `Drop` does.) A guard that is leaked keeps its
/// place and its object, and after the last handle the pool's own memory and what its closures own. Nothing else is lost.
///
/// The pool may not be used in a signal handler, nor by a global allocator that the pool itself allocates from.
///
/// ```
/// use bedplate::pool::{AcquireError, ObjectPool, Recycle};
///
/// let pool = ObjectPool::builder(|| String::with_capacity(64))
///     .max(2)
///     .recycle(|text| {
///         text.clear();
///         if text.capacity() <= 1024 { Recycle::Keep } else { Recycle::Discard }
///     })
///     .build();
///
/// let mut first = pool.try_acquire()?;
/// first.push_str("hello");
/// let second = pool.try_acquire()?;
/// assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
///
/// let address = first.as_ptr();
/// drop(first);
/// let again = pool.try_acquire()?;
/// assert_eq!(again.as_ptr(), address);
/// assert!(again.is_empty());
/// assert_eq!(pool.stats().created, 2);
/// # drop(second);
/// # Ok::<(), AcquireError>(())
/// ```
///
/// # Which objects may be pooled
///
/// An object has one user at a time, so a pool of `Send` objects may be shared between threads even where the objects
/// may not:
///
/// ```
/// # use bedplate::pool::ObjectPool;
/// # use std::cell::Cell;
/// let pool = ObjectPool::builder(|| Cell::new(0)).build();
/// std::thread::scope(|s| {
///     s.spawn(|| pool.acquire().unwrap().set(1));
///     s.spawn(|| pool.acquire().unwrap().set(2));
/// });
/// ```
///
/// Objects that are not `Send` stay on one thread, and so does their pool:
///
/// ```compile_fail,E0277
/// # use bedplate::pool::ObjectPool;
/// # use std::rc::Rc;
/// let pool = ObjectPool::builder(|| Rc::new(0)).build();
/// std::thread::spawn(move || drop(pool));
/// ```
///
/// A borrowed guard does not outlive the pool handle it came from:
///
/// ```compile_fail,E0505
/// # use bedplate::pool::ObjectPool;
/// let pool = ObjectPool::builder(|| 0).build();
/// let guard = pool.acquire().unwrap();
/// drop(pool);
/// drop(guard);
/// ```
pub struct ObjectPool<T> {
    objects: Handle<Objects<T>>,
}

impl<T> ObjectPool<T> {
    /// Begins a pool whose objects `create` makes.
    ///
    /// `create` runs on whichever thread acquires, so it may own nothing that is bound to one:
    ///
    /// ```compile_fail,E0277
    /// # use bedplate::pool::ObjectPool;
    /// # use std::rc::Rc;
    /// let shared = Rc::new(1);
    /// let pool = ObjectPool::builder(move || *shared).build();
    /// ```
    pub fn builder(create: impl Fn() -> T + Send + Sync + 'static) -> ObjectPoolBuilder<T> {
        ObjectPoolBuilder::new(Box::new(move || Ok(create())))
    }

    /// Begins a pool whose objects `create` makes or fails to make; the error comes out of the acquisition as
    /// [`AcquireError::Create`].
    ///
    /// ```
    /// use bedplate::pool::{AcquireError, ObjectPool};
    ///
    /// let pool = ObjectPool::try_builder(|| Ok(std::fs::File::open("/no/such/file")?)).build();
    /// assert!(matches!(pool.try_acquire(), Err(AcquireError::Create(_))));
    /// assert_eq!(pool.stats().live, 0);
    /// ```
    pub fn try_builder(
        create: impl Fn() -> Result<T, Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> ObjectPoolBuilder<T> {
        ObjectPoolBuilder::new(Box::new(create))
    }

    pub(super) fn new(objects: Objects<T>) -> Self {
        Self { objects: Handle::new(objects) }
    }

    /// An idle object, or a new one. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](AcquireError::Exhausted), [`Closed`](AcquireError::Closed), or
    /// [`Create`](AcquireError::Create) with what the creating closure or the allocator reported.
    #[inline]
    pub fn try_acquire(&self) -> Result<Pooled<'_, T>, AcquireError> {
        Ok(Pooled::new(&self.objects, self.objects.try_take()?))
    }

    /// An idle object, or a new one, or the first that comes back before `timeout` has passed.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    #[inline]
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Pooled<'_, T>, AcquireError> {
        match self.try_acquire() {
            // The clock is read only where it comes to waiting.
            Err(AcquireError::Exhausted) => self.acquire_deadline(self.objects.deadline(timeout)),
            other => other,
        }
    }

    /// An idle object, or a new one, or the first that comes back before `deadline` on the pool's clock.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    #[inline]
    pub fn acquire_deadline(&self, deadline: Deadline) -> Result<Pooled<'_, T>, AcquireError> {
        Ok(Pooled::new(&self.objects, self.objects.take(deadline)?))
    }

    /// An idle object, or a new one, or the first that comes back. Waits without limit: a thread that already holds
    /// the last object waits for itself.
    ///
    /// # Errors
    ///
    /// [`Closed`](AcquireError::Closed) or [`Create`](AcquireError::Create).
    #[inline]
    pub fn acquire(&self) -> Result<Pooled<'_, T>, AcquireError> {
        self.acquire_deadline(Deadline::NEVER)
    }

    /// As [`try_acquire`](Self::try_acquire), with a guard that holds a handle of the pool instead of borrowing one.
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire).
    #[inline]
    pub fn try_acquire_owned(&self) -> Result<OwnedPooled<T>, AcquireError> {
        Ok(OwnedPooled::new(self.objects.address(), self.objects.try_take()?))
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), with a guard that holds a handle of the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    #[inline]
    pub fn acquire_owned_timeout(&self, timeout: Duration) -> Result<OwnedPooled<T>, AcquireError> {
        match self.try_acquire_owned() {
            Err(AcquireError::Exhausted) => self.acquire_owned_deadline(self.objects.deadline(timeout)),
            other => other,
        }
    }

    /// As [`acquire_deadline`](Self::acquire_deadline), with a guard that holds a handle of the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire_deadline`](Self::acquire_deadline).
    #[inline]
    pub fn acquire_owned_deadline(&self, deadline: Deadline) -> Result<OwnedPooled<T>, AcquireError> {
        Ok(OwnedPooled::new(self.objects.address(), self.objects.take(deadline)?))
    }

    /// As [`acquire`](Self::acquire), with a guard that holds a handle of the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    #[inline]
    pub fn acquire_owned(&self) -> Result<OwnedPooled<T>, AcquireError> {
        self.acquire_owned_deadline(Deadline::NEVER)
    }

    /// Up to `n` objects into `guards`, idle ones first and new ones after them; tells how many, at least one (unless `n` is
    /// 0). Does not wait. Costs one visit to the thread's magazine for all it holds.
    ///
    /// ```
    /// use bedplate::pool::ObjectPool;
    ///
    /// let pool = ObjectPool::builder(|| 7).max(10).build();
    /// let mut guards = Vec::new();
    /// assert_eq!(pool.try_acquire_many(8, &mut guards)?, 8);
    /// assert_eq!(pool.try_acquire_many(8, &mut guards)?, 2);
    /// pool.release_many(&mut guards);
    /// assert_eq!((guards.len(), pool.stats().idle), (0, 10));
    /// # Ok::<(), bedplate::pool::AcquireError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`try_acquire`](Self::try_acquire), where that leaves none. [`Create`](AcquireError::Create) also where the allocator
    /// has no room for `n` more guards (or as many as the bound allows).
    pub fn try_acquire_many<'a>(&'a self, n: usize, guards: &mut Vec<Pooled<'a, T>>) -> Result<usize, AcquireError> {
        let n = n.min(self.objects.stock.max());
        guards.try_reserve(n).map_err(|_| AcquireError::out_of_memory())?;
        let before = guards.len();
        let taken = self.objects.try_take_many(n, |slot| guards.push(Pooled::new(&self.objects, slot)))?;
        guards[before..].iter().for_each(Pooled::note_acquired);
        Ok(taken)
    }

    /// Gives all objects of `guards` back, and leaves it empty. Costs one visit to the thread's magazine for all that it takes,
    /// where the pool has no recycle hook. Guards of another pool go to theirs.
    ///
    /// A panic of the recycle hook goes on to the caller when the other objects have been given back.
    pub fn release_many(&self, guards: &mut Vec<Pooled<'_, T>>) {
        if self.objects.recycle.is_none() && guards.iter().all(|guard| guard.is_of(&self.objects)) {
            guards.iter().for_each(Pooled::note_returned);
            let len = guards.len();
            // SAFETY: none is none too many. The guards behind are forgotten, and with them what they own: their slots.
            unsafe { guards.set_len(0) };
            let given = &guards.spare_capacity_mut()[..len];
            // SAFETY: `len` guards were there, and nobody has written over them.
            let slot = |at: usize| unsafe { given[at].assume_init_ref() }.slot();
            // SAFETY: the objects are of this pool, as was just seen, and their guards were forgotten.
            unsafe { self.objects.put_many(len, slot) };
        } else {
            guards.clear();
        }
    }

    /// Makes idle objects until `live` of them live (or the bound is reached, where that is less), so that the first
    /// users need not; tells how many it made.
    ///
    /// # Errors
    ///
    /// [`Closed`](AcquireError::Closed) or [`Create`](AcquireError::Create). What was made before the error stays.
    pub fn warm(&self, live: usize) -> Result<usize, AcquireError> {
        let mut made = 0;
        while let Some(room) = self.objects.stock.reserve_below(live)? {
            let slot = Slot::try_new(&self.objects.create)?;
            self.objects.keep_new(room, slot)?;
            made += 1;
        }
        Ok(made)
    }

    /// Drops idle objects, those idle longest first, until at most `keep` are left; tells how many it dropped. They are
    /// dropped on the calling thread, outside the lock, and count against the bound until they are.
    pub fn trim(&self, keep: usize) -> usize {
        self.objects.trim(keep)
    }

    /// Drops the objects that nobody needed in the [idle period](ObjectPoolBuilder::idle_timeout) that has ended, if one has;
    /// tells how many it dropped. Call it from a timer where the pool may fall idle.
    pub fn evict_idle(&self) -> usize {
        self.objects.evict_idle()
    }

    /// Ends the pool: every later acquisition and all that wait are refused with [`AcquireError::Closed`], idle objects
    /// are dropped now, and those in use when they come back (after the recycle hook has seen them). Closing twice does
    /// nothing more. An acquisition that is already creating its object still gets it.
    pub fn close(&self) {
        self.objects.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.objects.stock.is_closed()
    }

    /// Where those of the [sampled](ObjectPoolBuilder::sample_leaks) acquisitions were made whose objects are still out, the
    /// longest held first.
    ///
    /// ```
    /// use bedplate::pool::ObjectPool;
    ///
    /// let every = std::num::NonZeroU32::MIN;
    /// let pool = ObjectPool::builder(|| 0).sample_leaks(every).build();
    /// fn forgetful(pool: &ObjectPool<i32>) {
    ///     std::mem::forget(pool.acquire().unwrap());
    /// }
    /// forgetful(&pool);
    /// drop(pool.acquire()?);
    /// let sites = pool.leak_sites();
    /// assert_eq!(sites.len(), 1);
    /// println!("out for {:?}, since\n{}", sites[0].held, sites[0].backtrace);
    /// # Ok::<(), bedplate::pool::AcquireError>(())
    /// ```
    #[cfg(feature = "leak_sites")]
    #[cfg_attr(docsrs, doc(cfg(feature = "leak_sites")))]
    #[must_use]
    pub fn leak_sites(&self) -> Vec<LeakSite> {
        self.objects.sites.list(self.objects.stock.clock())
    }

    /// What the pool holds and did. Takes the pool's lock, and reads a line of each thread that uses the pool.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.objects.stock.stats()
    }
}

impl<T> Clone for ObjectPool<T> {
    /// Another handle to the same pool.
    fn clone(&self) -> Self {
        Self { objects: self.objects.clone() }
    }
}

impl<T> fmt::Debug for ObjectPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
