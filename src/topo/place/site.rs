use std::cmp::Reverse;
use std::collections::HashSet;

use crate::topo::{Cpu, CpuSet, Topology};

/// What cores are grouped by. The groups of a level do not overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Package,
    Die,
    Node,
    L3,
    Cluster,
}

impl Level {
    pub(super) const ALL: [Self; 5] = [Self::Package, Self::Die, Self::Node, Self::L3, Self::Cluster];
}

/// A core that has CPUs to use.
#[derive(Debug)]
pub(super) struct Site<'a> {
    /// Its CPUs that may be used.
    pub(super) cpus: Vec<&'a Cpu>,
    /// How many of them, from the first, are dealt out.
    pub(super) places: usize,
    pub(super) kind: usize,
    pub(super) node: usize,
    /// Which group of each [`Level`] it is in.
    groups: [usize; Level::ALL.len()],
}

impl Site<'_> {
    pub(super) fn group(&self, level: Level) -> usize {
        self.groups[level as usize]
    }
}

/// The cores with CPUs in `usable`, stronger ones first, then in the order of their first CPU. At most `most` places each.
pub(super) fn sites<'a>(topology: &'a Topology, usable: &CpuSet, most: usize) -> Vec<Site<'a>> {
    let mut sites: Vec<Site<'a>> = Vec::with_capacity(topology.cores().len().min(usable.len()));
    let mut of_core = vec![usize::MAX; topology.cores().len()];
    for cpu in topology.cpus().iter().filter(|cpu| usable.contains(cpu.id)) {
        match sites.get_mut(of_core[cpu.core]) {
            Some(site) => site.cpus.push(cpu),
            None => {
                of_core[cpu.core] = sites.len();
                sites.push(Site {
                    cpus: vec![cpu],
                    places: 0,
                    kind: cpu.kind,
                    node: cpu.node,
                    groups: Level::ALL.map(|level| group(topology, cpu, level)),
                });
            }
        }
    }
    sites.iter_mut().for_each(|site| site.places = site.cpus.len().min(most));
    sites.sort_by_key(|site| Reverse(site.kind));
    sites
}

/// A number for the group of `level` that `cpu` is in.
pub(super) fn group(topology: &Topology, cpu: &Cpu, level: Level) -> usize {
    match level {
        Level::Package => cpu.package,
        Level::Die => cpu.die,
        Level::Node => cpu.node,
        // Above all indices, where there is no group: one for each node.
        Level::L3 => cpu.l3.unwrap_or(topology.l3_domains().len() + cpu.node),
        // A core that shares nothing with others is on its own.
        Level::Cluster => cpu.cluster.unwrap_or(topology.clusters().len() + cpu.core),
    }
}

/// The levels from the coarsest to the finest of this machine. Which one holds which differs: a memory node may be half of
/// an L3 cache's CPUs, or two packages.
pub(super) fn levels(sites: &[Site<'_>]) -> [Level; Level::ALL.len()] {
    let mut levels = Level::ALL;
    levels.sort_by_cached_key(|level| {
        let groups: HashSet<_> = sites.iter().map(|site| site.group(*level)).collect();
        groups.len()
    });
    levels
}
