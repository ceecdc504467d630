//! Memory of one node.

use std::fs;
use std::io;
use std::path::Path;

use bedplate::Demand;
use bedplate::mem::{Effective, HugePages, Mapping};
use bedplate::topo::current_node;

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

/// How many pages of the area at `bytes` the kernel counts on `node`, and its policy. No other test has mappings with
/// that policy that the kernel could make one area of with this.
fn pages_on(node: usize, bytes: &[u8]) -> (usize, String) {
    let start = format!("{:x} ", addresses(bytes).start);
    let maps = fs::read_to_string("/proc/self/numa_maps").unwrap();
    let line = maps.lines().find_map(|line| line.strip_prefix(&start)).expect("an area of its own begins there");
    let count = line.split(' ').find_map(|word| word.strip_prefix(&format!("N{node}=")));
    (count.map_or(0, |count| count.parse().unwrap()), line.split(' ').next().unwrap().to_owned())
}

#[test]
fn memory_of_the_own_node_can_be_had_and_is_told_as_it_is() {
    let node = current_node().unwrap();
    for (demand, policy) in [(Demand::Require, "bind:"), (Demand::Prefer, "prefer:")] {
        match Mapping::builder(1 << 20).node(node, demand).build() {
            Ok(region) if region.effective().node == Some(node) => {
                assert_eq!(region.effective().huge_pages, None);
                assert!(region.effective().prefaulted);
                let (count, told) = pages_on(node, &region);
                assert!(told.starts_with(policy), "{told}");
                assert_eq!(count, region.len() / rustix::param::page_size());
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
        assert!(error.to_string().starts_with(&format!("memory of node {node} was refused: ")), "{error}");
        let region = Mapping::builder(1 << 20).node(node, Demand::Prefer).build().unwrap();
        assert_eq!(region.effective(), Effective::default());
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
        assert_eq!(pages_on(node, &region).0 * rustix::param::page_size(), (5usize << 20).next_multiple_of(size));
        assert_eq!(areas("maps", addresses(&region)).len(), 1);
    } else {
        assert!(!huge_pages_are_on() || !may_bind(Some(&io::ErrorKind::PermissionDenied.into())));
    }
}
