use std::time::Duration;

use bumpalo::Bump;

use super::{AcquireError, ArenaGuard, ArenaPoolBuilder, ObjectPool, Stats};
use crate::time::Deadline;

/// Lends [bumpalo](bumpalo::Bump) arenas, reset for each user, and never lets more than a chosen number of them live.
///
/// An [`ArenaGuard`] gives its arena back when it is dropped. The arena is then reset, which frees everything allocated
/// in it at once and keeps its largest chunk for the next user; one that would keep more than the retain limit is
/// dropped instead, so that a single large task does not hold its memory for ever. The pool is a handle: a clone is
/// another handle to the same pool.
///
/// Values allocated in an arena are not dropped, only forgotten, so those that own memory or files of their own leak them.
///
/// Acquiring and releasing cost what they cost in an [`ObjectPool`]; the reset costs as much as freeing all but one of the
/// arena's chunks. A chunk is allocated by the arena, as needed: what happens where the allocator refuses is
/// told by [`Bump`] (`alloc` panics or aborts, `try_alloc` reports).
///
/// ```
/// use bedplate::pool::ArenaPool;
///
/// let pool = ArenaPool::builder().max(4).retain_limit(64 << 10).build();
/// let arena = pool.acquire()?;
/// let words: Vec<&str> = "a b c".split(' ').map(|w| &*arena.alloc_str(w)).collect();
/// assert_eq!(words, ["a", "b", "c"]);
/// drop(arena);
/// assert_eq!(pool.stats().idle, 1);
/// # Ok::<(), bedplate::pool::AcquireError>(())
/// ```
///
/// What is allocated in an arena does not outlive the guard:
///
/// ```compile_fail,E0505
/// # use bedplate::pool::ArenaPool;
/// let pool = ArenaPool::builder().build();
/// let arena = pool.acquire().unwrap();
/// let word = arena.alloc_str("gone");
/// drop(arena);
/// assert_eq!(word, "gone");
/// ```
#[derive(Clone, Debug)]
pub struct ArenaPool {
    arenas: ObjectPool<Bump>,
}

impl ArenaPool {
    /// Begins a pool of arenas.
    pub fn builder() -> ArenaPoolBuilder {
        ArenaPoolBuilder::default()
    }

    pub(super) fn new(arenas: ObjectPool<Bump>) -> Self {
        Self { arenas }
    }

    /// An empty arena. Does not wait.
    ///
    /// # Errors
    ///
    /// [`Exhausted`](AcquireError::Exhausted), [`Closed`](AcquireError::Closed), or
    /// [`Create`](AcquireError::Create) where the allocator refuses.
    #[inline]
    pub fn try_acquire(&self) -> Result<ArenaGuard<'_>, AcquireError> {
        self.arenas.try_acquire().map(ArenaGuard::new)
    }

    /// An empty arena, waiting for one to come back until `timeout` has passed.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    pub fn acquire_timeout(&self, timeout: Duration) -> Result<ArenaGuard<'_>, AcquireError> {
        self.arenas.acquire_timeout(timeout).map(ArenaGuard::new)
    }

    /// An empty arena, waiting for one to come back until `deadline` on the pool's clock.
    ///
    /// # Errors
    ///
    /// [`Timeout`](AcquireError::Timeout), [`Closed`](AcquireError::Closed), or [`Create`](AcquireError::Create).
    pub fn acquire_deadline(&self, deadline: Deadline) -> Result<ArenaGuard<'_>, AcquireError> {
        self.arenas.acquire_deadline(deadline).map(ArenaGuard::new)
    }

    /// An empty arena, waiting for one to come back without limit.
    ///
    /// # Errors
    ///
    /// [`Closed`](AcquireError::Closed) or [`Create`](AcquireError::Create).
    pub fn acquire(&self) -> Result<ArenaGuard<'_>, AcquireError> {
        self.arenas.acquire().map(ArenaGuard::new)
    }

    /// Drops idle arenas, those idle longest first, until at most `keep` are left; tells how many it dropped.
    pub fn trim(&self, keep: usize) -> usize {
        self.arenas.trim(keep)
    }

    /// Drops the arenas that nobody needed in the [idle period](ArenaPoolBuilder::idle_timeout) that has ended, if one has; tells
    /// how many it dropped.
    pub fn evict_idle(&self) -> usize {
        self.arenas.evict_idle()
    }

    /// Ends the pool: every later acquisition and all that wait are refused with [`AcquireError::Closed`]. Idle arenas
    /// are dropped now, those in use when they come back.
    pub fn close(&self) {
        self.arenas.close();
    }

    /// Whether [`close`](Self::close) was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.arenas.is_closed()
    }

    /// What the pool holds and did, at one moment; `discarded` counts also the arenas that had grown past the retain
    /// limit.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.arenas.stats()
    }
}
