use std::io;

use super::PlacementError;
use super::site::Site;
use crate::topo::{CpuSet, Topology};

/// How far cores are from a device.
#[derive(Debug)]
pub(super) struct Distance<'a> {
    topology: &'a Topology,
    local: CpuSet,
    node: Option<usize>,
}

impl<'a> Distance<'a> {
    pub(super) fn to_device(topology: &'a Topology, name: &str) -> Result<Self, PlacementError> {
        let untold = |error: io::Error| PlacementError::Device { name: name.to_owned(), error };
        Ok(Self {
            topology,
            local: topology.device_cpus(name).map_err(untold)?,
            node: topology.device_node(name).map_err(untold)?,
        })
    }

    /// Local cores first, then by what the kernel says of the nodes, then those of which it says nothing.
    pub(super) fn of(&self, site: &Site<'_>) -> (bool, u32) {
        let remote = !site.cpus.iter().any(|cpu| self.local.contains(cpu.id));
        let distance = self.node.and_then(|node| self.topology.distance(site.node, node));
        (remote, distance.unwrap_or(u32::MAX))
    }
}
