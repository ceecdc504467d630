use bedplate::topo::{CpuSet, KindChoice, Placement, PlacementError, Plan, Strategy, Topology, Width};

use super::machine::{Cpu, Machine};

fn homes(plan: &Plan) -> Vec<usize> {
    plan.iter().map(|slot| slot.home).collect()
}

fn planned(machine: &Topology, strategy: Strategy, workers: usize) -> Vec<usize> {
    homes(&Placement::new(strategy).plan(machine, workers).unwrap())
}

fn set(list: &str) -> CpuSet {
    list.parse().unwrap()
}

/// Four strong cores of two CPUs, 4-11, and four weak ones of one, 0-3, numbered as on phones: weak ones first.
fn hybrid() -> Machine {
    let weak = (0..4).map(|id| Cpu { id, package: 0, node: 0, l3: 0, core: id, capacity: 400 });
    let strong = (4..12).map(|id| Cpu { id, package: 0, node: 0, l3: 0, core: 4 + (id - 4) / 2, capacity: 1024 });
    Machine { cpus: weak.chain(strong).collect(), ..Machine::default() }
}

#[test]
fn compact_fills_core_by_core_and_scatter_goes_the_farthest() {
    // Per package 2 nodes of 2 L3 caches of 2 cores of 2 CPUs.
    let machine = Machine::regular(2, 2, 2, 2, 2).read();
    assert_eq!(planned(&machine, Strategy::Compact, 10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let far = planned(&machine, Strategy::Scatter, 20);
    assert_eq!(far[..4], [0, 16, 8, 24], "packages, then nodes");
    assert_eq!(far[4..8], [4, 20, 12, 28], "then L3 caches");
    assert_eq!(far[8..16], [2, 18, 10, 26, 6, 22, 14, 30], "then cores");
    assert_eq!(far[16..], [1, 17, 9, 25], "then second threads");
}

#[test]
fn one_for_each_core_cache_and_node_goes_round() {
    let machine = Machine::regular(1, 2, 2, 2, 2).read();
    assert_eq!(planned(&machine, Strategy::OnePerCore, 10), [0, 2, 4, 6, 8, 10, 12, 14, 1, 3]);
    assert_eq!(planned(&machine, Strategy::OnePerL3, 10), [0, 4, 8, 12, 2, 6, 10, 14, 1, 5]);
    assert_eq!(planned(&machine, Strategy::OnePerNode, 6), [0, 8, 2, 10, 4, 12]);
}

#[test]
fn uneven_packages_are_spread_over_as_long_as_there_is_something_new() {
    // One package of one node, one of three.
    let node = |id: usize| Cpu { id, package: usize::from(id > 1), node: id / 2, l3: id / 2, core: id, capacity: 1024 };
    let machine = Machine { cpus: (0..8).map(node).collect(), ..Machine::default() }.read();
    assert_eq!(planned(&machine, Strategy::Scatter, 8), [0, 2, 4, 6, 1, 3, 5, 7]);
}

#[test]
fn compact_takes_the_group_that_holds_the_most() {
    let machine = Machine::regular(1, 1, 3, 3, 1).read();
    let placement = Placement::new(Strategy::Compact).avoid(&set("0,1,5"));
    assert_eq!(homes(&placement.plan(&machine, 6).unwrap()), [6, 7, 8, 3, 4, 2]);
}

#[test]
fn strong_cores_come_first_and_one_kind_can_be_asked_for() {
    let machine = hybrid().read();
    assert_eq!(machine.kinds().len(), 2);
    assert_eq!(planned(&machine, Strategy::Compact, 10), [4, 5, 6, 7, 8, 9, 10, 11, 0, 1]);
    assert_eq!(planned(&machine, Strategy::OnePerCore, 9), [4, 6, 8, 10, 0, 1, 2, 3, 5]);
    assert_eq!(planned(&machine, Strategy::Scatter, 9), [4, 6, 8, 10, 0, 1, 2, 3, 5]);
    assert_eq!(planned(&machine, Strategy::Kind(KindChoice::Performance), 6), [4, 6, 8, 10, 5, 7]);
    assert_eq!(planned(&machine, Strategy::Kind(KindChoice::Efficient), 6), [0, 1, 2, 3, 0, 1]);
    assert_eq!(planned(&machine, Strategy::Kind(KindChoice::Index(1)), 1), [4]);
    let error = Placement::new(Strategy::Kind(KindChoice::Index(2))).plan(&machine, 1).unwrap_err();
    assert!(matches!(error, PlacementError::NoSuchKind { index: 2, kinds: 2 }), "{error}");
}

#[test]
fn a_strong_core_takes_two_workers_where_a_weak_one_takes_one() {
    let machine = hybrid().read();
    let plan = Placement::new(Strategy::Scatter).plan(&machine, 36).unwrap();
    let load = |cpus: &str| plan.iter().filter(|slot| slot.cpus.is_subset(&set(cpus))).count();
    assert_eq!((load("4-5"), load("10-11"), load("0"), load("3")), (6, 6, 3, 3));
    assert_eq!((plan.max_load(), plan.places()), (3, 12));
}

#[test]
fn a_core_of_which_half_may_be_used_carries_as_much_as_a_whole_one() {
    let machine = Machine::regular(1, 1, 1, 2, 2).read();
    let placement = Placement::new(Strategy::Compact).avoid(&set("0"));
    // Cores 0 with CPU 1 alone, and 1 with CPUs 2 and 3.
    assert_eq!(homes(&placement.plan(&machine, 6).unwrap()), [2, 3, 1, 1, 2, 1]);
}

#[test]
fn modifiers_narrow_and_widen() {
    let machine = Machine { isolated: set("6-7"), ..Machine::regular(1, 1, 2, 2, 2) }.read();
    let compact = Placement::new(Strategy::Compact);
    let all = |placement: &Placement| placement.plan(&machine, 8).unwrap().cpus().to_string();
    assert_eq!(all(&compact), "0-5");
    assert_eq!(all(&compact.clone().include_isolated()), "0-7");
    assert_eq!(all(&compact.clone().within(set("0-3,6")).within(set("2-6"))), "2-3");
    assert_eq!(all(&compact.clone().avoid(&set("0")).avoid(&set("4"))), "1-3,5");
    assert_eq!(all(&compact.clone().leave_first(1)), "2-5");
    assert_eq!(all(&compact.clone().avoid(&set("0-1")).leave_first(1)), "4-5");
    assert_eq!(all(&compact.clone().skip_smt()), "0,2,4");
    let masks = |placement: Placement| -> Vec<_> {
        placement.plan(&machine, 2).unwrap().into_iter().map(|slot| slot.cpus.to_string()).collect()
    };
    assert_eq!(masks(compact.clone().skip_smt().width(Width::Core)), ["0-1", "2-3"]);
    assert_eq!(masks(compact.clone().width(Width::L3)), ["0-3", "0-3"]);
    assert_eq!(masks(compact.width(Width::Node)), ["0-5", "0-5"]);
}

#[test]
fn where_nothing_is_left_says_so() {
    let machine = Machine { isolated: set("0-3"), ..Machine::regular(1, 2, 1, 1, 2) }.read();
    let error = Placement::new(Strategy::Unbound).plan(&machine, 1).unwrap_err();
    assert!(matches!(error, PlacementError::NoCpus { allowed } if allowed == set("0-3")));
    let machine = Machine { memory: vec![5], ..Machine::regular(1, 2, 1, 1, 2) }.read();
    let local = |node| Placement::new(Strategy::NodeLocal(node)).plan(&machine, 1);
    assert_eq!(homes(&local(1).unwrap()), [2]);
    assert!(matches!(local(5).unwrap_err(), PlacementError::NoCpus { .. }));
    assert!(matches!(local(3).unwrap_err(), PlacementError::NoSuchNode { node: 3 }));
    assert_eq!(planned(&machine, Strategy::OnePerNode, 3), [0, 2, 1]);
}

#[test]
fn exclusive_counts_what_the_strategy_deals_out() {
    let machine = Machine::regular(2, 1, 2, 2, 2).read();
    let places = |strategy| Placement::new(strategy).plan(&machine, 0).unwrap().places();
    assert_eq!(places(Strategy::Compact), 16);
    assert_eq!(places(Strategy::OnePerCore), 8);
    assert_eq!(places(Strategy::OnePerL3), 4);
    assert_eq!(places(Strategy::OnePerNode), 2);
    assert_eq!(places(Strategy::NodeLocal(1)), 8);
    let exclusive = Placement::new(Strategy::OnePerL3).exclusive();
    assert_eq!(exclusive.plan(&machine, 4).unwrap().len(), 4);
    let error = exclusive.plan(&machine, 5).unwrap_err();
    assert!(matches!(error, PlacementError::TooMany { workers: 5, places: 4 }));
    assert_eq!(error.to_string(), "5 workers and 4 places for them");
}

#[test]
fn explicit_sets_are_used_as_they_are() {
    let machine = Machine { isolated: set("2"), allowed: Some(set("0-5")), ..Machine::regular(1, 1, 2, 2, 2) }.read();
    let explicit = |sets: &[&str]| Placement::new(Strategy::Explicit(sets.iter().map(|list| set(list)).collect()));
    let plan = explicit(&["2", "4-7", "0-1"]).plan(&machine, 5).unwrap();
    let masks: Vec<_> = plan.iter().map(|slot| slot.cpus.to_string()).collect();
    assert_eq!(masks, ["2", "4-5", "0-1", "2", "4-5"]);
    assert_eq!(homes(&plan), [2, 4, 0, 2, 5]);
    assert_eq!(plan.dropped(), &set("6-7"));
    assert_eq!((plan.places(), plan.max_load()), (3, 2));
    assert_eq!(explicit(&["0", "1", "6"]).plan(&machine, 2).unwrap().dropped(), &CpuSet::new());
    let error = explicit(&["0", "6-7"]).plan(&machine, 2).unwrap_err();
    assert!(matches!(&error, PlacementError::NotAllowed { set: 1, cpus } if *cpus == set("6-7")), "{error}");
    assert!(matches!(explicit(&[]).plan(&machine, 1), Err(PlacementError::TooMany { workers: 1, places: 0 })));
    assert!(explicit(&["0"]).exclusive().plan(&machine, 2).is_err());
}

#[test]
fn isolated_cpus_can_be_asked_for_where_threads_start_without_them() {
    let booted = Machine { isolated: set("2-3"), allowed: Some(set("0-1")), ..Machine::regular(1, 1, 1, 6, 1) }.read();
    let cpus = |placement: Placement| placement.plan(&booted, 8).map(|plan| plan.cpus());
    assert_eq!(cpus(Placement::new(Strategy::Compact)).unwrap(), set("0-1"));
    assert_eq!(cpus(Placement::new(Strategy::Compact).include_isolated()).unwrap(), set("0-3"));
    assert_eq!(cpus(Placement::new(Strategy::Explicit(vec![set("2"), set("3-4")]))).unwrap(), set("2-3"));
    // Neither allowed nor isolated.
    let error = cpus(Placement::new(Strategy::Explicit(vec![set("4")]))).unwrap_err();
    assert!(matches!(error, PlacementError::NotAllowed { set: 0, .. }), "{error}");
}

#[test]
fn a_node_of_memory_alone_is_local_to_those_next_to_it() {
    let distances = vec![vec![10, 20, 28], vec![20, 10, 17], vec![28, 17, 10]];
    let machine = Machine { memory: vec![2], distances, ..Machine::regular(1, 2, 1, 2, 1) }.read();
    assert_eq!(planned(&machine, Strategy::NodeLocal(2), 2), [2, 3]);
}

#[test]
fn cores_outside_of_clusters_are_apart_from_each_other() {
    // As on hybrid machines, where the weak cores share an L2 cache by fours: 0-3 alone, 4-7 together.
    let root = tempfile::tempdir().unwrap();
    let machine = Machine::regular(1, 1, 1, 8, 1);
    machine.read_at(root.path());
    for cpu in 0..8 {
        let mask = if cpu < 4 { format!("{:x}", 1 << cpu) } else { "f0".to_owned() };
        let folder = root.path().join(format!("sys/devices/system/cpu/cpu{cpu}/topology"));
        std::fs::write(folder.join("cluster_cpus"), mask).unwrap();
    }
    let machine = Topology::builder().root(root.path()).detect().unwrap();
    assert_eq!(machine.clusters().len(), 1);
    assert_eq!(planned(&machine, Strategy::Scatter, 6), [0, 1, 2, 3, 4, 5]);
    assert_eq!(planned(&machine, Strategy::Compact, 6), [4, 5, 6, 7, 0, 1]);
}

#[test]
fn near_a_device_comes_first_what_is_next_to_it() {
    let distances = vec![vec![10, 30, 20], vec![30, 10, 20], vec![20, 20, 10]];
    let machine = Machine { distances, device: Some(("eth7", 1)), ..Machine::regular(1, 3, 1, 2, 2) };
    let root = tempfile::tempdir().unwrap();
    let machine = machine.read_at(root.path());
    let near = planned(&machine, Strategy::Near("eth7".into()), 13);
    assert_eq!(near, [4, 6, 5, 7, 8, 10, 9, 11, 0, 2, 1, 3, 4]);
    let error = Placement::new(Strategy::Near("eth8".into())).plan(&machine, 1).unwrap_err();
    assert!(matches!(&error, PlacementError::Device { name, .. } if name == "eth8"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn half_a_cache_can_be_a_node_and_two_packages_can_be_one() {
    // Sub-NUMA clusters: each package has one L3 cache and two nodes.
    let cpu = |id: usize| Cpu { id, package: id / 4, node: id / 2, l3: id / 4, core: id, capacity: 1024 };
    let halves = Machine { cpus: (0..8).map(cpu).collect(), ..Machine::default() }.read();
    assert_eq!(planned(&halves, Strategy::Scatter, 8), [0, 4, 2, 6, 1, 5, 3, 7]);
    assert_eq!(planned(&halves, Strategy::OnePerNode, 4), [0, 2, 4, 6]);
    // Nodes turned off in the firmware.
    let cpu = |id: usize| Cpu { id, package: id / 4, node: 0, l3: id / 2, core: id, capacity: 1024 };
    let flat = Machine { cpus: (0..8).map(cpu).collect(), ..Machine::default() }.read();
    assert_eq!(planned(&flat, Strategy::Scatter, 8), [0, 4, 2, 6, 1, 5, 3, 7]);
    assert_eq!(planned(&flat, Strategy::OnePerNode, 3), [0, 1, 2]);
}

#[test]
fn plans_print_one_line_a_worker() {
    let machine = Machine::regular(2, 1, 2, 2, 2).read();
    let plan = Placement::new(Strategy::Scatter).plan(&machine, 3).unwrap();
    let lines = "worker 0: CPU 0 (core 0, L3 0, node 0)\nworker 1: CPU 8 (core 4, L3 2, node 1)\n\
                 worker 2: CPU 4 (core 2, L3 1, node 0)";
    assert_eq!(plan.to_string(), lines);
    let wide = Placement::new(Strategy::Unbound).plan(&machine, 1).unwrap();
    assert_eq!(wide.to_string(), "worker 0: CPUs 0-15");
    assert_eq!((wide.slots()[0].package, wide.slots()[0].kind), (None, Some(0)));
}
