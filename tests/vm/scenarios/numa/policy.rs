//! Policies of threads and of addresses.

use bedplate::Demand;
use bedplate::mem::Mapping;
use bedplate::topo::{
    Existing, MemPolicy, Placement, PolicyError, Slot, Strategy, Topology, WorkerSet, bind_region, current_node,
    region_policy, residency, set_thread_policy, thread_policy,
};

use super::witness::{PAGE, all_on, beside, nodes_of, set, touched_beside};

pub fn a_thread_has_its_policy_until_the_guard_is_dropped() {
    beside(0, || {
        let fresh = || {
            let mut region = Mapping::new(64 * PAGE).unwrap();
            region.fill(1);
            region
        };
        assert!(all_on(0, &fresh()));
        let outer = set_thread_policy(&MemPolicy::Bind(set(&[1])), Demand::Require).unwrap();
        assert_eq!(outer.effective(), Some(&MemPolicy::Bind(set(&[1]))));
        assert!(all_on(1, &fresh()));
        // Threads inherit it, and what they do of their own ends with them.
        std::thread::spawn(move || {
            assert_eq!(thread_policy().unwrap(), MemPolicy::Bind(set(&[1])));
            set_thread_policy(&MemPolicy::Local, Demand::Require).unwrap().keep();
        })
        .join()
        .unwrap();
        let inner = set_thread_policy(&MemPolicy::Interleave(set(&[0, 1])), Demand::Require).unwrap();
        let found = nodes_of(&fresh());
        assert_eq!(found.iter().filter(|node| **node == 0).count(), 32, "{found:?}");
        drop(inner);
        assert!(all_on(1, &fresh()));
        drop(outer);
        assert_eq!(thread_policy().unwrap(), MemPolicy::Default);
        assert!(all_on(0, &fresh()));
    });
}

pub fn a_region_is_bound_as_far_as_its_pages_go() {
    beside(0, || {
        let mut region = Mapping::new(10 * PAGE).unwrap();
        let part = &region[PAGE / 2..8 * PAGE + 1];
        let bound = bind_region(part, &MemPolicy::Bind(set(&[1])), Existing::Leave, Demand::Require).unwrap();
        assert_eq!(bound.covered, PAGE / 2..PAGE * 15 / 2);
        assert_eq!(bound.effective, Some(MemPolicy::Bind(set(&[1]))));
        region.fill(1);
        assert_eq!(nodes_of(&region), [0, 1, 1, 1, 1, 1, 1, 1, 0, 0]);
        assert_eq!(region_policy(&region).unwrap(), MemPolicy::Default);
        assert_eq!(region_policy(&region[PAGE..]).unwrap(), MemPolicy::Bind(set(&[1])));
        let found = residency(&region[PAGE / 2..8 * PAGE + 1]).unwrap();
        assert_eq!((found.on, found.absent), (vec![(0, 2), (1, 7)], 0));
    });
}

pub fn pages_that_are_there_are_left_moved_or_looked_at() {
    let bind = |region: &[u8], existing, demand| bind_region(region, &MemPolicy::Bind(set(&[1])), existing, demand);
    let region = touched_beside(0, 16 * PAGE);
    for demand in [Demand::Prefer, Demand::Require] {
        let looked_at = bind(&region, Existing::MustMatch, demand);
        let refused = looked_at.map_or_else(Some, |binding| binding.refused);
        assert!(matches!(refused, Some(PolicyError::Misplaced)), "{refused:?}");
        assert_eq!(region_policy(&region).unwrap(), MemPolicy::Default);
    }
    bind(&region, Existing::Leave, Demand::Require).unwrap();
    assert!(all_on(0, &region));
    let moved = bind(&region, Existing::Move, Demand::Require).unwrap();
    assert!(moved.refused.is_none() && all_on(1, &region));
    bind(&region, Existing::MustMatch, Demand::Require).unwrap();
    // Without a policy, nothing has to match, and everything may move to where this thread is.
    bind_region(&region, &MemPolicy::Local, Existing::MustMatch, Demand::Require).unwrap();
    beside(0, || {
        bind_region(&region, &MemPolicy::Local, Existing::Move, Demand::Require).unwrap();
        assert!(all_on(0, &region));
    });
}

pub fn workers_have_memory_of_their_nodes() {
    let machine = Topology::detect().unwrap();
    let plan = || Placement::new(Strategy::OnePerNode).plan(&machine, 2).unwrap();
    let policy = |node: usize| MemPolicy::Bind(set(&[node]));
    let own = |slot: &Slot| policy(slot.node.unwrap());
    let workers = WorkerSet::builder(plan()).memory_with(own, Demand::Require).spawn(|worker| {
        let mut memory = Mapping::new(16 * PAGE).unwrap();
        memory.fill(1);
        let node = worker.slot().node.unwrap();
        (node, current_node().unwrap(), all_on(node, &memory), thread_policy().unwrap())
    });
    let workers = workers.unwrap();
    for (at, report) in workers.reports().iter().enumerate() {
        assert_eq!((&report.memory, report.memory_refused.is_none()), (&Some(policy(at)), true), "{report}");
    }
    let found: Vec<_> = workers.join().into_iter().map(Result::unwrap).collect();
    assert_eq!(found, [(0, 0, true, policy(0)), (1, 1, true, policy(1))]);

    // What one does not get, none has.
    let elsewhere = |slot: &Slot| policy(slot.node.unwrap() + 1);
    let refused = WorkerSet::builder(plan()).memory_with(elsewhere, Demand::Require).spawn(|_| panic!("runs"));
    let refused = refused.map(|workers: WorkerSet<()>| workers.len()).unwrap_err().to_string();
    assert!(refused.contains("node 2 does not exist"), "{refused}");
    let workers = WorkerSet::builder(plan()).memory_with(elsewhere, Demand::Prefer).spawn(|_| thread_policy().unwrap());
    let workers = workers.unwrap();
    let told = workers.reports().iter().map(|report| report.memory_refused.is_some()).collect::<Vec<_>>();
    assert_eq!(told, [false, true]);
    let found: Vec<_> = workers.join().into_iter().map(Result::unwrap).collect();
    assert_eq!(found, [MemPolicy::Preferred(1), MemPolicy::Default]);
}
