use hwloc2::{ObjectType, TopologyObject};

use super::{CrossCheckError, Part};
use crate::sys::cpu::hwloc_major;
use crate::topo::{CpuSet, NodeSet};

/// The version of hwloc whose structures the package `hwloc2` knows.
pub(super) const MAJOR: u32 = 2;

/// What hwloc shows, asked through the part of the package `hwloc2` that is sound: no `Display`, no `name()` (both free
/// what they do not own), no query by type for memory nodes (their depth is negative), no set that outlives its object.
pub(super) struct View {
    /// Each with its CPUs.
    pub(super) parts: Vec<(Part, CpuSet)>,
    pub(super) cpus: CpuSet,
    pub(super) nodes: NodeSet,
    /// For each CPU the memory nodes that are local to it; `None` where hwloc knows of none.
    pub(super) nodes_of: Vec<(usize, Option<NodeSet>)>,
}

impl View {
    pub(super) fn load() -> Result<Self, CrossCheckError> {
        let major = hwloc_major();
        if major != MAJOR {
            return Err(CrossCheckError::Version { major });
        }
        let hwloc = hwloc2::Topology::new().ok_or(CrossCheckError::Load)?;
        Self::of(&hwloc).ok_or(CrossCheckError::Load)
    }

    fn of(hwloc: &hwloc2::Topology) -> Option<Self> {
        let mut view = Self { parts: Vec::new(), cpus: CpuSet::new(), nodes: NodeSet::new(), nodes_of: Vec::new() };
        for depth in 0..hwloc.depth() {
            let objects = hwloc.objects_at_depth(depth);
            // Not `==`: the comparison of these types calls the library, which has an order of its own.
            let part = match hwloc.type_at_depth(depth) {
                ObjectType::Machine => {
                    view.nodes = nodes_of(objects.first()?)?;
                    continue;
                }
                ObjectType::PU => {
                    view.cpus.extend(objects.iter().map(|object| object.os_index() as usize));
                    view.nodes_of.extend(objects.iter().map(|object| (object.os_index() as usize, nodes_of(object))));
                    continue;
                }
                ObjectType::Package => Part::Package,
                ObjectType::Die => Part::Die,
                ObjectType::Core => Part::Core,
                ObjectType::L1Cache => Part::Cache { level: 1 },
                ObjectType::L2Cache => Part::Cache { level: 2 },
                ObjectType::L3Cache => Part::Cache { level: 3 },
                ObjectType::L4Cache => Part::Cache { level: 4 },
                ObjectType::L5Cache => Part::Cache { level: 5 },
                _ => continue,
            };
            for object in objects {
                view.parts.push((part, cpus_of(object)?));
            }
        }
        Some(view)
    }
}

fn cpus_of(object: &TopologyObject) -> Option<CpuSet> {
    // The set that `cpuset` returns points into the object; the clone is its own, and the former ends here.
    let cpus = object.cpuset()?.clone();
    // Negative for an infinite set.
    if cpus.weight() < 0 { None } else { Some(cpus.into_iter().map(|cpu| cpu as usize).collect()) }
}

fn nodes_of(object: &TopologyObject) -> Option<NodeSet> {
    // As above; the infinite set stands for a machine without nodes.
    let nodes = object.nodeset()?.clone();
    if nodes.weight() < 0 { None } else { Some(nodes.into_iter().map(|node| node as usize).collect()) }
}
