use crate::primitive::{park_timeout, thread};
use crate::time::{Clock, Deadline};

/// Parks the calling thread until it is unparked or the deadline comes. May return early; callers look again.
pub(crate) fn park_until(clock: &Clock, deadline: Deadline) {
    match (deadline.instant(), clock) {
        (None, _) => thread::park(),
        (Some(at), Clock::Manual(manual)) => manual.park_until(at),
        (Some(at), clock) => {
            let left = at - clock.now();
            if !left.is_zero() {
                park_timeout(left);
            }
        }
    }
}
