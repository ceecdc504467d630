use std::collections::HashMap;

use super::{PlacementError, Plan, Slot};
use crate::topo::{CpuSet, Topology};

/// The plan of sets that the caller gave. Each worker is counted for the CPU of its set that has the fewest so far.
pub(super) fn explicit(
    topology: &Topology,
    sets: &[CpuSet],
    usable: &CpuSet,
    workers: usize,
) -> Result<Plan, PlacementError> {
    let mut loads = HashMap::<usize, usize>::new();
    let mut dropped = CpuSet::new();
    let mut slots = Vec::new();
    let mut prototypes = Vec::new();
    for (set, asked) in sets.iter().enumerate().take(workers) {
        let cpus = asked & usable;
        let Some(first) = cpus.first() else {
            return Err(PlacementError::NotAllowed { set, cpus: asked.clone() });
        };
        dropped |= &(asked - &cpus);
        prototypes.push(Slot::of(topology, cpus, first));
    }
    for mut slot in prototypes.iter().cycle().take(workers).cloned() {
        let load = |cpu: &usize| loads.get(cpu).copied().unwrap_or(0);
        slot.home = slot.cpus.iter().min_by_key(load).unwrap_or(slot.home);
        *loads.entry(slot.home).or_default() += 1;
        slots.push(slot);
    }
    if slots.len() < workers {
        return Err(PlacementError::TooMany { workers, places: 0 });
    }
    Ok(Plan { slots, places: sets.len(), dropped })
}
