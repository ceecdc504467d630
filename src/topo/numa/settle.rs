//! How a policy is set, for a thread or a range: what can be asked for, and what came of it.

use std::io;

use super::{MemPolicy, PolicyError};
use crate::sys::Demand;
use crate::sys::numa::{self, Policy};
use crate::topo::NodeSet;

/// A policy as the kernel has it.
#[derive(Debug)]
pub(crate) struct Settled {
    pub(crate) effective: MemPolicy,
    /// The nodes that were asked for and left out.
    pub(crate) dropped: NodeSet,
}

/// Sets a policy by `set`, as strictly as `demand` says, and reads back by `get` what became of it.
///
/// The kernel says `EINVAL` for several things, and leaves nodes out without a word. So what is allowed is asked for
/// first, and what was obtained last.
pub(super) fn settle(
    asked: &MemPolicy,
    demand: Demand,
    set: impl Fn(&Policy) -> io::Result<()>,
    get: impl Fn() -> io::Result<Policy>,
) -> Result<Settled, PolicyError> {
    asked.check()?;
    let nodes = asked.nodes();
    let allowed: NodeSet = numa::allowed_nodes().map_err(PolicyError::of)?.iter().collect();
    let missing = &nodes - &allowed;
    if !missing.is_empty() && (demand.required() || missing == nodes) {
        return Err(PolicyError::NotAllowed { nodes: missing });
    }
    // Nodes that a kernel is not built for are `EINVAL` even beside others.
    let wanted = asked.within(&allowed).softened(demand);
    match set(&wanted.to_raw()) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput && !numa::knows(&wanted.to_raw()) => {
            // Before Linux 5.15 a preference is for one node.
            let softened = matches!(asked, MemPolicy::Bind(_)) && !demand.required();
            let first = wanted.nodes().first().filter(|_| softened);
            let Some(node) = first else { return Err(PolicyError::Unsupported) };
            set(&MemPolicy::Preferred(node).to_raw()).map_err(PolicyError::of)?;
        }
        set => set.map_err(PolicyError::of)?,
    }
    let effective = get().and_then(|policy| MemPolicy::from_raw(&policy)).map_err(PolicyError::of)?;
    let dropped = &nodes - &effective.nodes();
    if demand.required() && !dropped.is_empty() {
        // They left between the two questions.
        return Err(PolicyError::NotAllowed { nodes: dropped });
    }
    Ok(Settled { effective, dropped })
}
