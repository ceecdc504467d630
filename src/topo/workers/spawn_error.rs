use std::error::Error;
use std::fmt;
use std::io;

use crate::topo::{PinError, PolicyError};

/// A [`WorkerSet`](super::WorkerSet) could not be started. None of its threads is left, and none of them ran the caller's
/// closure.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// A thread could not be spawned, as where the limit of threads or of memory is reached, or it panicked before it
    /// began.
    Thread {
        /// The worker's number.
        worker: usize,
        /// What the system said.
        error: io::Error,
    },
    /// A worker did not get all of its CPUs, which were required.
    Pin {
        /// The worker's number.
        worker: usize,
        /// Why. Where it got some, the CPUs that it did not get are not allowed.
        error: PinError,
    },
    /// A worker did not get its memory policy, which was required.
    Memory {
        /// The worker's number.
        worker: usize,
        /// Why.
        error: PolicyError,
    },
}

impl SpawnError {
    /// The number of the worker that could not be started; the lowest where there are several.
    #[must_use]
    pub fn worker(&self) -> usize {
        match self {
            Self::Thread { worker, .. } | Self::Pin { worker, .. } | Self::Memory { worker, .. } => *worker,
        }
    }
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread { worker, error } => write!(f, "worker {worker} could not be started: {error}"),
            Self::Pin { worker, error } => write!(f, "worker {worker} could not be pinned: {error}"),
            Self::Memory { worker, error } => write!(f, "worker {worker} did not get its memory policy: {error}"),
        }
    }
}

impl Error for SpawnError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Thread { error, .. } => Some(error),
            Self::Pin { error, .. } => Some(error),
            Self::Memory { error, .. } => Some(error),
        }
    }
}
