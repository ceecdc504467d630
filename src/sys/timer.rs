//! How late the kernel may be with the timeouts of a thread.

use std::num::NonZeroU64;

use rustix::thread::set_current_timer_slack;

/// Has it be as early as it can for the calling thread, rather than gather timeouts of 50 us. Where it refuses, it
/// stays at that.
pub(crate) fn exact() {
    let _ = set_current_timer_slack(NonZeroU64::new(1));
}
