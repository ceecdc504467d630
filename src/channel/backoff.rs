use std::cell::Cell;
use std::time::{Duration, Instant};

use super::Wait;
use crate::primitive::{spin_loop, thread};

/// How long a wait spins: a peer that is at work comes around within it. In time and not in steps, since a pause of the
/// CPU is 10 cycles on one and 140 on another. Throughput does not depend on it: two threads took 24.7 to 26.7 ns an item
/// with 0.2, 2 and 10 µs, 2026-11-21.
const SPIN: Duration = Duration::from_micros(2);

/// The longest time between two tries. Each takes a cache line from the very thread that is waited for, so they become
/// rarer; what is lost by coming late is at most this.
const STEP: Duration = Duration::from_nanos(250);

/// How long a wait gives up its time slice again and again before it parks. About what it takes until a parked thread
/// runs again, which on a virtual machine is some ten microseconds: with less, two threads may get into step, so that
/// each parks before the other has woken. In time and not in turns, since a time slice that nobody wants comes back
/// within 0.3 µs, while one that others use is time in which the wait may end.
///
/// Batches of 32 between two threads, ns an item for 0, 10, 25, 50 and 100 µs, 2026-11-21: 23.5, 4.5, 4.4, 4.3, 4.8; four
/// senders and four receivers of single items on one CPU: 21.7, 22.0, 22.2, 21.9, 21.1.
const YIELD: Duration = Duration::from_micros(25);

/// Under loom and shuttle, which have no time, and for which each try is a path of its own.
pub(super) const MODELLED: bool = cfg!(any(bedplate_loom, bedplate_shuttle));

/// The way from a try that failed to a park.
#[derive(Debug)]
pub(super) struct Backoff {
    wait: Wait,
    spinning: bool,
    /// Pauses of the CPU before the next try.
    pauses: u32,
    /// When it began to spin, and what of the time since is used; from the second try on.
    spun: Option<(Instant, Duration)>,
    /// Since when it gives up its time slice.
    yielding: Option<Instant>,
}

impl Backoff {
    pub(super) fn new(wait: Wait) -> Self {
        let spinning = !MODELLED && wait != Wait::Park && has_company();
        Self { wait, spinning, pauses: 1, spun: None, yielding: None }
    }

    /// Lets a moment pass before the next try; `false`, at once, where it is time to park.
    pub(super) fn pause(&mut self) -> bool {
        if self.spinning {
            self.spin();
            return true;
        }
        let more = match self.wait {
            Wait::Spin => true,
            Wait::SpinThenPark => !MODELLED && self.may_yield(),
            Wait::Park => false,
        };
        if more {
            thread::yield_now();
        }
        more
    }

    fn may_yield(&mut self) -> bool {
        self.yielding.get_or_insert_with(Instant::now).elapsed() < YIELD
    }

    fn spin(&mut self) {
        (0..self.pauses).for_each(|_| spin_loop());
        let (since, before) = *self.spun.get_or_insert_with(|| (Instant::now(), Duration::ZERO));
        let used = since.elapsed();
        if 2 * (used - before) <= STEP {
            self.pauses *= 2;
        }
        self.spun = Some((since, used));
        self.spinning = used < SPIN;
    }
}

/// Whether the calling thread may run on more than one CPU: on a single one, whoever is waited for cannot run while
/// this thread spins.
fn has_company() -> bool {
    /// Waits for which an answer stands. To ask takes 13 µs, for the affinity of the thread and the quota of its
    /// cgroup; both change seldom, and mostly before the first wait.
    const FRESH: u32 = 1 << 14;

    thread_local! {
        /// The answer, and how many more waits it stands for.
        static ANSWER: Cell<(bool, u32)> = const { Cell::new((false, 0)) };
    }

    let (company, left) = ANSWER.get();
    if left > 0 {
        ANSWER.set((company, left - 1));
        return company;
    }
    let company = std::thread::available_parallelism().is_ok_and(|n| n.get() > 1);
    ANSWER.set((company, FRESH));
    company
}
