use std::time::Duration;

use crate::primitive::{park_timeout, spin_loop, thread};

/// How often a thread looks again before it yields, then yields before it sleeps. What it waits for takes some 100 ns
/// unless the other thread is preempted. Under loom it sleeps at once.
const SPINS: u32 = if cfg!(bedplate_loom) { 0 } else { 32 };
const YIELDS: u32 = if cfg!(bedplate_loom) { 0 } else { 16 };

/// Who has yielded in vain sleeps so long, then twice as long, up to the second.
const FIRST_SLEEP: Duration = Duration::from_micros(20);
const LONGEST_SLEEP: Duration = Duration::from_millis(1);

/// Waits for another thread's few instructions to end, where that thread is to wake nobody.
#[derive(Debug)]
pub(crate) struct Patience {
    turns: u32,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { turns: 0 }
    }

    /// Waits a moment, each time longer than the last.
    pub(crate) fn pause(&mut self) {
        match self.turns {
            turn if turn < SPINS => spin_loop(),
            turn if turn < SPINS + YIELDS => thread::yield_now(),
            turn => park_timeout((FIRST_SLEEP * 2_u32.pow((turn - SPINS - YIELDS).min(8))).min(LONGEST_SLEEP)),
        }
        self.turns = self.turns.saturating_add(1);
    }

    /// Whether the next pause is no sleep yet.
    pub(crate) fn lasts(&self) -> bool {
        self.turns < SPINS + YIELDS
    }
}
