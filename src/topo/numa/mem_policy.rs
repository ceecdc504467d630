use std::fmt;
use std::io;
use std::str::FromStr;

use super::{ParsePolicyError, PolicyError};
use crate::sys::Demand;
use crate::sys::numa::{Nodes, Policy, mode};
use crate::topo::NodeSet;

/// Which memory nodes new pages come from: for a thread by [`set_thread_policy`](super::set_thread_policy), for a range
/// of addresses by [`bind_region`](super::bind_region), which goes before the thread's.
///
/// A policy decides when a page is first touched, and not again: pages that are there stay where they are. Where all
/// nodes of a policy have run out, `Bind` kills a process to get memory; all others take it from another node.
///
/// The text of a policy is what `numactl` calls it, and its nodes as [`NodeSet`] writes them.
///
/// ```
/// use bedplate::topo::{MemPolicy, NodeSet};
///
/// let policy = MemPolicy::Interleave(NodeSet::from([0, 1, 3]));
/// assert_eq!(policy.to_string(), "interleave:0-1,3");
/// assert_eq!("interleave:0-1,3".parse(), Ok(policy));
/// assert_eq!("preferred:1".parse(), Ok(MemPolicy::Preferred(1)));
/// assert!("bind:".parse::<MemPolicy>().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemPolicy {
    /// That of the process, which is `Local` unless it was started with another; for addresses that of the thread.
    #[default]
    Default,
    /// From the node of the CPU that touches the page, or else from the nearest that has any.
    Local,
    /// From these nodes alone.
    Bind(NodeSet),
    /// From this node, or else from the nearest that has any.
    Preferred(usize),
    /// From these nodes, or else from the nearest that has any. Linux 5.15.
    PreferredMany(NodeSet),
    /// From these nodes in turn, page by page.
    Interleave(NodeSet),
    /// From these nodes in turn, from each as many pages as its weight says, which is the machine's setting
    /// (`/sys/kernel/mm/mempolicy/weighted_interleave`). Linux 6.9.
    WeightedInterleave(NodeSet),
}

impl MemPolicy {
    /// The nodes that the policy names; none for `Default` and `Local`. A number that no set can hold is left out.
    #[must_use]
    pub fn nodes(&self) -> NodeSet {
        match self {
            Self::Default | Self::Local => NodeSet::new(),
            Self::Preferred(node) if *node > NodeSet::MAX_ID => NodeSet::new(),
            Self::Preferred(node) => NodeSet::single(*node),
            Self::Bind(nodes)
            | Self::PreferredMany(nodes)
            | Self::Interleave(nodes)
            | Self::WeightedInterleave(nodes) => nodes.clone(),
        }
    }

    /// Memory of one node, as strictly as `demand` says.
    #[cfg(feature = "mem")]
    pub(crate) fn of_node(node: usize, demand: Demand) -> Self {
        if demand.required() && node <= NodeSet::MAX_ID {
            Self::Bind(NodeSet::single(node))
        } else {
            // A number that no set holds is refused under any policy.
            Self::Preferred(node)
        }
    }

    /// The policy to ask for: where nodes are bound to run out the kernel kills a process rather than take memory from
    /// another, which is too much for a preference.
    pub(super) fn softened(&self, demand: Demand) -> Self {
        match self {
            Self::Bind(nodes) if !demand.required() => Self::prefer(nodes),
            policy => policy.clone(),
        }
    }

    /// The preference for a set of nodes. For one node, what every kernel knows.
    fn prefer(nodes: &NodeSet) -> Self {
        match nodes.first() {
            Some(node) if nodes.len() == 1 => Self::Preferred(node),
            _ => Self::PreferredMany(nodes.clone()),
        }
    }

    /// The same with no other nodes than `allowed`.
    pub(super) fn within(&self, allowed: &NodeSet) -> Self {
        match self {
            Self::Default | Self::Local | Self::Preferred(_) => self.clone(),
            Self::Bind(nodes) => Self::Bind(nodes & allowed),
            Self::PreferredMany(nodes) => Self::PreferredMany(nodes & allowed),
            Self::Interleave(nodes) => Self::Interleave(nodes & allowed),
            Self::WeightedInterleave(nodes) => Self::WeightedInterleave(nodes & allowed),
        }
    }

