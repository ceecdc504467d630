use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{CpuSet, ParseSetError};

/// Something that [`Topology`](super::Topology) could not read, and what it assumed instead.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Nothing tells which CPUs are online: those the thread may use were taken.
    NoOnline,
    /// The thread may use these CPUs, although they are not among those said to be online. They were added.
    Contradicted {
        /// The CPUs in question.
        cpus: CpuSet,
    },
    /// Nothing tells the cores and packages of these CPUs: each was taken for a core of its own, in the first package.
    NoTopology {
        /// The CPUs in question.
        cpus: CpuSet,
    },
    /// There are no memory nodes: one was assumed, with all CPUs and all memory.
    NoNodes,
    /// These CPUs are in no memory node: they were added to the first.
    NoNode {
        /// The CPUs in question.
        cpus: CpuSet,
    },
    /// The memory of a node is not known: it was taken for none.
    NoMemory {
        /// The node's number.
        node: usize,
    },
    /// A file is there and cannot be read. It was taken for missing.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// A file that should hold a set of CPUs does not. It was taken for missing.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ParseSetError,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOnline => f.write_str("no list of online CPUs: took those this thread may use"),
            Self::Contradicted { cpus } => write!(f, "CPUs {cpus} are usable though not listed as online: added them"),
            Self::NoTopology { cpus } => {
                write!(f, "no topology of CPUs {cpus}: took each for a core of its own, in the first package")
            }
            Self::NoNodes => f.write_str("no memory nodes: assumed one with all CPUs and all memory"),
            Self::NoNode { cpus } => write!(f, "CPUs {cpus} are in no memory node: added them to the first"),
            Self::NoMemory { node } => write!(f, "the memory of node {node} is not known: took it for none"),
            Self::Unreadable { path, kind } => write!(f, "{} cannot be read: {kind}", path.display()),
            Self::Malformed { path, error } => write!(f, "{} is not understood: {error}", path.display()),
        }
    }
}
