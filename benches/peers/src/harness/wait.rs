use std::hint;
use std::thread;
use std::time::{Duration, Instant};

/// What a thread does when it finds nothing: 64 spins, then a yield at a time.
///
/// The same for every contender whose calls do not wait themselves, since a figure can be made of the policy alone.
#[derive(Debug, Default)]
pub struct Wait {
    spins: u32,
    yields: u32,
    since: Option<Instant>,
}

impl Wait {
    /// Spins before the first yield.
    const SPINS: u32 = 64;
    /// Without progress for so long, something was lost.
    const LIMIT: Duration = Duration::from_secs(30);

    /// A wait that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits a little.
    ///
    /// # Panics
    ///
    /// After 30 seconds without [`progress`](Self::progress): a contender that loses an element fails, and does not
    /// hang.
    #[inline]
    pub fn pause(&mut self) {
        if self.spins < Self::SPINS {
            self.spins += 1;
            hint::spin_loop();
        } else {
            self.yield_now();
        }
    }

    /// There was something: the next wait begins anew.
    #[inline]
    pub fn progress(&mut self) {
        self.spins = 0;
        self.yields = 0;
    }

    #[cold]
    fn yield_now(&mut self) {
        if self.yields == 0 {
            self.since = None;
        }
        self.yields = self.yields.wrapping_add(1);
        if self.yields.is_multiple_of(1024) {
            let since = *self.since.get_or_insert_with(Instant::now);
            assert!(since.elapsed() < Self::LIMIT, "no progress for {:?}: an element was lost", Self::LIMIT);
        }
        thread::yield_now();
    }
}
