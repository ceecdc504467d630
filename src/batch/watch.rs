use std::time::Duration;

use crate::primitive::{spin_loop, thread};
use crate::time::{Clock, Deadline};

/// How long a thread looks before it sleeps. To wake it costs the one who does it some 14 us, and itself a switch: by
/// staying awake as long it never costs more than twice what is best. Under loom it sleeps at once.
const AWAKE: Duration = if cfg!(bedplate_loom) { Duration::ZERO } else { Duration::from_micros(20) };
/// Looks with hints between them, before it yields between them.
const LOOKS: u32 = 16;
const HINTS: u32 = 16;

/// Looks for a moment whether `hint` comes true, and tells.
pub(super) fn watch(hint: impl Fn() -> bool) -> bool {
    watch_until(&Clock::Monotonic, Deadline::after(&Clock::Monotonic, AWAKE), hint)
}

/// Looks until `end` whether `hint` comes true, and tells.
pub(super) fn watch_until(clock: &Clock, end: Deadline, hint: impl Fn() -> bool) -> bool {
    let mut look = 0;
    loop {
        if hint() {
            return true;
        }
        if end.is_past(clock) {
            return false;
        }
        if look < LOOKS {
            look += 1;
            (0..HINTS).for_each(|_| spin_loop());
        } else {
            thread::yield_now();
        }
    }
}
