//! Memory of one node.

use std::fs;
use std::io;
use std::path::Path;

use bedplate::Demand;
use bedplate::mem::{Effective, HugePages, Mapping};
use bedplate::topo::{MemPolicy, NodeSet, Topology, current_node, region_policy, thread_policy};

use crate::pages::{all_on, nodes_at, nodes_of};
use crate::support::{addresses, areas, huge_pages_are_on};

/// Whether the kernel should let a mapping be bound. Where this says no, why is printed.
fn may_bind(refused: Option<&io::Error>) -> bool {
    let knows_nodes = Path::new("/proc/self/numa_maps").exists();
    let permitted = refused.is_none_or(|error| error.kind() != io::ErrorKind::PermissionDenied);
    if !(knows_nodes && permitted) {
        eprintln!("skipped: this kernel or container does not let memory be bound: {refused:?}");
    }
    knows_nodes && permitted
}

/// The policy that the kernel shows of the area with these bytes, which may be a part of a larger one.
fn policy_of(bytes: &[u8]) -> String {
    let maps = fs::read_to_string("/proc/self/numa_maps").unwrap();
    let areas = maps.lines().filter_map(|line| {
        let (start, rest) = line.split_once(' ')?;
        Some((usize::from_str_radix(start, 16).ok()?, rest.split(' ').next()?))
    });
    let before = areas.filter(|(start, _)| *start <= addresses(bytes).start);
    before.max().expect("an area has the bytes").1.to_owned()
}

#[test]
fn memory_of_the_own_node_can_be_had_and_is_told_as_it_is() {
    let node = current_node().unwrap();
    for (demand, policy) in [(Demand::Require, "bind:"), (Demand::Prefer, "prefer:")] {
        match Mapping::builder(1 << 20).node(node, demand).build() {
            Ok(region) if region.effective().node == Some(node) => {
                assert_eq!(region.effective().huge_pages, None);
                assert!(region.effective().prefaulted);
                assert!(policy_of(&region).starts_with(policy), "{}", policy_of(&region));
                assert!(all_on(node, &region), "{:?}", nodes_of(&region));
            }
            Ok(region) => {
                assert!(!demand.required());
                assert!(!may_bind(Some(&io::ErrorKind::PermissionDenied.into())), "{:?}", region.effective());
            }
            Err(refused) => assert!(demand.required() && !may_bind(Some(&refused)), "{refused}"),
        }
    }
}

#[test]
fn a_node_that_is_not_there_is_an_error_where_it_is_required_and_none_where_it_is_preferred() {
    // The largest number that any kernel could know, one it could not, and one that is past every mask.
    for node in [1023, 1024, usize::MAX] {
        let error = Mapping::builder(1 << 20).node(node, Demand::Require).build().unwrap_err();
        assert!(error.to_string().starts_with("memory by the policy "), "{error}");
        assert!(error.to_string().contains(&format!(" was refused: node {node} does not exist")), "{error}");
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let region = Mapping::builder(1 << 20).node(node, Demand::Prefer).build().unwrap();
        assert_eq!(region.effective(), Effective::default());
    }
}

#[test]
fn a_policy_is_had_before_anything_is_touched_and_told_with_what_came_of_it() {
    let Ok(policy) = bind_to_all() else { return };
    let nodes = policy.nodes();
    let policies = [
        (policy.clone(), Demand::Require, policy.clone()),
        (MemPolicy::Interleave(nodes.clone()), Demand::Require, MemPolicy::Interleave(nodes.clone())),
        (MemPolicy::Interleave(nodes.clone()), Demand::Prefer, MemPolicy::Interleave(nodes.clone())),
        (MemPolicy::Local, Demand::Require, MemPolicy::Local),
        (MemPolicy::Default, Demand::Require, MemPolicy::Default),
        // Some of the nodes are not there.
        (MemPolicy::Interleave(&nodes | &NodeSet::single(1023)), Demand::Prefer, MemPolicy::Interleave(nodes.clone())),
    ];
    for (asked, demand, granted) in policies {
        let region = Mapping::builder((1 << 20) + 1).memory(asked.clone(), demand).build().unwrap();
        let effective = region.effective();
        assert_eq!(effective.policy, Some(granted), "{asked} {demand:?}");
        assert!(effective.prefaulted && effective.nodes.is_subset(&nodes) && !effective.nodes.is_empty());
        assert_eq!(effective.node.is_some(), effective.nodes.len() == 1);
        assert_eq!(region_policy(&region).unwrap(), effective.policy.unwrap());
    }
    let off = Mapping::builder(1 << 20).memory(MemPolicy::Bind(NodeSet::new()), Demand::Off).build().unwrap();
    assert_eq!(off.effective(), Effective::default());
    let region = Mapping::builder(1 << 20).memory(policy, Demand::Require).node(1023, Demand::Prefer).build().unwrap();
    assert_eq!(region.effective(), Effective::default());
}

