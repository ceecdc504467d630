use std::collections::HashMap;

use super::site::{Level, group};
use super::{Slot, Width};
use crate::topo::{Cpu, CpuSet, Topology};

/// Makes the slots of workers, of which many have the same CPUs.
#[derive(Debug)]
pub(super) struct Masks<'a> {
    topology: &'a Topology,
    usable: &'a CpuSet,
    /// `None` where every worker may use all of them.
    width: Option<Width>,
    /// By what the CPUs have in common.
    known: HashMap<usize, Slot>,
}

impl<'a> Masks<'a> {
    pub(super) fn new(topology: &'a Topology, usable: &'a CpuSet, width: Option<Width>) -> Self {
        Self { topology, usable, width, known: HashMap::new() }
    }

    /// The slot of a worker that is counted for this CPU.
    pub(super) fn slot(&mut self, home: &Cpu) -> Slot {
        let width = self.width;
        let topology = self.topology;
        let common = |cpu: &Cpu| match width {
            None => 0,
            Some(Width::Cpu) => cpu.id,
            Some(Width::Core) => cpu.core,
            Some(Width::L3) => group(topology, cpu, Level::L3),
            Some(Width::Node) => cpu.node,
        };
        if width == Some(Width::Cpu) {
            return Slot::single(home);
        }
        let usable = self.usable;
        let slot = self.known.entry(common(home)).or_insert_with(|| {
            let cpus = topology.cpus().iter().filter(|cpu| common(cpu) == common(home) && usable.contains(cpu.id));
            Slot::of(topology, cpus.map(|cpu| cpu.id).collect(), home.id)
        });
        Slot { home: home.id, ..slot.clone() }
    }
}
