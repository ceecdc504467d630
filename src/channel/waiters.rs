use std::sync::OnceLock;

use crate::primitive::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::primitive::spin_loop;
use crate::sync::EventCount;
use crate::time::{Clock, Deadline};

/// Tries before parking. A peer that is running comes around within some hundred nanoseconds, a park and its wake-up
/// take some microseconds: so many tries cost about as much as the park they may save.
const SPINS: usize = if cfg!(bedplate_loom) { 0 } else { 64 };

/// The threads that wait at one side of a channel.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    event: EventCount,
    /// Threads in `wait` that have nothing left but to park; for statistics only.
    parked: AtomicUsize,
    /// How often a thread parked; for statistics only.
    parks: AtomicU64,
}

impl Waiters {
    /// Wakes up to `n` of them. The queue must have changed before.
    #[inline]
    pub(super) fn notify(&self, n: usize) {
        self.event.notify(n);
    }

    /// Wakes all of them. The queue must have changed before.
    pub(super) fn notify_all(&self) {
        self.event.notify_all();
    }

    pub(super) fn parked(&self) -> usize {
        // Relaxed: a figure.
        self.parked.load(Ordering::Relaxed)
    }

    pub(super) fn parks(&self) -> u64 {
        // Relaxed: a figure.
        self.parks.load(Ordering::Relaxed)
    }

    /// Repeats `attempt` until it is through or the deadline of `clock` is past: spins for a moment, then parks between
    /// two attempts. An attempt that is not through gives back what it needs for the next one.
    pub(super) fn wait<S, R>(
        &self,
        clock: &Clock,
        deadline: Deadline,
        mut state: S,
        mut attempt: impl FnMut(S) -> Result<R, S>,
    ) -> Result<R, S> {
        for _ in 0..spins() {
            spin_loop();
            match attempt(state) {
                Ok(result) => return Ok(result),
                Err(back) => state = back,
            }
        }
        loop {
            let listener = self.event.listen();
            // A change before `listen` is seen here, a later one notifies the listener. Where this attempt is through,
            // the listener passes on a notification it may have had.
            match attempt(state) {
                Ok(result) => return Ok(result),
                Err(back) => state = back,
            }
            // Relaxed: a figure.
            self.parks.fetch_add(1, Ordering::Relaxed);
            let parked = Parked::new(&self.parked);
            let notified = listener.wait_until(clock, deadline);
            drop(parked);
            match attempt(state) {
                Ok(result) => return Ok(result),
                Err(back) if !notified => return Err(back),
                Err(back) => state = back,
            }
        }
    }
}

/// How often to try before parking: with one CPU whoever is waited for cannot run meanwhile.
fn spins() -> usize {
    // `available_parallelism` reads the cgroup's files, too much for each wait.
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| if std::thread::available_parallelism().is_ok_and(|n| n.get() > 1) { SPINS } else { 0 })
}

/// Counts the calling thread as parked while it lives.
struct Parked<'a>(&'a AtomicUsize);

impl<'a> Parked<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        // Relaxed, here and below: a figure.
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
