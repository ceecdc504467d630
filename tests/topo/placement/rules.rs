//! What holds for every machine, strategy and number of workers.

use std::collections::{HashMap, HashSet};

use bedplate::topo::{Cpu, CpuSet, KindChoice, Placement, Plan, Strategy, Topology, Width};
use proptest::prelude::*;

use super::machine::any_machine;

fn strategies(machine: &Topology) -> Vec<Strategy> {
    let mut all = vec![
        Strategy::Unbound,
        Strategy::Compact,
        Strategy::Scatter,
        Strategy::OnePerCore,
        Strategy::OnePerL3,
        Strategy::OnePerNode,
        Strategy::Kind(KindChoice::Performance),
        Strategy::Kind(KindChoice::Efficient),
    ];
    all.extend(machine.nodes().iter().map(|node| Strategy::NodeLocal(node.id)));
    all
}

/// The CPUs that a strategy may use on a machine; worked out by hand.
fn usable(machine: &Topology, strategy: &Strategy) -> CpuSet {
    let kinds = machine.kinds();
    let all = &(machine.allowed() & machine.online()) - machine.isolated();
    match strategy {
        Strategy::NodeLocal(node) => &all & &machine.node(*node).unwrap().cpus,
        Strategy::Kind(KindChoice::Performance) => &all & &kinds[kinds.len() - 1].cpus,
        Strategy::Kind(_) => &all & &kinds[0].cpus,
        _ => all,
    }
}

fn homes(machine: &Topology, plan: &Plan) -> Vec<Cpu> {
    plan.iter().map(|slot| machine.cpu(slot.home).unwrap().clone()).collect()
}

/// How many groups the first `k` are in, for each `k`.
fn groups<K: std::hash::Hash + Eq>(cpus: &[Cpu], key: impl Fn(&Cpu) -> K) -> Vec<usize> {
    let mut seen = HashSet::new();
    cpus.iter()
        .map(|cpu| {
            seen.insert(key(cpu));
            seen.len()
        })
        .collect()
}

/// Each worker has a group of its own until there is one in each.
fn assert_spread<K: std::hash::Hash + Eq>(cpus: &[Cpu], usable: &[Cpu], key: impl Fn(&Cpu) -> K + Copy) {
    let most = usable.iter().map(key).collect::<HashSet<_>>().len();
    for (i, seen) in groups(cpus, key).into_iter().enumerate() {
        assert_eq!(seen, most.min(i + 1), "after {} workers on {cpus:?}", i + 1);
    }
}

/// At most one group is used and not used up.
fn assert_filled<K: std::hash::Hash + Eq + Copy>(cpus: &[Cpu], usable: &[Cpu], key: impl Fn(&Cpu) -> K) {
    let count = |cpus: &[Cpu]| {
        let mut counts = HashMap::<K, usize>::new();
        cpus.iter().for_each(|cpu| *counts.entry(key(cpu)).or_default() += 1);
        counts
    };
    let capacities = count(usable);
    let begun = count(cpus).into_iter().filter(|(group, used)| used < &capacities[group]).count();
    assert!(begun <= 1, "{begun} groups are used in part by {cpus:?} of {usable:?}");
}

/// The number of groups is the least that can hold the workers.
fn assert_fewest<K: std::hash::Hash + Eq + Copy>(cpus: &[Cpu], usable: &[Cpu], key: impl Fn(&Cpu) -> K) {
    let mut counts = HashMap::<K, usize>::new();
    usable.iter().for_each(|cpu| *counts.entry(key(cpu)).or_default() += 1);
    let mut counts: Vec<_> = counts.into_values().collect();
    counts.sort_unstable_by(|one, other| other.cmp(one));
    let mut room = 0;
    let needed = counts.iter().take_while(|count| {
        let more = room < cpus.len();
        room += **count;
        more
    });
    let used: HashSet<_> = cpus.iter().map(&key).collect();
    assert_eq!(used.len(), needed.count(), "groups of {cpus:?} of {usable:?}");
}

