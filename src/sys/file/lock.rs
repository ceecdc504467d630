use std::io;
use std::os::fd::AsFd;

use rustix::fs::{self, FlockOperation};
use rustix::io::{Errno, retry_on_intr};

/// Takes the whole-file lock unless another open file description holds it.
pub(crate) fn try_lock(file: impl AsFd) -> io::Result<bool> {
    match retry_on_intr(|| fs::flock(&file, FlockOperation::NonBlockingLockExclusive)) {
        Ok(()) => Ok(true),
        Err(Errno::WOULDBLOCK) => Ok(false),
        Err(e) => Err(e.into()),
    }
}
