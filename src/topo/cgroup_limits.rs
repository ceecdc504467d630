use super::{CpuQuota, CpuSet, NodeSet};

/// What the control groups of the process grant it, version 1 or 2.
///
/// Read from the hierarchies that are mounted where this process can see them. A container is mostly shown its own group
/// alone, and then a limit of a group above it does not show.
///
/// Sets of CPUs and nodes show in what a thread [may use](super::Topology::allowed) already; a quota does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CgroupLimits {
    /// The CPUs; all of the machine where the groups have them but do not limit them. `None` where none of them tells.
    pub cpus: Option<CpuSet>,
    /// The memory nodes; all of the machine where the groups have them but do not limit them. `None` where none of them
    /// tells.
    pub nodes: Option<NodeSet>,
    /// The time that all threads together may run: the least of what the group and those above it grant. `None` where
    /// they grant all there is.
    pub quota: Option<CpuQuota>,
}
