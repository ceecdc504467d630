//! Mappings and pools.

use std::io::ErrorKind;

use bedplate::Demand;
use bedplate::mem::{Effective, HugePages, Mapping};
use bedplate::pool::BlockPool;
use bedplate::topo::{
    Existing, MemPolicy, PolicyError, ResidencySource, Unmoved, bind_region, migrate, migrate_process, region_policy,
    residency, set_thread_policy, thread_policy,
};

use super::witness::{PAGE, all_on, beside, nodes_of, set, touched_beside};

pub fn a_pool_has_its_blocks_on_its_node() {
    for node in [1, 0] {
        // The slabs are added by a thread that is elsewhere.
        beside(1 - node, || {
            let pool =
                BlockPool::builder().max_blocks(1024).slab_blocks(256).node(node, Demand::Require).build().unwrap();
            let blocks: Vec<_> = (0..1024).map(|_| pool.try_acquire().unwrap()).collect();
            assert_eq!(pool.stats().slabs, 4);
            assert!(blocks.iter().all(|block| all_on(node, block.as_full())));
            let effective = pool.effective();
            assert_eq!((effective.node, &effective.nodes), (Some(node), &set(&[node])));
            assert_eq!(effective.policy, Some(MemPolicy::Bind(set(&[node]))));
            // A slab that comes again does so from the same node, beside the pool too.
            drop(blocks);
            assert!(pool.trim(0) > 0);
            assert!(all_on(node, pool.try_acquire().unwrap().as_full()));
            assert!(all_on(node, pool.try_acquire_at_least(1 << 20).unwrap().as_full()));
        });
    }
}

pub fn a_mapping_is_on_its_node() {
    for (node, demand) in [(0, Demand::Prefer), (1, Demand::Prefer), (0, Demand::Require), (1, Demand::Require)] {
        beside(1 - node, || {
            let region = Mapping::builder(3 << 20).node(node, demand).build().unwrap();
            assert!(all_on(node, &region));
            assert_eq!(region.effective().node, Some(node));
            let found = residency(&region).unwrap();
            assert!(found.is_on(node) && !found.is_on(1 - node), "{found}");
            assert_eq!(found.source, ResidencySource::MovePages);
        });
    }
    beside(1, || {
        let region = Mapping::builder(1 << 20).memory(MemPolicy::Local, Demand::Require).build().unwrap();
        assert!(all_on(1, &region));
        assert_eq!((region.effective().node, region.effective().policy), (Some(1), Some(MemPolicy::Local)));
    });
}

pub fn huge_pages_are_on_their_node() {
    for kind in [HugePages::Transparent, HugePages::HugeTlb(2 << 20)] {
        for node in [0, 1] {
            let builder = Mapping::builder(5 << 20).huge_pages(kind, Demand::Require);
            let region = builder.node(node, Demand::Require).build().unwrap();
            assert!(all_on(node, &region), "{kind:?}: {:?}", nodes_of(&region));
            assert_eq!((region.effective().huge_pages, region.effective().node), (Some(2 << 20), Some(node)));
            let found = residency(&region).unwrap();
            assert_eq!((found.on_node(node), found.pages()), (5 << 8, 5 << 8));
        }
    }
    // Node 0 has 8 pages and node 1 has 16, all of which count where no node is bound.
    let builder = Mapping::builder(24 << 20).huge_pages(HugePages::HugeTlb(2 << 20), Demand::Require);
    let refused = builder.clone().node(0, Demand::Require).build().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::OutOfMemory, "{refused}");
    let preferred = builder.node(0, Demand::Prefer).build().unwrap();
    assert_eq!((preferred.effective().node, preferred.effective().nodes), (None, set(&[0, 1])));
}

/// Every page is on the node after that of the page before it.
pub fn interleaved_pages_take_turns(nodes: &[usize]) {
    let policy = MemPolicy::Interleave(set(nodes));
    for demand in [Demand::Prefer, Demand::Require] {
        // No huge page has room.
        let region = Mapping::builder(101 * PAGE).memory(policy.clone(), demand).build().unwrap();
        let found = nodes_of(&region);
        let first = nodes.iter().position(|node| *node as i32 == found[0]).unwrap();
        for (at, node) in found.iter().enumerate() {
            assert_eq!(*node, nodes[(first + at) % nodes.len()] as i32, "page {at} of {found:?}");
        }
        let effective = region.effective();
        assert_eq!((effective.policy, effective.nodes, effective.node), (Some(policy.clone()), set(nodes), None));
        assert_eq!(region_policy(&region).unwrap(), policy);
    }
}

