//! Workers where a plan says, with memory from there.

use std::sync::Mutex;

use bedplate::Demand;
use bedplate::mem::Mapping;
use bedplate::topo::{
    CpuSet, MemPolicy, NodeSet, Placement, Slot, Strategy, Topology, WorkerSet, current_cpu, current_node, residency,
};

use super::Case;

pub const ON_MANY_CPUS: &[Case] = &[("workers_are_where_the_plan_says", workers_are_where_the_plan_says)];
pub const ON_MANY_NODES: &[Case] = &[
    ("workers_have_memory_of_their_nodes", workers_have_memory_of_their_nodes),
    ("no_worker_runs_where_one_cannot_have_its_memory", no_worker_runs_where_one_cannot_have_its_memory),
];

/// One for each core, and each on it.
fn workers_are_where_the_plan_says() {
    let machine = Topology::detect().unwrap();
    let plan = Placement::new(Strategy::OnePerCore).plan(&machine, machine.cores().len()).unwrap();
    let slots = plan.slots().to_vec();
    let workers = WorkerSet::builder(plan).spawn(|_| (current_cpu(), current_node().unwrap())).unwrap();
    assert!(workers.reports().iter().all(|report| report.complete()));
    let mut cores = CpuSet::new();
    for (slot, place) in slots.iter().zip(workers.join()) {
        let (cpu, node) = place.unwrap();
        assert_eq!((slot.cpus.clone(), slot.node), (CpuSet::single(cpu), Some(node)));
        assert!(cores.insert(machine.cpu(cpu).unwrap().core));
    }
}

fn bound_to_its_node(slot: &Slot) -> MemPolicy {
    MemPolicy::Bind(NodeSet::single(slot.node.unwrap()))
}

fn workers_have_memory_of_their_nodes() {
    let machine = Topology::detect().unwrap();
    let nodes = machine.nodes().len();
    let plan = Placement::new(Strategy::OnePerNode).plan(&machine, nodes).unwrap();
    let turns = Mutex::new(());
    let workers = WorkerSet::builder(plan)
        .memory_with(bound_to_its_node, Demand::Require)
        .spawn(move |worker| {
            // One after the other: mappings that lie side by side are one to the kernel, and whoever is the first to
            // touch a huge page of it gets all of that, with what is another worker's.
            let turn = turns.lock().unwrap();
            let mut touched = Mapping::new(1 << 20).unwrap();
            touched.fill(1);
            drop(turn);
            (worker.slot().node.unwrap(), residency(&touched).unwrap())
        })
        .unwrap();
    for report in workers.reports() {
        assert!(report.complete(), "{report}");
        assert_eq!(report.memory, Some(MemPolicy::Bind(NodeSet::single(report.index))), "{report}");
    }
    let mut seen = NodeSet::new();
    for done in workers.join() {
        let (node, residency) = done.unwrap();
        assert!(residency.is_on(node), "node {node}: {residency}");
        assert!(seen.insert(node));
    }
    assert_eq!(seen, machine.node_set());
}

fn no_worker_runs_where_one_cannot_have_its_memory() {
    let machine = Topology::detect().unwrap();
    let missing = machine.nodes().len();
    let plan = Placement::new(Strategy::OnePerNode).plan(&machine, 2).unwrap();
    // The first has what it asks for.
    let mut policies = [0, missing].into_iter();
    let error = WorkerSet::builder(plan)
        .memory_with(|_| MemPolicy::Bind(NodeSet::single(policies.next().unwrap())), Demand::Require)
        .spawn(|_| panic!("no worker may run"))
        .unwrap_err();
    assert!(error.to_string().contains(&format!("{missing}")), "{error}");
}