fn loads(cpus: &[Cpu], key: impl Fn(&Cpu) -> usize) -> HashMap<usize, usize> {
    let mut loads = HashMap::new();
    cpus.iter().for_each(|cpu| *loads.entry(key(cpu)).or_default() += 1);
    loads
}

/// Once every CPU has a worker, the work of cores is as even as it can be: who has more than its CPUs was the one with the
/// least work, for its kind, when it was given the last of it.
fn assert_even(cpus: &[Cpu], usable: &[Cpu]) {
    let (of_core, places) = (loads(cpus, |cpu| cpu.core), loads(usable, |cpu| cpu.core));
    let kind_of: HashMap<_, _> = usable.iter().map(|cpu| (cpu.core, cpu.kind)).collect();
    let mut widths = HashMap::<usize, usize>::new();
    for (core, kind) in &kind_of {
        let width = widths.entry(*kind).or_default();
        *width = places[core].max(*width);
    }
    let width = |core: &usize| widths[&kind_of[core]];
    // The least work for its kind that a core has, as a share: compared without the remainders.
    let least = places.keys().min_by(|a, b| (of_core[*a] * width(b)).cmp(&(of_core[*b] * width(a)))).unwrap();
    for core in places.keys().filter(|core| of_core[core] > places[core]) {
        let (mine, theirs) = ((of_core[core] - 1) * width(least), of_core[least] * width(core));
        assert!(mine <= theirs, "core {core} has {of_core:?} where {least} has less");
    }
    let per_cpu = loads(cpus, |cpu| cpu.id);
    let mut siblings = HashMap::<usize, (usize, usize)>::new();
    for cpu in usable {
        let load = per_cpu[&cpu.id];
        let (least, most) = siblings.entry(cpu.core).or_insert((load, load));
        (*least, *most) = (load.min(*least), load.max(*most));
    }
    assert!(siblings.values().all(|(least, most)| most - least <= 1), "second threads: {per_cpu:?}");
}

fn check(machine: &Topology, strategy: &Strategy, workers: usize, most_pus: usize) {
    let placement = Placement::new(strategy.clone());
    let may_use = usable(machine, strategy);
    let made = placement.plan(machine, workers);
    if may_use.is_empty() {
        made.unwrap_err();
        return;
    }
    let plan = made.unwrap();
    assert_eq!(plan, placement.plan(machine, workers).unwrap());
    assert_eq!(plan.len(), workers);
    // More workers do not move those that were there.
    let more = placement.plan(machine, workers + 3).unwrap();
    assert_eq!(plan.slots(), &more.slots()[..workers]);
    let cpus = homes(machine, &plan);
    let usable: Vec<_> = may_use.iter().map(|cpu| machine.cpu(cpu).unwrap().clone()).collect();
    for slot in &plan {
        assert!(slot.cpus.contains(slot.home) && slot.cpus.is_subset(&may_use));
    }
    assert_eq!(plan.cpus().is_empty(), workers == 0);
    assert_eq!(plan.oversubscribed(), workers > usable.len());
    let distinct: HashSet<_> = cpus.iter().map(|cpu| cpu.id).collect();
    assert_eq!(distinct.len(), workers.min(usable.len()));
    if workers >= usable.len() {
        assert_even(&cpus, &usable);
        if most_pus <= 2 {
            let of_core = loads(&cpus, |cpu| cpu.core);
            for kind in 0..machine.kinds().len() {
                let same = usable.iter().filter(|cpu| cpu.kind == kind).map(|cpu| of_core[&cpu.core]);
                let (most, least) = (same.clone().max().unwrap_or(0), same.min().unwrap_or(0));
                assert!(most - least <= 1, "cores of kind {kind} have {of_core:?}");
            }
        }
    }
    // Where the machine tells of none, those of a node count as one.
    let l3 = |cpu: &Cpu| cpu.l3.unwrap_or(usize::MAX - cpu.node);
    match strategy {
        Strategy::Compact if workers <= usable.len() => {
            assert_fewest(&cpus, &usable, |cpu| cpu.package);
            assert_filled(&cpus, &usable, |cpu| cpu.package);
            assert_filled(&cpus, &usable, |cpu| cpu.node);
            assert_filled(&cpus, &usable, l3);
            assert_filled(&cpus, &usable, |cpu| cpu.core);
        }
        Strategy::Scatter => {
            assert_spread(&cpus, &usable, |cpu| cpu.package);
            assert_spread(&cpus, &usable, |cpu| cpu.node);
            assert_spread(&cpus, &usable, l3);
            assert_spread(&cpus, &usable, |cpu| cpu.core);
        }
        Strategy::OnePerCore | Strategy::NodeLocal(_) | Strategy::Kind(_) => {
            assert_spread(&cpus, &usable, |cpu| cpu.core);
        }
        Strategy::OnePerL3 => assert_spread(&cpus, &usable, l3),
        Strategy::OnePerNode => assert_spread(&cpus, &usable, |cpu| cpu.node),
        _ => {}
    }
}