pub fn interleaved_huge_pages_alternate() {
    let builder = Mapping::builder(8 << 20).huge_pages(HugePages::HugeTlb(2 << 20), Demand::Require);
    let region = builder.memory(MemPolicy::Interleave(set(&[0, 1])), Demand::Require).build().unwrap();
    let found = nodes_of(&region);
    let turns: Vec<_> = found.chunks(512).map(|page| page[0]).collect();
    assert!(turns == [0, 1, 0, 1] || turns == [1, 0, 1, 0], "{turns:?}");
    assert!(region.effective().policy.is_some());
}

/// Node `there` can be had, and node `missing` cannot.
pub fn one_node_is_missing(there: usize, missing: usize) {
    let names = |error: &PolicyError| matches!(error, PolicyError::NotAllowed { nodes } if *nodes == set(&[missing]));
    let refused = Mapping::builder(1 << 20).node(missing, Demand::Require).build().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.to_string().contains(&format!("node {missing} does not exist, has no memory")), "{refused}");
    assert!(BlockPool::builder().node(missing, Demand::Require).build().is_err());
    let elsewhere = Mapping::builder(1 << 20).node(missing, Demand::Prefer).build().unwrap();
    assert_eq!(elsewhere.effective(), Effective::default());

    let both = set(&[there, missing]);
    for policy in [MemPolicy::Bind(both.clone()), MemPolicy::Interleave(both.clone()), MemPolicy::PreferredMany(both)] {
        assert!(Mapping::builder(1 << 20).memory(policy.clone(), Demand::Require).build().is_err());
        let region = Mapping::builder(1 << 20).memory(policy.clone(), Demand::Prefer).build().unwrap();
        assert_eq!((region.effective().node, all_on(there, &region)), (Some(there), true), "{policy}");

        assert!(names(&set_thread_policy(&policy, Demand::Require).unwrap_err()), "{policy}");
        let guard = set_thread_policy(&policy, Demand::Prefer).unwrap();
        assert_eq!((guard.dropped(), guard.refused().is_none()), (set(&[missing]), true));
        assert_eq!(guard.effective().unwrap().nodes(), set(&[there]));
        drop(guard);

        let binding = bind_region(&region, &policy, Existing::Leave, Demand::Prefer).unwrap();
        assert_eq!((binding.dropped, binding.effective.unwrap().nodes()), (set(&[missing]), set(&[there])));
        assert!(names(&bind_region(&region, &policy, Existing::Leave, Demand::Require).unwrap_err()));
    }
    let region = touched_beside(0, 1 << 20);
    assert!(names(&migrate(&region, missing, Demand::Require).unwrap_err()));
    assert!(names(&migrate(&region, missing, Demand::Prefer).unwrap().refused.unwrap()));
    assert!(names(&migrate_process(&set(&[there]), &set(&[missing]), Demand::Require).unwrap_err()));
    assert_eq!(thread_policy().unwrap(), MemPolicy::Default);
}

/// Linux 6.1 knows preferences for several nodes, and no weights.
pub fn a_kernel_is_too_old_for_weights() {
    let nodes = set(&[0, 1]);
    let many =
        Mapping::builder(1 << 20).memory(MemPolicy::PreferredMany(nodes.clone()), Demand::Require).build().unwrap();
    assert_eq!(many.effective().policy, Some(MemPolicy::PreferredMany(nodes.clone())));

    let weighted = MemPolicy::WeightedInterleave(nodes);
    let refused = Mapping::builder(1 << 20).memory(weighted.clone(), Demand::Require).build().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
    assert_eq!(
        Mapping::builder(1 << 20).memory(weighted.clone(), Demand::Prefer).build().unwrap().effective().policy,
        None
    );
    assert!(matches!(set_thread_policy(&weighted, Demand::Require), Err(PolicyError::Unsupported)));
    let guard = set_thread_policy(&weighted, Demand::Prefer).unwrap();
    assert!(matches!(guard.refused(), Some(PolicyError::Unsupported)));
    assert_eq!((guard.effective(), guard.dropped()), (Some(&MemPolicy::Default), set(&[0, 1])));
    // And a node that is not there is not taken for a kernel that is too old, nor the other way round.
    let missing = MemPolicy::WeightedInterleave(set(&[1, 5]));
    assert!(matches!(set_thread_policy(&missing, Demand::Require), Err(PolicyError::NotAllowed { .. })));
}

