//! What a filter refuses.

use std::io::ErrorKind;

use bedplate::Demand;
use bedplate::mem::{Effective, HugePages, Mapping};
use bedplate::pool::BlockPool;
use bedplate::topo::{
    Existing, MemPolicy, PolicyError, ResidencySource, bind_region, migrate, migrate_process, residency,
    set_thread_policy, thread_policy,
};

use super::witness::{PAGE, set, touched_beside};
use crate::filter;

pub fn memory_is_had_without_binding() {
    filter::refuse(&[libc::SYS_mbind, libc::SYS_set_mempolicy, libc::SYS_get_mempolicy]).unwrap();
    let policies = [MemPolicy::Bind(set(&[1])), MemPolicy::Interleave(set(&[0, 1])), MemPolicy::Local];
    for policy in policies {
        let builder = Mapping::builder(1 << 20).memory(policy.clone(), Demand::Require);
        assert_eq!(builder.build().unwrap_err().kind(), ErrorKind::PermissionDenied);
        let region = Mapping::builder(1 << 20).memory(policy, Demand::Prefer).build().unwrap();
        assert_eq!(region.effective(), Effective::default());
    }
    let refused = BlockPool::builder().node(1, Demand::Require).build().unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let pool = BlockPool::builder().max_blocks(4).node(1, Demand::Prefer).build().unwrap();
    assert_eq!(pool.effective(), Effective::default());
    pool.try_acquire().unwrap().as_full_mut().fill(1);
    // What still may be asked is.
    let region = touched_beside(1, 16 * PAGE);
    assert!(residency(&region).unwrap().is_on(1));
    let binding = bind_region(&region, &MemPolicy::Preferred(1), Existing::Leave, Demand::Prefer).unwrap();
    assert!(matches!(binding.refused, Some(PolicyError::System(error)) if error.kind() == ErrorKind::PermissionDenied));
    assert_eq!(binding.effective, None);
}

pub fn a_thread_goes_on_without_a_policy() {
    filter::refuse(&[libc::SYS_set_mempolicy]).unwrap();
    let refused = set_thread_policy(&MemPolicy::Preferred(1), Demand::Require).unwrap_err();
    assert!(matches!(refused, PolicyError::System(error) if error.kind() == ErrorKind::PermissionDenied));
    let guard = set_thread_policy(&MemPolicy::Preferred(1), Demand::Prefer).unwrap();
    assert!(matches!(guard.refused(), Some(PolicyError::System(_))));
    assert_eq!((guard.effective(), guard.dropped()), (Some(&MemPolicy::Default), set(&[1])));
    assert!(guard.restore().is_ok() || thread_policy().unwrap() == MemPolicy::Default);
}

pub fn where_pages_are_is_found_without_move_pages() {
    filter::refuse(&[libc::SYS_move_pages]).unwrap();
    let on_one = Mapping::builder(3 << 20).node(1, Demand::Require).build().unwrap();
    assert_eq!(on_one.effective().node, Some(1));
    let both = MemPolicy::Interleave(set(&[0, 1]));
    let on_both = Mapping::builder(100 * PAGE).memory(both.clone(), Demand::Require).build().unwrap();
    assert_eq!((on_both.effective().policy, on_both.effective().nodes), (Some(both), set(&[0, 1])));
    let pool = BlockPool::builder().max_blocks(4).node(1, Demand::Require).build().unwrap();
    assert_eq!(pool.effective().node, Some(1));
}

pub fn where_pages_are_is_found_in_a_file() {
    filter::refuse(&[libc::SYS_move_pages]).unwrap();
    let region = Mapping::builder(100 * PAGE).node(1, Demand::Require).build().unwrap();
    let found = residency(&region).unwrap();
    assert_eq!(found.source, ResidencySource::NumaMaps);
    assert!(found.is_on(1) && !found.is_on(0), "{found}");
    assert_eq!(found.on, [(1, 100)]);
    let both = MemPolicy::Interleave(set(&[0, 1]));
    let region = Mapping::builder(100 * PAGE).memory(both, Demand::Require).build().unwrap();
    assert_eq!(residency(&region).unwrap().on, [(0, 50), (1, 50)]);
    // Huge pages count as small ones, whose size the file tells of the first alone.
    for kind in [HugePages::Transparent, HugePages::HugeTlb(2 << 20)] {
        let region =
            Mapping::builder(4 << 20).huge_pages(kind, Demand::Require).node(0, Demand::Require).build().unwrap();
        let found = residency(&region).unwrap();
        assert_eq!((found.on.clone(), found.absent), (vec![(0, 1024)], 0), "{kind:?}: {found}");
    }
}

fn denied(error: &PolicyError) -> bool {
    matches!(error, PolicyError::System(error) if error.kind() == ErrorKind::PermissionDenied)
}

pub fn pages_stay_where_moving_is_refused() {
    let region = touched_beside(0, 16 * PAGE);
    filter::refuse(&[libc::SYS_move_pages, libc::SYS_migrate_pages]).unwrap();
    assert!(denied(&migrate(&region, 1, Demand::Require).unwrap_err()));
    let report = migrate(&region, 1, Demand::Prefer).unwrap();
    assert!(denied(&report.refused.unwrap()));
    assert_eq!(report.moved, 0);
    assert!(denied(&migrate_process(&set(&[0]), &set(&[1]), Demand::Require).unwrap_err()));
    assert!(denied(&migrate_process(&set(&[0]), &set(&[1]), Demand::Prefer).unwrap().refused.unwrap()));
    assert!(residency(&region).unwrap().on_node(0) >= 16);
}
