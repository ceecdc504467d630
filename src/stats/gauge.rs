use crate::primitive::atomic::{AtomicI64, Ordering};
use crate::sync::CachePadded;

/// A level that rises and falls, and the highest it ever reached.
///
/// A level that can be [`set`](Self::set) cannot be split over threads, so all writers share one cache line. Where
/// many threads write at once, count ups and downs with two [`Counter`](super::Counter)s instead. Wraps around past
/// the ends of `i64`.
///
/// ```
/// use bedplate::stats::Gauge;
///
/// let open = Gauge::new();
/// open.add(3);
/// open.add(-2);
/// assert_eq!((open.get(), open.max()), (1, 3));
/// ```
#[derive(Debug, Default)]
pub struct Gauge {
    level: CachePadded<AtomicI64>,
    /// On a line of its own, which all writers may hold at once while the level stays below it.
    max: CachePadded<AtomicI64>,
}

impl Gauge {
    /// A gauge at zero, which is also its highest level so far.
    #[must_use]
    pub fn new() -> Self {
        Self { level: CachePadded::new(AtomicI64::new(0)), max: CachePadded::new(AtomicI64::new(0)) }
    }

    /// Sets the level.
    #[inline]
    pub fn set(&self, level: i64) {
        // Relaxed, here and below: a level orders nothing.
        self.level.store(level, Ordering::Relaxed);
        self.raise(level);
    }

    /// Adds `by`, which may be negative, and returns the level it led to.
    #[inline]
    pub fn add(&self, by: i64) -> i64 {
        let level = self.level.fetch_add(by, Ordering::Relaxed).wrapping_add(by);
        self.raise(level);
        level
    }

    /// The level.
    #[inline]
    #[must_use]
    pub fn get(&self) -> i64 {
        self.level.load(Ordering::Relaxed)
    }

    /// The highest level that a finished write has led to, and at least zero.
    #[inline]
    #[must_use]
    pub fn max(&self) -> i64 {
        self.max.load(Ordering::Relaxed)
    }

    #[inline]
    fn raise(&self, level: i64) {
        // The load spares the second read-modify-write at every level but a new highest.
        if level > self.max.load(Ordering::Relaxed) {
            self.max.fetch_max(level, Ordering::Relaxed);
        }
    }
}
