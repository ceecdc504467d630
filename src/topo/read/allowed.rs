//! What the process may use.

use super::machine::Whose;
use crate::topo::files::Files;
use crate::topo::{CgroupLimits, CpuSet, Node, NodeSet, Warning};

/// What the status of the process says.
#[derive(Debug, Default)]
pub(super) struct Status {
    cpus: Option<CpuSet>,
    nodes: Option<NodeSet>,
}

impl Status {
    pub(super) fn read(proc: &mut Files, whose: Whose) -> Self {
        // What a thread may use need not be what the first thread of its process may use.
        let of_thread = match whose {
            Whose::ThisThread => proc.text("thread-self/status"),
            Whose::Snapshot => None,
        };
        let Some(text) = of_thread.or_else(|| proc.text("self/status")) else { return Self::default() };
        let after = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Self {
            cpus: after("Cpus_allowed_list:").and_then(|list| list.parse().ok()),
            nodes: after("Mems_allowed_list:").and_then(|list| list.parse().ok()),
        }
    }

    /// The online CPUs that the process of a snapshot was allowed to use.
    pub(super) fn allowed(&self, proc: &mut Files, online: &CpuSet, cgroup: &CgroupLimits) -> CpuSet {
        let limits = [self.cpus.as_ref(), cgroup.cpus.as_ref()];
        let allowed = limits.into_iter().flatten().fold(online.clone(), |allowed, limit| &allowed & limit);
        if allowed.is_empty() {
            proc.warn(Warning::NoAllowedCpus);
            return online.clone();
        }
        allowed
    }

    /// The nodes that have memory which the process is allowed to take.
    pub(super) fn allowed_nodes(
        &self,
        proc: &mut Files,
        nodes: &[Node],
        cgroup: &CgroupLimits,
        whose: Whose,
    ) -> NodeSet {
        let all: NodeSet = nodes.iter().filter(|node| node.memory > 0).map(|node| node.id).collect();
        // Where no memory is known of, none is known to be missing.
        let all = if all.is_empty() { nodes.iter().map(|node| node.id).collect() } else { all };
        let limits = [self.nodes.as_ref(), cgroup.nodes.as_ref()];
        let allowed = limits.iter().flatten().fold(all.clone(), |allowed, limit| &allowed & limit);
        let is_told = limits.iter().any(Option::is_some) || matches!(whose, Whose::Snapshot);
        if allowed.is_empty() || !is_told {
            proc.warn(Warning::NoAllowedNodes);
            return all;
        }
        allowed
    }
}
