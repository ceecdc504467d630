use bedplate::topo::Topology;

#[test]
fn hwloc_sees_the_same_machine() {
    let machine = Topology::detect().unwrap();
    let check = machine.cross_check().unwrap();
    assert!(!check.hwloc_cpus.is_empty());
    assert!(check.hwloc_cpus.is_subset(machine.online()), "{check:?}");
    assert!(check.agrees(), "{check:?}");
}

#[test]
fn a_machine_that_is_not_this_one_does_not_agree() {
    let empty = tempfile::tempdir().unwrap();
    let other = Topology::builder().sysfs(empty.path()).allowed([4000].into()).detect().unwrap();
    let check = other.cross_check().unwrap();
    assert!(!check.agrees());
    assert_eq!(check.cpus.ours, 0);
}