#[test]
fn a_policy_that_cannot_be_had_is_an_error_where_it_is_required_and_none_where_it_is_preferred() {
    let Ok(all) = bind_to_all() else { return };
    for missing in [&all.nodes() | &NodeSet::single(900), NodeSet::single(900)] {
        for policy in [MemPolicy::Bind(missing.clone()), MemPolicy::Interleave(missing.clone())] {
            let error = Mapping::builder(1 << 20).memory(policy.clone(), Demand::Require).build().unwrap_err();
            assert!(error.to_string().contains("node 900 does not exist"), "{error}");
        }
    }
    for policy in [MemPolicy::Bind(NodeSet::new()), MemPolicy::Preferred(1023)] {
        assert!(Mapping::builder(1 << 20).memory(policy.clone(), Demand::Require).build().is_err());
        let region = Mapping::builder(1 << 20).memory(policy, Demand::Prefer).build().unwrap();
        assert_eq!(region.effective(), Effective::default());
    }
}

/// All nodes that may be had; an error, with a line that says so, where no policy may.
fn bind_to_all() -> io::Result<MemPolicy> {
    let nodes = Topology::detect()?.allowed_nodes().clone();
    thread_policy().inspect_err(|error| eprintln!("skipped: no policies: {error}"))?;
    Ok(MemPolicy::Bind(nodes))
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod filtered {
    use super::*;
    use crate::filter::refuse;

    fn refusing(calls: &[std::ffi::c_long], test: impl FnOnce(NodeSet) + Send) {
        std::thread::scope(|s| {
            s.spawn(|| match (bind_to_all(), refuse(calls)) {
                (Ok(all), Ok(())) => test(all.nodes()),
                _ => eprintln!("skipped: no policies, or no filters"),
            });
        });
    }

    #[test]
    fn memory_is_had_without_a_policy_where_that_is_refused() {
        refusing(&[libc::SYS_mbind], |nodes| {
            for policy in [MemPolicy::Bind(nodes.clone()), MemPolicy::Interleave(nodes.clone()), MemPolicy::Local] {
                let error = Mapping::builder(1 << 20).memory(policy.clone(), Demand::Require).build().unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied, "{error}");
                let mut region = Mapping::builder(1 << 20).memory(policy, Demand::Prefer).build().unwrap();
                assert_eq!(region.effective(), Effective::default());
                region.fill(1);
            }
        });
    }

    /// As in containers that let memory be bound.
    #[test]
    fn where_pages_are_is_known_without_move_pages() {
        refusing(&[libc::SYS_move_pages], |nodes| {
            let huge = Mapping::builder(4 << 20).huge_pages(HugePages::Transparent, Demand::Prefer);
            for builder in [Mapping::builder(1 << 20), huge] {
                let region = builder.memory(MemPolicy::Bind(nodes.clone()), Demand::Require).build().unwrap();
                assert_eq!(region.effective().policy, Some(MemPolicy::Bind(nodes.clone())));
                assert!(!region.effective().nodes.is_empty());
            }
        });
    }

    #[test]
    fn where_nothing_is_told_a_preference_is_not_said_to_be_met() {
        refusing(&[libc::SYS_move_pages, libc::SYS_get_mempolicy], |nodes| {
            let region = Mapping::builder(1 << 20).node(nodes.first().unwrap(), Demand::Prefer).build().unwrap();
            assert_eq!((region.effective().node, region.effective().policy), (None, None));
            assert!(Mapping::builder(1 << 20).node(nodes.first().unwrap(), Demand::Require).build().is_err());
        });
    }
}

#[test]
fn huge_pages_come_from_the_node() {
    let node = current_node().unwrap();
    // The last huge page is not full.
    let builder = Mapping::builder(5 << 20).huge_pages(HugePages::Transparent, Demand::Prefer);
    let region = builder.node(node, Demand::Prefer).build().unwrap();
    let effective = region.effective();
    if let Some(size) = effective.huge_pages.filter(|_| effective.node.is_some()) {
        let start = addresses(&region).start;
        let pages = nodes_at(start..start + (5usize << 20).next_multiple_of(size));
        assert!(pages.iter().all(|page| *page == i32::try_from(node).unwrap()), "{pages:?}");
        assert_eq!(areas("maps", addresses(&region)).len(), 1);
    } else {
        assert!(!huge_pages_are_on() || !may_bind(Some(&io::ErrorKind::PermissionDenied.into())));
    }
}