    /// What no policy can be: one that names nodes and has none, or a number that is none.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        match self {
            Self::Default | Self::Local => Ok(()),
            Self::Preferred(node) if *node > NodeSet::MAX_ID => Err(PolicyError::NoSuchNode { node: *node }),
            policy if policy.nodes().is_empty() => Err(PolicyError::Empty),
            _ => Ok(()),
        }
    }

    pub(super) fn to_raw(&self) -> Policy {
        let mode = match self {
            Self::Default => mode::DEFAULT,
            Self::Local => mode::LOCAL,
            Self::Bind(_) => mode::BIND,
            Self::Preferred(_) => mode::PREFERRED,
            Self::PreferredMany(_) => mode::PREFERRED_MANY,
            Self::Interleave(_) => mode::INTERLEAVE,
            Self::WeightedInterleave(_) => mode::WEIGHTED_INTERLEAVE,
        };
        Policy::new(mode, Nodes::of(&self.nodes()))
    }

    /// A policy that the kernel tells of; an error where it has a mode that is not known here.
    pub(super) fn from_raw(policy: &Policy) -> io::Result<Self> {
        let nodes: NodeSet = policy.nodes.iter().collect();
        Ok(match (policy.mode(), nodes.first()) {
            (mode::DEFAULT, _) => Self::Default,
            // Before Linux 5.14 the kernel calls it so.
            (mode::LOCAL, _) | (mode::PREFERRED, None) => Self::Local,
            (mode::PREFERRED, Some(node)) => Self::Preferred(node),
            (mode::BIND, _) => Self::Bind(nodes),
            (mode::PREFERRED_MANY, _) => Self::PreferredMany(nodes),
            (mode::INTERLEAVE, _) => Self::Interleave(nodes),
            (mode::WEIGHTED_INTERLEAVE, _) => Self::WeightedInterleave(nodes),
            (mode, _) => {
                let text = format!("the kernel tells of a memory policy that is not known here, number {mode}");
                return Err(io::Error::new(io::ErrorKind::Unsupported, text));
            }
        })
    }
}

/// The name, and behind a colon the nodes where it has any.
impl fmt::Display for MemPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Local => f.write_str("local"),
            Self::Bind(nodes) => write!(f, "bind:{nodes}"),
            Self::Preferred(node) => write!(f, "preferred:{node}"),
            Self::PreferredMany(nodes) => write!(f, "preferred-many:{nodes}"),
            Self::Interleave(nodes) => write!(f, "interleave:{nodes}"),
            Self::WeightedInterleave(nodes) => write!(f, "weighted-interleave:{nodes}"),
        }
    }
}

/// Reads what `Display` writes.
impl FromStr for MemPolicy {
    type Err = ParsePolicyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, nodes) = match text.split_once(':') {
            Some((name, nodes)) => (name, Some(nodes)),
            None => (text, None),
        };
        let nodes = || -> Result<NodeSet, ParsePolicyError> {
            let nodes: NodeSet = nodes.unwrap_or_default().parse()?;
            if nodes.is_empty() { Err(ParsePolicyError::no_nodes()) } else { Ok(nodes) }
        };
        match name {
            "default" | "local" if text != name => Err(ParsePolicyError::takes_no_nodes()),
            "default" => Ok(Self::Default),
            "local" => Ok(Self::Local),
            "bind" => nodes().map(Self::Bind),
            "preferred" => match nodes()? {
                nodes if nodes.len() > 1 => Err(ParsePolicyError::one_node()),
                nodes => Ok(Self::prefer(&nodes)),
            },
            "preferred-many" => nodes().map(Self::PreferredMany),
            "interleave" => nodes().map(Self::Interleave),
            "weighted-interleave" => nodes().map(Self::WeightedInterleave),
            _ => Err(ParsePolicyError::no_policy()),
        }
    }
}
