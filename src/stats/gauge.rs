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
    cells: CachePadded<Cells>,
}

/// Both on one line: a write that raises the level touches the two of them.
#[derive(Debug, Default)]
struct Cells {
    level: AtomicI64,
    max: AtomicI64,
}

impl Gauge {
    /// A gauge at zero, which is also its highest level so far.
    #[must_use]
    pub fn new() -> Self {
        Self { cells: CachePadded::new(Cells { level: AtomicI64::new(0), max: AtomicI64::new(0) }) }
    }

    /// Sets the level.
    pub fn set(&self, level: i64) {
        // Relaxed, here and below: a level orders nothing.
        self.cells.level.store(level, Ordering::Relaxed);
        self.raise(level);
    }

    /// Adds `by`, which may be negative, and returns the level it led to.
    pub fn add(&self, by: i64) -> i64 {
        let level = self.cells.level.fetch_add(by, Ordering::Relaxed).wrapping_add(by);
        self.raise(level);
        level
    }

    /// The level.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.cells.level.load(Ordering::Relaxed)
    }

    /// The highest level that a finished write has led to, and at least zero.
    #[must_use]
    pub fn max(&self) -> i64 {
        self.cells.max.load(Ordering::Relaxed)
    }

    fn raise(&self, level: i64) {
        // The load spares the second read-modify-write at every level but a new highest.
        if level > self.cells.max.load(Ordering::Relaxed) {
            self.cells.max.fetch_max(level, Ordering::Relaxed);
        }
    }
}
