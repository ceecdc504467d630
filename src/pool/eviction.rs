use std::time::Duration;

use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::time::Clock;

/// When a pool looks for objects that nobody needed.
#[derive(Debug)]
pub(super) struct Eviction {
    period: Duration,
    /// The end of the period that runs, on the pool's clock.
    due: AtomicU64,
}

impl Eviction {
    pub(super) fn new(period: Duration, clock: &Clock) -> Self {
        Self { period, due: AtomicU64::new((clock.now() + period).as_nanos()) }
    }

    /// Whether a period has ended, told to one of the threads that ask; begins the next.
    pub(super) fn is_due(&self, clock: &Clock) -> bool {
        let now = clock.now();
        // Relaxed, here and below: the word orders nothing but itself.
        let due = self.due.load(Ordering::Relaxed);
        let next = (now + self.period).as_nanos();
        now.as_nanos() >= due && self.due.compare_exchange(due, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
