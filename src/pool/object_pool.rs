use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::depot::{Depot, End, Taken};
use super::slot::Slot;
use super::{AcquireError, ObjectPoolBuilder, OwnedPooled, Pooled, Recycle, Stats};
use crate::primitive::Arc;
use crate::time::{Clock, Deadline};

pub(super) type Create<T> = Box<dyn Fn() -> Result<T, Box<dyn Error + Send + Sync>> + Send + Sync>;
pub(super) type RecycleHook<T> = Box<dyn Fn(&mut T) -> Recycle + Send + Sync>;

/// Lends objects that are costly to make, and never lets more than a chosen number of them live.
///
/// An acquisition takes the object that came back last; where none is idle it makes one, and where the bound is
/// reached it fails, or waits, as the method says. The guard gives the object back when it is dropped, on whichever
/// thread that is. The pool is a handle: a clone is another handle to the same pool, and the pool with its idle objects
/// is dropped with the last handle and the last [`OwnedPooled`].
///
/// # Cost and blocking
///
/// An acquisition of an idle object and a release each take one short lock and move one pointer, whatever the size of
/// `T`: an object stays at one address from its creation until it is discarded or detached. A release allocates
/// nothing, unless a thread waits and has to be woken. The closures run outside the lock, so the pool may be used
/// within them. One free object or place wakes one waiter. Waiters are woken first come, first served, but a thread
/// that asks at that moment may be faster.
///
/// # Panics and leaks
///
/// A panic in the closure that creates, in the recycle hook or in the `Drop` of an object frees the place and goes on
/// to the caller; the object concerned is gone, the pool stays whole, and one waiter is woken. (A hook that panics while
/// its guard is dropped by another panic aborts the process, as any `Drop` does.) A guard that is leaked keeps its
/// place: capacity is lost, and nothing else.
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
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    depot: Depot<Slot<T>>,
    create: Create<T>,
    recycle: Option<RecycleHook<T>>,
}

impl<T> ObjectPool<T> {
    /// Begins a pool whose objects `create` makes.
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

    pub(super) fn new(max: usize, clock: Clock, create: Create<T>, recycle: Option<RecycleHook<T>>) -> Self {
        Self { shared: Arc::new(Shared { depot: Depot::new(max, clock), create, recycle }) }
    }

