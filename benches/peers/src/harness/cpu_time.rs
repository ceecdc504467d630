use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// CPU time that all threads of the process have taken, those that have ended included.
pub fn process_cpu() -> Duration {
    read(ClockId::ProcessCPUTime)
}

/// CPU time that the calling thread has taken.
pub fn thread_cpu() -> Duration {
    read(ClockId::ThreadCPUTime)
}

fn read(clock: ClockId) -> Duration {
    Duration::try_from(clock_gettime(clock)).expect("CPU time is not negative")
}
