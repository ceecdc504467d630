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
    /// These CPUs have numbers beyond what Linux can be built for: they were left out.
    TooMany {
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
    /// The distances of a node are not one for each node that is online: they were left out.
    NoDistances {
        /// The node's number.
        node: usize,
    },
    /// None of the CPUs that the process of the tree may use is online: all were taken.
    NoAllowedCpus,
    /// Nothing tells which memory nodes the process may use, or none of them has memory: all that have were taken.
    NoAllowedNodes,
    /// A file is there and cannot be read. It was taken for missing.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        kind: io::ErrorKind,
    },
    /// A file that should hold a set of CPUs or nodes does not. It was taken for missing.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ParseSetError,
    },
    /// A file that should hold a quota of CPU time does not. It was taken for no limit.
    NoQuota {
        /// The file.
        path: PathBuf,
        /// How its text begins.
        text: String,
    },
    /// More files are there and cannot be used; only the first ones are named.
    MoreFiles {
        /// How many more.
        count: usize,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOnline => f.write_str("no list of online CPUs: took those this thread may use"),
            Self::Contradicted { cpus } => write!(f, "CPUs {cpus} are usable though not listed as online: added them"),
            Self::TooMany { cpus } => write!(f, "CPUs {cpus} are more than Linux can have: left them out"),
            Self::NoTopology { cpus } => {
                write!(f, "no topology of CPUs {cpus}: took each for a core of its own, in the first package")
            }
            Self::NoNodes => f.write_str("no memory nodes: assumed one with all CPUs and all memory"),
            Self::NoNode { cpus } => write!(f, "CPUs {cpus} are in no memory node: added them to the first"),
            Self::NoMemory { node } => write!(f, "the memory of node {node} is not known: took it for none"),
            Self::NoDistances { node } => {
                write!(f, "the distances of node {node} are not one for each node: left them out")
            }
            Self::NoAllowedCpus => f.write_str("none of the CPUs that may be used is online: took all"),
            Self::NoAllowedNodes => {
                f.write_str("no memory node is known to be one that may be used: took all that have memory")
            }
            Self::Unreadable { path, kind } => write!(f, "{} cannot be read: {kind}", path.display()),
            Self::NoQuota { path, text } => write!(f, "{} holds no quota of CPU time: `{text}`", path.display()),
            Self::Malformed { path, error } => write!(f, "{} is not understood: {error}", path.display()),
            Self::MoreFiles { count } => write!(f, "{count} more files cannot be read or are not understood"),
        }
    }
}
