use std::fmt;

use crate::topo::{Cpu, CpuSet, Topology};

/// Where one worker of a [`Plan`](super::Plan) runs.
///
/// The indices and the node are those that all of its CPUs agree in; `None` where they do not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Slot {
    /// The CPUs it may run on; never empty.
    pub cpus: CpuSet,
    /// The one of them that the plan counts it for. It runs elsewhere too where there are more.
    pub home: usize,
    /// Its core, as an index into [`Topology::cores`](crate::topo::Topology::cores).
    pub core: Option<usize>,
    /// Its L3 cache, as an index into [`Topology::l3_domains`](crate::topo::Topology::l3_domains); also `None` where the
    /// machine tells of none.
    pub l3: Option<usize>,
    /// The kernel's number of its memory node.
    pub node: Option<usize>,
    /// Its package, as an index into [`Topology::packages`](crate::topo::Topology::packages).
    pub package: Option<usize>,
    /// Its kind of cores, as an index into [`Topology::kinds`](crate::topo::Topology::kinds).
    pub kind: Option<usize>,
}

impl Slot {
    /// For one CPU.
    pub(super) fn single(cpu: &Cpu) -> Self {
        Self {
            cpus: CpuSet::single(cpu.id),
            home: cpu.id,
            core: Some(cpu.core),
            l3: cpu.l3,
            node: Some(cpu.node),
            package: Some(cpu.package),
            kind: Some(cpu.kind),
        }
    }

    /// For several, of which all are online.
    pub(super) fn of(topology: &Topology, cpus: CpuSet, home: usize) -> Self {
        let members: Vec<_> = cpus.iter().filter_map(|cpu| topology.cpu(cpu)).collect();
        Self {
            core: common(&members, |cpu| Some(cpu.core)),
            l3: common(&members, |cpu| cpu.l3),
            node: common(&members, |cpu| Some(cpu.node)),
            package: common(&members, |cpu| Some(cpu.package)),
            kind: common(&members, |cpu| Some(cpu.kind)),
            cpus,
            home,
        }
    }
}

/// What all of them say, where it is the same.
fn common(cpus: &[&Cpu], of: impl Fn(&Cpu) -> Option<usize>) -> Option<usize> {
    let first = of(cpus.first()?);
    if cpus.iter().all(|cpu| of(cpu) == first) { first } else { None }
}

/// As `CPU 7 (core 3, L3 1, node 0)`, without what its CPUs do not agree in.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.cpus.len() == 1 { "CPU" } else { "CPUs" }, self.cpus)?;
        let mut before = " (";
        for (what, number) in [("core", self.core), ("L3", self.l3), ("node", self.node)] {
            if let Some(number) = number {
                write!(f, "{before}{what} {number}")?;
                before = ", ";
            }
        }
        if before == ", " { f.write_str(")") } else { Ok(()) }
    }
}
