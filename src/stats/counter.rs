use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::sync::{Sharded, Writers};

/// A count that many threads add to without sharing a cache line.
///
/// `add` is a load and a store in a cell that the calling thread alone writes. Such cells go to the threads that live
/// at one moment and use structures of this crate, up to twice the number of CPUs (4 at the least; 64 from 32 CPUs on,
/// and one for each CPU from 64 to 256 CPUs). Threads past that share a quarter as many further cells, with one atomic
/// addition each; so do thread-local destructors. What a thread added stays counted when it has ended, and the next
/// thread goes on in its cell.
///
/// A counter takes 128 bytes a cell, however many threads come and go: 768 bytes on 2 CPUs, 2.5 KiB on 8, 10 KiB on 32.
///
/// `get` sums the cells, and so sees every addition that happened before it, but is no single point in time while
/// others add. Wraps around past `u64::MAX`.
///
/// A signal handler that adds to the counter that the thread it interrupts is just adding to may undo one of the two.
///
/// ```
/// use bedplate::stats::Counter;
///
/// let hits = Counter::new();
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| (0..1_000).for_each(|_| hits.add(1)));
///     }
/// });
/// assert_eq!(hits.get(), 4_000);
/// ```
#[derive(Debug)]
pub struct Counter {
    cells: Sharded<AtomicU64>,
}

impl Default for Counter {
    fn default() -> Self {
        Self::new()
    }
}

impl Counter {
    /// A counter at zero.
    #[must_use]
    pub fn new() -> Self {
        Self { cells: Sharded::new(|| AtomicU64::new(0)) }
    }

    /// Adds `n`.
    #[inline]
    pub fn add(&self, n: u64) {
        match self.cells.own() {
            // Relaxed, here and below: the count orders nothing, and a reader that has to see an addition came after it
            // by other means.
            Some(cell) => Writers::One.add(cell, n, Ordering::Relaxed),
            None => self.add_elsewhere(n),
        }
    }

    #[cold]
    fn add_elsewhere(&self, n: u64) {
        let (cell, writers) = self.cells.find();
        writers.add(cell, n, Ordering::Relaxed);
    }

    /// The sum of all additions.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.cells.iter().fold(0, |sum, cell| sum.wrapping_add(cell.load(Ordering::Relaxed)))
    }
}