    /// An idle object, or a new one. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](AcquireError::Exhausted), [`Closed`](AcquireError::Closed), or
    /// [`Create`](AcquireError::Create) with what the creating closure or the allocator reported.
    #[inline]
    pub fn try_acquire(&self) -> Result<Pooled<'_, T>, AcquireError> {
        Ok(Pooled::new(self, self.try_take()?))
    }

    /// An idle object, or a new one, or the first that comes back before `timeout` has passed.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<Pooled<'_, T>, AcquireError> {
        match self.try_acquire() {
            // The clock is read only where it comes to waiting.
            Err(AcquireError::Exhausted) => self.acquire_deadline(self.deadline(timeout)),
            other => other,
        }
    }

    /// An idle object, or a new one, or the first that comes back before `deadline` on the pool's clock.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    pub fn acquire_deadline(&self, deadline: Deadline) -> Result<Pooled<'_, T>, AcquireError> {
        Ok(Pooled::new(self, self.take(deadline)?))
    }

    /// An idle object, or a new one, or the first that comes back. Waits without limit: a thread that already holds
    /// the last object waits for itself.
    ///
    /// # Errors
    ///
    /// [`Closed`](AcquireError::Closed) or [`Create`](AcquireError::Create).
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
        Ok(OwnedPooled::new(self.clone(), self.try_take()?))
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), with a guard that holds a handle of the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire_timeout`](Self::acquire_timeout).
    pub fn acquire_owned_timeout(&self, timeout: Duration) -> Result<OwnedPooled<T>, AcquireError> {
        match self.try_acquire_owned() {
            Err(AcquireError::Exhausted) => self.acquire_owned_deadline(self.deadline(timeout)),
            other => other,
        }
    }

    /// As [`acquire_deadline`](Self::acquire_deadline), with a guard that holds a handle of the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire_deadline`](Self::acquire_deadline).
    pub fn acquire_owned_deadline(&self, deadline: Deadline) -> Result<OwnedPooled<T>, AcquireError> {
        Ok(OwnedPooled::new(self.clone(), self.take(deadline)?))
    }

    /// As [`acquire`](Self::acquire), with a guard that holds a handle of the pool.
    ///
    /// # Errors
    ///
    /// As [`acquire`](Self::acquire).
    pub fn acquire_owned(&self) -> Result<OwnedPooled<T>, AcquireError> {
        self.acquire_owned_deadline(Deadline::NEVER)
    }

    /// Makes idle objects until `live` of them live (or the bound is reached, where that is less), so that the first
    /// users need not; tells how many it made.
    ///
    /// # Errors
    ///
    /// [`Closed`](AcquireError::Closed) or [`Create`](AcquireError::Create). What was made before the error stays.
    pub fn warm(&self, live: usize) -> Result<usize, AcquireError> {
        let depot = &self.shared.depot;
        let mut made = 0;
        while let Some(room) = depot.reserve_below(live)? {
            let slot = Slot::try_new(&self.shared.create)?;
            if let Err(slot) = room.fill_idle(slot) {
                depot.discard(slot);
                return Err(AcquireError::Closed);
            }
            made += 1;
        }
        Ok(made)
    }

    /// Drops idle objects, those idle longest first, until at most `keep` are left; tells how many it dropped. They are
    /// dropped on the calling thread, outside the lock, and count against the bound until they are.
    pub fn trim(&self, keep: usize) -> usize {
        self.shared.depot.trim(keep)
    }

    /// Ends the pool: every later acquisition and all that wait are refused with [`AcquireError::Closed`], idle objects
    /// are dropped now, and those in use when they come back (after the recycle hook has seen them). Closing twice does
    /// nothing more. An acquisition that is already creating its object still gets it.
    pub fn close(&self) {
        self.shared.depot.close();
        self.shared.depot.trim(0);
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.depot.is_closed()
    }

    /// What the pool holds and did, at one moment. Takes the pool's lock.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.depot.stats()
    }

    fn deadline(&self, timeout: Duration) -> Deadline {
        Deadline::after(self.shared.depot.clock(), timeout)
    }

    #[inline]
    fn try_take(&self) -> Result<Slot<T>, AcquireError> {
        let taken = self.shared.depot.try_take_or_reserve(1)?;
        self.slot_of(taken)
    }

    fn take(&self, deadline: Deadline) -> Result<Slot<T>, AcquireError> {
        let depot = &self.shared.depot;
        let taken = depot.wait_for(deadline, || depot.try_take_or_reserve(1))?;
        self.slot_of(taken)
    }

    #[inline]
    fn slot_of(&self, taken: Taken<'_, Slot<T>>) -> Result<Slot<T>, AcquireError> {
        match taken {
            Taken::Item(slot) => Ok(slot),
            Taken::Room(room) => {
                let slot = Slot::try_new(&self.shared.create)?;
                room.fill_out();
                Ok(slot)
            }
        }
    }

    /// Takes an object back from its guard.
    #[inline]
    pub(super) fn release(&self, slot: Slot<T>) {
        let depot = &self.shared.depot;
        let refused = match &self.shared.recycle {
            None => depot.put(slot),
            Some(recycle) => {
                // Before the slot, and so dropped after it: an object is gone before its place is free.
                let leaving = depot.leaving(1, End::Discarded);
                let mut slot = slot;
                match recycle(slot.get_mut()) {
                    Recycle::Discard => return,
                    Recycle::Keep => leaving.stay(),
                }
                depot.put(slot)
            }
        };
        if let Err(slot) = refused {
            depot.discard(slot);
        }
    }

    /// Lets an object go for good. Its place is free before the caller has it.
    pub(super) fn detach(&self, slot: Slot<T>) -> T {
        drop(self.shared.depot.leaving(1, End::Detached));
        slot.into_inner()
    }
}

impl<T> Clone for ObjectPool<T> {
    /// Another handle to the same pool.
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for ObjectPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectPool").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
