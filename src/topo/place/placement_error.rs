use std::error::Error;
use std::fmt;
use std::io;

use crate::topo::CpuSet;

/// There is no such plan.
#[derive(Debug)]
#[non_exhaustive]
pub enum PlacementError {
    /// No CPU is left that the placement may use.
    NoCpus {
        /// The CPUs that the topology says are allowed.
        allowed: CpuSet,
    },
    /// More workers than places, and the placement is [exclusive](super::Placement::exclusive).
    TooMany {
        /// How many workers were asked for.
        workers: usize,
        /// How many there are places for.
        places: usize,
    },
    /// The machine has no memory node with this number.
    NoSuchNode {
        /// The number asked for.
        node: usize,
    },
    /// The machine has fewer kinds of cores.
    NoSuchKind {
        /// The index asked for.
        index: usize,
        /// How many kinds there are.
        kinds: usize,
    },
    /// No CPU of this set may be used.
    NotAllowed {
        /// The index of the set.
        set: usize,
        /// The set.
        cpus: CpuSet,
    },
    /// It cannot be told where the device is.
    Device {
        /// Its name.
        name: String,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for PlacementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCpus { allowed } => {
                write!(f, "no CPU is left to place workers on, of the allowed CPUs `{allowed}`")
            }
            Self::TooMany { workers, places } => write!(f, "{workers} workers and {places} places for them"),
            Self::NoSuchNode { node } => write!(f, "there is no memory node {node}"),
            Self::NoSuchKind { index, kinds } => write!(f, "there is no kind of cores {index}, of {kinds}"),
            Self::NotAllowed { set, cpus } => write!(f, "no CPU of set {set}, `{cpus}`, may be used"),
            Self::Device { name, error } => write!(f, "where the device `{name}` is cannot be told: {error}"),
        }
    }
}

impl Error for PlacementError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Device { error, .. } => Some(error),
            _ => None,
        }
    }
}
