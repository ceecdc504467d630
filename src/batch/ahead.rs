use std::time::Duration;

use crate::time::{Clock, Deadline};

/// How much earlier than a linger's end the batch thread asks to be woken: as late as the kernel has been. What is left
/// until the end it stays awake.
///
/// A timeout of an idle CPU comes 50 to 90 us late on the machine of the performance page, and twice that where the
/// host is busy.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ahead {
    /// The average lateness, of which the last one makes an eighth.
    late: Duration,
}

impl Ahead {
    /// No more than this, and than an eighth of the wait: it may be spent awake.
    const MOST: Duration = Duration::from_micros(200);
    const PART: u32 = 8;

    /// When to ask to be woken for `end`.
    pub(super) fn before(self, clock: &Clock, end: Deadline) -> Deadline {
        match (clock, end.instant()) {
            (Clock::Monotonic, Some(at)) => {
                let now = clock.now();
                let wait = at - now;
                Deadline::at(now + (wait - self.late.min(wait / Self::PART)))
            }
            // A clock that is moved by hand is never late, and a coarse one does not tell.
            _ => end,
        }
    }

    /// Takes notice of when the thread was woken that had asked for `asked`.
    pub(super) fn learn(&mut self, clock: &Clock, asked: Deadline) {
        if let (Clock::Monotonic, Some(at)) = (clock, asked.instant()) {
            let late = (clock.now() - at).min(Self::MOST);
            self.late = (self.late * (Self::PART - 1) + late) / Self::PART;
        }
    }
}
