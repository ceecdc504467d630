use bedplate::topo::cross_check::{Part, Side};
use bedplate::topo::{CpuSet, Topology, allowed_cpus, pin_current};

use crate::tree::Tree;

#[test]
fn hwloc_sees_the_same_machine() {
    let machine = Topology::detect().unwrap();
    let check = machine.cross_check().unwrap();
    assert!(!check.hwloc_cpus.is_empty());
    assert!(check.hwloc_cpus.is_subset(machine.online()), "{check:?}");
    assert!(check.agrees(), "{check:?}");
    assert_eq!(check.cpus.ours, check.hwloc_cpus.len());
    assert!(check.cores.agrees() && check.nodes.agrees(), "{check:?}");
    // What a thread is bound to hides nothing from hwloc.
    let one = CpuSet::single(allowed_cpus().unwrap().first().unwrap());
    let _pinned = pin_current(&one).unwrap();
    assert_eq!(Topology::detect().unwrap().cross_check().unwrap(), check);
}

#[test]
fn a_machine_that_is_not_this_one_does_not_agree() {
    let empty = tempfile::tempdir().unwrap();
    let other = Topology::builder().sysfs(empty.path()).allowed([4000].into()).detect().unwrap();
    let check = other.cross_check().unwrap();
    assert!(!check.agrees());
    assert_eq!(check.cpus.ours, 0);
    assert!(check.differences.iter().all(|difference| (difference.part, difference.only) == (Part::Cpu, Side::Hwloc)));
    assert_eq!(check.differences.len(), check.cpus.hwloc);
}

#[test]
fn sets_are_compared_and_not_only_counts() {
    let machine = Topology::detect().unwrap();
    let here = machine.cross_check().unwrap();
    let [first, second] = machine.cores() else {
        println!("skipped: not two cores here");
        return;
    };
    if first.cpus.len() + second.cpus.len() != 2 || here.hwloc_cpus != CpuSet::from([0, 1]) {
        println!("skipped: not CPUs 0 and 1 alone here");
        return;
    }
    // As many caches, which others share.
    let tree = Tree::of_cores(2);
    tree.cache(0, 0, ["1", "Data", "32K", "3"]);
    tree.cache(1, 1, ["1", "Unified", "32K", "2"]);
    let check = tree.detect().cross_check().unwrap();
    let wrong: Vec<_> =
        check.differences.iter().map(|difference| (difference.cpus.to_string(), difference.only)).collect();
    let part = Part::Cache { level: 1 };
    if here.differences.is_empty() && here.caches.hwloc > 0 {
        assert!(check.differences.iter().all(|difference| difference.part == part), "{check:?}");
        assert_eq!(wrong, [("0-1".to_owned(), Side::Topology), ("0".to_owned(), Side::Hwloc)]);
        assert_eq!(check.differences[0].to_string(), "L1 cache with CPUs `0-1` is seen only by the topology");
    }
}
