//! The barrier that one thread runs on behalf of all: `membarrier(2)`.

use std::io;

use rustix::thread::{MembarrierCommand, membarrier};

/// Announces that this process will call [`barrier`]. Refused before Linux 4.14, and where a filter of system calls says so.
pub(crate) fn register() -> io::Result<()> {
    Ok(membarrier(MembarrierCommand::RegisterPrivateExpedited)?)
}

/// Runs a full memory barrier on every thread of the process that is running, and on this one. For threads that are not
/// running, the switch away from them was one.
pub(crate) fn barrier() -> io::Result<()> {
    Ok(membarrier(MembarrierCommand::PrivateExpedited)?)
}