/// Node 1 has 256 MiB, HugeTLB pages included.
pub fn a_node_that_runs_out_is_told() {
    let builder = Mapping::builder(250 << 20);
    let refused = builder.clone().memory(MemPolicy::Preferred(1), Demand::Require).build().unwrap_err();
    assert!(refused.to_string().contains("not all memory"), "{refused}");
    for policy in [MemPolicy::Preferred(1), MemPolicy::Bind(set(&[1]))] {
        let spilled = builder.clone().memory(policy, Demand::Prefer).build().unwrap().effective();
        assert_eq!((spilled.node, spilled.policy, spilled.nodes), (None, None, set(&[0, 1])));
        assert!(spilled.prefaulted);
    }
    let mut region = Mapping::builder(250 << 20).node(0, Demand::Prefer).build().unwrap();
    region[0] = 1;
    let report = migrate(&region, 1, Demand::Prefer).unwrap();
    let left = report.unmoved.iter().map(|(_, pages)| pages).sum::<usize>();
    assert!(report.moved > 0 && left > 0, "{report:?}");
    assert_eq!(report.moved + report.already + left, region.len() / PAGE);
    assert!(report.unmoved.iter().any(|(why, _)| *why == Unmoved::NoMemory), "{report:?}");
    assert_eq!(residency(&region).unwrap().on_node(1), report.moved + report.already);
    assert!(matches!(migrate(&region, 1, Demand::Require), Err(PolicyError::Misplaced)));
}

pub fn slabs_take_turns() {
    let nodes = set(&[1, 2, 3]);
    // No huge page has room, which the kernel could make of them later.
    let builder = BlockPool::builder().max_blocks(300).slab_blocks(60);
    let pool = builder.memory(MemPolicy::Interleave(nodes.clone()), Demand::Require).build().unwrap();
    let blocks: Vec<_> = (0..300).map(|_| pool.try_acquire().unwrap()).collect();
    for node in [1, 2, 3] {
        assert_eq!(blocks.iter().filter(|block| all_on(node, block.as_full())).count(), 100);
    }
    assert_eq!((pool.effective().nodes, pool.effective().policy), (nodes.clone(), Some(MemPolicy::Interleave(nodes))));
}

pub fn memory_comes_from_one_of_many() {
    for node in 0..4 {
        beside(node, || {
            let nodes = set(&[1, 2]);
            let many = MemPolicy::PreferredMany(nodes.clone());
            let region = Mapping::builder(1 << 20).memory(many.clone(), Demand::Require).build().unwrap();
            assert!(region.effective().nodes.is_subset(&nodes));
            // The nearest of them, by the machine's table.
            let nearest = [1, 1, 2, 2][node];
            assert!(all_on(nearest, &region), "from node {node}: {:?}", residency(&region).unwrap());
            assert_eq!(region.effective().node, Some(nearest));
            let bound = Mapping::builder(1 << 20).memory(MemPolicy::Bind(nodes), Demand::Prefer).build().unwrap();
            assert_eq!(region_policy(&bound).unwrap(), many);
            assert_eq!(bound.effective().policy, Some(many));
        });
    }
}

pub fn a_node_without_cpus_has_memory() {
    let pool = BlockPool::builder().max_blocks(256).node(2, Demand::Require).build().unwrap();
    assert!(all_on(2, pool.try_acquire().unwrap().as_full()));
    assert_eq!(pool.effective().node, Some(2));
    interleaved_pages_take_turns(&[0, 2]);
    let region = touched_beside(0, 16 * PAGE);
    assert_eq!(migrate(&region, 2, Demand::Require).unwrap().moved, 16);
}

pub fn cpus_without_memory_take_that_of_the_nearest() {
    beside(1, || {
        let region = Mapping::builder(1 << 20).memory(MemPolicy::Local, Demand::Require).build().unwrap();
        assert!(all_on(0, &region));
        assert_eq!(region.effective().node, Some(0));
    });
}
