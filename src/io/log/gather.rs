use std::time::Duration;

use crate::primitive::{spin_loop, thread};
use crate::time::Clock;

/// How often the others are let run: those that were just woken come back with their next record in that time.
///
/// Between two and four it made no difference (1.06 to 1.13 of independent writers at 8 threads, 2 CPUs, 2026-11-22), and
/// one was behind. Without, two groups take turns and each waits for the other's write: 0.79 to 0.94.
const YIELDS: u32 = 2;

/// It was a mistake if it took longer: then whoever else runs on this CPU has work of his own to do.
const LONGEST: Duration = Duration::from_micros(200);

/// The most frames that are written without it after mistakes in a row.
const MOST_SKIPPED: u32 = 255;

/// Whether a thread that is about to write a frame lets other threads run before, so that they get their records into it.
///
/// It pays where those that waited for the frame before come back with the next record, and is found out by trying: an
/// attempt that gains no record or takes long has the next ones left out, twice as many each time.
#[derive(Debug, Default)]
pub(super) struct Gather {
    skip: u32,
    mistakes: u32,
}

impl Gather {
    /// Whether to try.
    pub(super) fn is_due(&mut self) -> bool {
        // loom explores every order without.
        if cfg!(bedplate_loom) {
            return false;
        }
        self.skip = self.skip.saturating_sub(1);
        self.skip == 0
    }

    /// Lets others run, and tells how long that took. Without the log's lock.
    pub(super) fn run() -> Duration {
        let start = Clock::Monotonic.now();
        (0..YIELDS).for_each(|_| thread::yield_now());
        Clock::Monotonic.now() - start
    }

    /// For how long those are looked for on other CPUs that were released with the one who looks: they are back within a
    /// microsecond or two, or have something else to do. At 8 threads 1.08 to 1.36 of independent writers with it, 0.96 to
    /// 1.05 without; at 2 threads 0.93 to 0.95 and 0.87 to 0.90 (2 CPUs, 2026-11-22).
    pub(super) const LOOK: Duration = Duration::from_micros(if cfg!(bedplate_loom) { 0 } else { 8 });

    /// Leaves them the lock for a moment, and tells how long that took.
    pub(super) fn look() -> Duration {
        let start = Clock::Monotonic.now();
        (0..16).for_each(|_| spin_loop());
        Clock::Monotonic.now() - start
    }

    /// Learns what came of it.
    pub(super) fn learn(&mut self, gained: bool, took: Duration) {
        self.mistakes = if gained && took <= LONGEST { 0 } else { (self.mistakes * 2 + 1).min(MOST_SKIPPED) };
        self.skip = self.mistakes + 1;
    }
}