fn check_modifiers(machine: &Topology, strategy: &Strategy, workers: usize) {
    let placement = Placement::new(strategy.clone());
    let may_use = usable(machine, strategy);
    let Ok(plan) = placement.plan(machine, workers) else { return };
    for width in [Width::Core, Width::L3, Width::Node] {
        let wide = placement.clone().width(width).plan(machine, workers).unwrap();
        for (slot, narrow) in wide.iter().zip(&plan) {
            assert_eq!(slot.home, narrow.home);
            let home = machine.cpu(slot.home).unwrap();
            let around = match width {
                Width::Core => &machine.cores()[home.core].cpus,
                Width::L3 => home.l3.map_or(machine.online(), |l3| &machine.l3_domains()[l3].cpus),
                _ => &machine.node(home.node).unwrap().cpus,
            };
            match strategy {
                Strategy::Unbound => assert_eq!(slot.cpus, may_use),
                _ => assert_eq!(slot.cpus, around & &may_use),
            }
        }
    }
    let exclusive = placement.clone().exclusive().plan(machine, workers);
    assert_eq!(exclusive.is_ok(), workers <= plan.places());
    let no_smt = placement.skip_smt().plan(machine, workers).unwrap();
    let loads = loads(&homes(machine, &no_smt), |cpu| cpu.core);
    let cores: HashSet<_> = may_use.iter().map(|cpu| machine.cpu(cpu).unwrap().core).collect();
    assert_eq!(loads.len(), workers.min(cores.len()));
    assert_eq!(no_smt.max_load(), workers.div_ceil(cores.len()));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, ..ProptestConfig::default() })]

    #[test]
    fn hold_on_any_machine(machine in any_machine(2), workers in prop::collection::vec(0_usize..100, 2)) {
        let machine = machine.read();
        for strategy in strategies(&machine) {
            let edges = [0, 1, usable(&machine, &strategy).len()];
            edges.iter().chain(&workers).for_each(|workers| check(&machine, &strategy, *workers, 2));
            check_modifiers(&machine, &strategy, workers[0]);
        }
    }

    #[test]
    fn hold_with_many_threads_a_core(machine in any_machine(4), workers in 0_usize..200) {
        let machine = machine.read();
        for strategy in strategies(&machine) {
            check(&machine, &strategy, workers, 4);
        }
    }
}

#[test]
fn hold_for_numbers_of_workers_up_to_512() {
    for shape in ["core:1 pu:1", "core:3 pu:2", "pkg:2 numa:2 l3:2 core:4 pu:2", "pkg:4 numa:1 l3:4 core:8 pu:2"] {
        let machine = Topology::synthetic(shape).unwrap();
        for strategy in [Strategy::Compact, Strategy::Scatter, Strategy::OnePerCore, Strategy::OnePerNode] {
            let step = machine.cpus().len().div_ceil(4);
            for workers in (1..=512).step_by(step) {
                check(&machine, &strategy, workers, 2);
            }
        }
    }
}
