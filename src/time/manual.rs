use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread, ThreadId};
use std::time::Duration;

use parking_lot::Mutex;

use super::Instant;

/// A clock that stands still until it is moved, for tests that must not sleep.
///
/// It starts at zero. Clones are handles to one clock. Threads that wait on a deadline of this clock are woken by
/// [`advance`](Self::advance); [`sleepers`](Self::sleepers) tells a test when they have arrived.
///
/// ```
/// use bedplate::time::Manual;
/// use std::time::Duration;
///
/// let clock = Manual::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(1));
/// assert_eq!(clock.now() - before, Duration::from_secs(1));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Manual(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    nanos: AtomicU64,
    /// The clock's own list of wakers, so that it needs nothing of the waiting layer above it.
    sleepers: Mutex<Vec<Thread>>,
}

impl Manual {
    /// A clock at zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Instant {
        // Acquire pairs with the AcqRel in `advance`: who sees the new time sees what was done before it was set.
        Instant::from_nanos(self.0.nanos.load(Ordering::Acquire))
    }

    /// Moves the clock `by` forward, saturating, and wakes every thread that sleeps on it.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        // The closure always returns Some, so this cannot fail. AcqRel pairs with the Acquire in `now`.
        let _ = self.0.nanos.fetch_update(Ordering::AcqRel, Ordering::Acquire, |t| Some(t.saturating_add(by)));
        // A sleeper registers under this lock before it looks at the time: it either reads the new time there or is
        // in the list here.
        for sleeper in self.0.sleepers.lock().iter() {
            sleeper.unpark();
        }
    }

    /// How many threads wait on a deadline of this clock right now.
    #[must_use]
    pub fn sleepers(&self) -> usize {
        self.0.sleepers.lock().len()
    }

    /// Parks the calling thread until it is unparked or the clock moves, unless `at` has come already. May return
    /// early; callers look again.
    #[cfg_attr(not(feature = "sync"), allow(dead_code))]
    pub(crate) fn park_until(&self, at: Instant) {
        let registration = Registration::new(self);
        if self.now() < at {
            thread::park();
        }
        drop(registration);
    }
}

/// Keeps the calling thread in the list of sleepers while it lives.
struct Registration<'a> {
    clock: &'a Manual,
    thread: ThreadId,
}

impl<'a> Registration<'a> {
    fn new(clock: &'a Manual) -> Self {
        let thread = thread::current();
        let id = thread.id();
        clock.0.sleepers.lock().push(thread);
        Self { clock, thread: id }
    }
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        let mut sleepers = self.clock.0.sleepers.lock();
        if let Some(at) = sleepers.iter().position(|t| t.id() == self.thread) {
            sleepers.swap_remove(at);
        }
    }
}
