use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

/// Runs a program to its end; `None` where it takes longer than `limit`, and is ended.
pub fn run_bounded(mut command: Command, limit: Duration) -> io::Result<Option<ExitStatus>> {
    wait_bounded(&mut command.spawn()?, limit)
}

/// Waits for the end of a child; `None` where it takes longer than `limit`, and is ended.
///
/// Sleeps until then: a parent that looked now and then would take time from a child that is measured.
pub fn wait_bounded(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let ended = wait_for_end(child, limit);
    if !matches!(ended, Ok(true)) {
        child.kill()?;
    }
    // Also where it was ended, so that it does not stay as a zombie.
    let status = child.wait()?;
    Ok(ended?.then_some(status))
}

fn wait_for_end(child: &Child, limit: Duration) -> io::Result<bool> {
    readable_within(&pidfd_open(Pid::from_child(child), PidfdFlags::empty())?, limit)
}

/// Waits until there is something to read; `false` where there is nothing within `limit`.
pub fn readable_within(descriptor: &impl AsFd, limit: Duration) -> io::Result<bool> {
    let start = Instant::now();
    loop {
        let left = Timespec::try_from(limit.saturating_sub(start.elapsed())).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
