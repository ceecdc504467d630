use std::time::Duration;

use bumpalo::Bump;

use super::{ArenaPool, ObjectPool, Recycle};
use crate::time::Clock;

/// The bound where the builder was told none.
const DEFAULT_MAX: usize = 64;

/// What an idle arena may keep where the builder was told nothing: with the default bound, 64 MiB in all.
const DEFAULT_RETAIN_LIMIT: usize = 1 << 20;

/// The options of an [`ArenaPool`]; begun by [`ArenaPool::builder`].
#[derive(Clone, Debug)]
#[must_use = "call `build` to have the pool"]
pub struct ArenaPoolBuilder {
    max: usize,
    retain_limit: usize,
    idle_timeout: Option<Duration>,
    clock: Clock,
}

impl Default for ArenaPoolBuilder {
    fn default() -> Self {
        Self { max: DEFAULT_MAX, retain_limit: DEFAULT_RETAIN_LIMIT, idle_timeout: None, clock: Clock::default() }
    }
}

impl ArenaPoolBuilder {
    /// At most this many arenas live at a time: 64 where it is not told.
    pub fn max(mut self, arenas: usize) -> Self {
        self.max = arenas;
        self
    }

    /// An arena that keeps more than this many bytes after its reset is dropped instead of kept idle: 1 MiB where it is
    /// not told. The pool's idle memory is at most this times the bound. With 0 no arena keeps memory.
    pub fn retain_limit(mut self, bytes: usize) -> Self {
        self.retain_limit = bytes;
        self
    }

    /// Lets idle arenas go that nobody needs, as [`ObjectPoolBuilder::idle_timeout`](super::ObjectPoolBuilder::idle_timeout)
    /// tells: never where it is not told.
    pub fn idle_timeout(mut self, period: Duration) -> Self {
        self.idle_timeout = Some(period);
        self
    }

    /// The clock that deadlines and idle periods are told by: the monotonic one where it is not told.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// The pool, without any arena in it.
    ///
    /// # Panics
    ///
    /// If the bound or the idle timeout is 0.
    #[must_use]
    pub fn build(self) -> ArenaPool {
        let retain_limit = self.retain_limit;
        let mut arenas = ObjectPool::builder(Bump::new).max(self.max).clock(self.clock);
        if let Some(period) = self.idle_timeout {
            arenas = arenas.idle_timeout(period);
        }
        let arenas = arenas
            .recycle(move |arena: &mut Bump| {
                // After the reset: what counts is the largest chunk, which the arena keeps, not what the last user took.
                arena.reset();
                if arena.allocated_bytes() <= retain_limit { Recycle::Keep } else { Recycle::Discard }
            })
            .build();
        ArenaPool::new(arenas)
    }
}
