use std::error::Error;
use std::fmt;
use std::io;

use crate::topo::NodeSet;

/// Memory could not be had as asked for. Unless a variant says otherwise, everything is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum PolicyError {
    /// The policy needs nodes, and names none.
    Empty,
    /// The region has no whole page in it.
    NoWholePage,
    /// These of the nodes do not exist, have no memory, or are not allowed for this thread's control group.
    NotAllowed {
        /// The nodes that cannot be had.
        nodes: NodeSet,
    },
    /// The number is above any that a [`NodeSet`] holds.
    NoSuchNode {
        /// The number.
        node: usize,
    },
    /// The kernel does not know this: it was built without nodes, is older than the policy, or a filter makes it look
    /// so.
    Unsupported,
    /// Pages that are there already are on other nodes, and could not be moved or were not to be. If they were to be,
    /// the rest was moved and the policy holds.
    Misplaced,
    /// The kernel refused for another reason, such as a system call filter.
    System(io::Error),
}

impl PolicyError {
    /// What the kernel said, where nodes are not to blame.
    pub(super) fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::Unsupported => Self::Unsupported,
            _ => Self::System(error),
        }
    }

    fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Empty | Self::NoWholePage | Self::NotAllowed { .. } | Self::NoSuchNode { .. } => {
                io::ErrorKind::InvalidInput
            }
            Self::Unsupported => io::ErrorKind::Unsupported,
            Self::Misplaced => io::ErrorKind::Other,
            Self::System(error) => error.kind(),
        }
    }
}

impl Clone for PolicyError {
    fn clone(&self) -> Self {
        match self {
            Self::Empty => Self::Empty,
            Self::NoWholePage => Self::NoWholePage,
            Self::NotAllowed { nodes } => Self::NotAllowed { nodes: nodes.clone() },
            Self::NoSuchNode { node } => Self::NoSuchNode { node: *node },
            Self::Unsupported => Self::Unsupported,
            Self::Misplaced => Self::Misplaced,
            Self::System(error) => Self::System(match error.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the policy needs nodes, and names none"),
            Self::NoWholePage => f.write_str("the region has no whole page in it"),
            Self::NotAllowed { nodes } if nodes.len() == 1 => {
                write!(f, "node {nodes} does not exist, has no memory, or is not allowed")
            }
            Self::NotAllowed { nodes } => write!(f, "nodes {nodes} do not exist, have no memory, or are not allowed"),
            Self::NoSuchNode { node } => write!(f, "node {node} does not exist"),
            Self::Unsupported => f.write_str("the kernel does not know this, or no memory nodes at all"),
            Self::Misplaced => f.write_str("pages that are there already are on other nodes"),
            Self::System(error) => write!(f, "the kernel refused: {error}"),
        }
    }
}

impl Error for PolicyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::System(error) => Some(error),
            _ => None,
        }
    }
}

/// Keeps the kind of what the kernel said; for nodes that cannot be had it is `InvalidInput`.
impl From<PolicyError> for io::Error {
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::System(error) => error,
            other => Self::new(other.kind(), other),
        }
    }
}
