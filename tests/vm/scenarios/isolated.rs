//! CPUs that the scheduler leaves alone.

use bedplate::topo::{CpuSet, Placement, Strategy, Topology, WorkerSet, allowed_cpus, current_cpu, pin_current};

use super::Case;
use crate::machine::Machine;

pub const CASES: &[Case] = &[
    ("the_command_line_is_shown", the_command_line_is_shown),
    ("isolated_cpus_are_had_by_asking", isolated_cpus_are_had_by_asking),
    ("plans_have_isolated_cpus_by_asking", plans_have_isolated_cpus_by_asking),
];

/// A process starts without the isolated CPUs, though it may have them.
fn the_command_line_is_shown() {
    let machine = Topology::detect().unwrap();
    Machine::PLAIN.assert_shown_by(&machine);
    assert_eq!(machine.isolated().to_string(), "2-3");
    assert_eq!(machine.nohz_full().to_string(), "3");
    assert_eq!(machine.allowed().to_string(), "0-1");
}

fn isolated_cpus_are_had_by_asking() {
    let before = allowed_cpus().unwrap();
    for cpu in [2, 3] {
        let pinned = pin_current(&CpuSet::single(cpu)).unwrap();
        assert!(pinned.dropped().is_empty());
        assert_eq!(current_cpu(), cpu);
    }
    assert_eq!(allowed_cpus().unwrap(), before);
}

/// Though the thread that plans may not run there at the moment.
fn plans_have_isolated_cpus_by_asking() {
    let machine = Topology::detect().unwrap();
    let compact = Placement::new(Strategy::Compact);
    assert_eq!(compact.plan(&machine, 4).unwrap().cpus().to_string(), "0-1");
    assert_eq!(compact.clone().include_isolated().plan(&machine, 4).unwrap().cpus().to_string(), "0-3");
    let isolated = Strategy::Explicit(vec![CpuSet::single(3), CpuSet::single(2)]);
    let plan = Placement::new(isolated).plan(&machine, 2).unwrap();
    assert!(plan.dropped().is_empty());
    let workers = WorkerSet::builder(plan).spawn(|_| current_cpu()).unwrap();
    assert!(workers.reports().iter().all(|report| report.complete()));
    assert_eq!(workers.join().into_iter().map(Result::unwrap).collect::<Vec<_>>(), [3, 2]);
}
