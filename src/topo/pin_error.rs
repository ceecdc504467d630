use std::error::Error;
use std::fmt;
use std::io;

use super::CpuSet;

/// The calling thread could not be pinned; its affinity is what it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum PinError {
    /// The set is empty.
    Empty,
    /// None of these CPUs, which are all that were asked for, is online and allowed for this thread's control group.
    NotAllowed {
        /// The CPUs that are not allowed.
        cpus: CpuSet,
    },
    /// The kernel refused for another reason, such as a system call filter.
    System(io::Error),
}

impl fmt::Display for PinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a thread cannot be pinned to no CPU"),
            Self::NotAllowed { cpus } if cpus.len() == 1 => write!(f, "CPU {cpus} is not allowed or not online"),
            Self::NotAllowed { cpus } => write!(f, "CPUs {cpus} are not allowed or not online"),
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
