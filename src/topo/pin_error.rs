use std::error::Error;
use std::fmt;
use std::io;

use super::{CpuSet, Tid};

/// A thread could not be bound to CPUs; its affinity is what it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum PinError {
    /// The set is empty.
    Empty,
    /// None of these CPUs, which are all that were asked for, is online and allowed for the thread's control group.
    NotAllowed {
        /// The CPUs that are not allowed.
        cpus: CpuSet,
    },
    /// There is no such thread, or no longer.
    NoSuchThread {
        /// The thread that was asked for.
        thread: Tid,
    },
    /// The kernel refused for another reason: a system call filter, or a thread of another user.
    System(io::Error),
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a thread cannot be pinned to no CPU"),
            Self::NotAllowed { cpus } if cpus.len() == 1 => write!(f, "CPU {cpus} is not allowed or not online"),
            Self::NotAllowed { cpus } => write!(f, "CPUs {cpus} are not allowed or not online"),
            Self::NoSuchThread { thread } => write!(f, "there is no thread {thread}"),
            Self::System(error) => write!(f, "the kernel refused the affinity: {error}"),
        }
    }
}

impl Error for PinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for PinError {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
