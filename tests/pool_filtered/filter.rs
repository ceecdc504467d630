//! A filter of system calls that refuses `membarrier`, as sandboxes do.

use std::io;

pub use crate::seccomp::On;
use crate::seccomp::{Rule, refuse_with};

/// From now on `membarrier` fails with `EPERM`. An error where filters cannot be put on.
pub fn refuse_membarrier(on: On) -> io::Result<()> {
    refuse_with(&[Rule::call(libc::SYS_membarrier)], libc::EPERM, on)
}

/// Whether `membarrier` is there and allowed.
pub fn has_membarrier() -> bool {
    /// `MEMBARRIER_CMD_QUERY` (`linux/membarrier.h`), which does nothing.
    const QUERY: i32 = 0;
    // SAFETY: takes numbers only.
    unsafe { libc::syscall(libc::SYS_membarrier, QUERY, 0, 0) >= 0 }
}
