use std::ops::Deref;

use bumpalo::Bump;

use super::Pooled;

/// An arena on loan from an [`ArenaPool`](super::ArenaPool); reset and given back when dropped, on any thread.
///
/// What is allocated in it borrows the guard. The guard may be sent to another thread while nothing does, and cannot be
/// shared: an arena has one user at a time.
///
/// ```compile_fail,E0277
/// # use bedplate::pool::ArenaPool;
/// let pool = ArenaPool::builder().build();
/// let arena = pool.acquire().unwrap();
/// std::thread::scope(|s| {
///     s.spawn(|| { arena.alloc(1); });
/// });
/// ```
#[derive(Debug)]
#[must_use = "the arena goes back to its pool when the guard is dropped"]
pub struct ArenaGuard<'a> {
    arena: Pooled<'a, Bump>,
}

impl<'a> ArenaGuard<'a> {
    #[inline]
    pub(super) fn new(arena: Pooled<'a, Bump>) -> Self {
        Self { arena }
    }
}

/// Only shared access: a reset by hand would be the pool's business, and no allocation needs more.
impl Deref for ArenaGuard<'_> {
    type Target = Bump;

    #[inline]
    fn deref(&self) -> &Bump {
        &self.arena
    }
}
