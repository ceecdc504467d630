use bedplate::topo::{CpuSet, NodeSet, Topology, Warning, allowed_cpus};

use crate::tree::{Tree, assert_whole, cores};

#[test]
fn this_machine_is_whole_and_allows_what_the_kernel_allows() {
    let machine = Topology::detect().unwrap();
    assert_whole(&machine);
    assert_eq!(machine.allowed(), &allowed_cpus().unwrap());
    assert!(machine.allowed().is_subset(machine.online()));
    assert!(machine.nodes().iter().map(|node| node.memory).sum::<u64>() > 0);
}

#[test]
fn core_numbers_that_repeat_per_package_are_different_cores() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-7\n")]);
    for cpu in 0..8 {
        let package = cpu / 4;
        // Siblings are two apart: 0 and 2, 1 and 3 …
        let mask = format!("{:x}", 0b101 << (cpu % 2 + 4 * package));
        let packages = format!("{:x}", 0xf << (4 * package));
        tree.cpu(cpu, &package.to_string(), &(cpu % 2).to_string(), &mask, &packages);
    }
    let machine = tree.detect();
    assert_eq!(cores(&machine), ["0,2", "1,3", "4,6", "5,7"]);
    assert_eq!(machine.cores()[2].id, Some(0));
    assert_eq!(machine.cores()[2].package, 1);
    assert_eq!(machine.packages()[1].id, Some(1));
    assert_eq!(machine.packages()[1].cpus.to_string(), "4-7");
}

#[test]
fn siblings_with_core_numbers_of_their_own_are_cores() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-1")]);
    tree.cpu(0, "0", "0", "3", "3");
    tree.cpu(1, "0", "1", "3", "3");
    assert_eq!(cores(&tree.detect()), ["0", "1"]);
}

#[test]
fn offline_cpus_are_in_nothing() {
    let tree = Tree::new(&[
        ("sys/devices/system/cpu/online", "0,2-3\0"),
        ("sys/devices/system/node/node0/cpumap", "f"),
        ("sys/devices/system/node/node0/meminfo", "Node 0 MemTotal:        1024 kB\n"),
    ]);
    for cpu in [0, 2, 3] {
        tree.cpu(cpu, "0", &(cpu / 2).to_string(), if cpu < 2 { "3" } else { "c" }, "f");
        tree.cache(cpu, 3, ["3", "Unified", "30M", "f"]);
    }
    let machine = tree.detect();
    assert_eq!(cores(&machine), ["0", "2-3"]);
    assert_eq!(machine.l3_domains().len(), 1);
    assert_eq!(machine.l3_domains()[0].cpus.to_string(), "0,2-3");
    assert_eq!(machine.l3_domains()[0].size, Some(30 << 20));
    assert_eq!(machine.nodes()[0].memory, 1 << 20);
    assert_eq!(machine.warnings(), []);
}

#[test]
fn without_a_list_each_cpu_says_whether_it_is_online() {
    let tree = Tree::new(&[
        ("sys/devices/system/cpu/cpu0/topology/thread_siblings", "1"),
        ("sys/devices/system/cpu/cpu1/online", "1\n"),
        ("sys/devices/system/cpu/cpu1/topology/thread_siblings", "2"),
        ("sys/devices/system/cpu/cpu2/online", "0\n"),
        ("sys/devices/system/cpu/cpu10/crash_notes", ""),
        ("sys/devices/system/cpu/cpufreq/boost", "1"),
    ]);
    assert_eq!(tree.detect().online().to_string(), "0-1");
}

#[test]
fn a_masked_tree_gives_a_plain_machine_and_says_so() {
    let tree = Tree::new(&[("proc/meminfo", "MemTotal:       2048 kB\nMemFree: 1 kB\n")]);
    let builder = Topology::builder().root(tree.path());
    let machine = builder.allowed(CpuSet::from([1, 5])).detect().unwrap();
    assert_eq!(machine.online().to_string(), "1,5");
    assert_eq!(cores(&machine), ["1", "5"]);
    assert_eq!(machine.packages().len(), 1);
    assert_eq!(machine.node_set(), NodeSet::single(0));
    assert_eq!(machine.nodes()[0].memory, 2 << 20);
    let cpus = CpuSet::from([1, 5]);
    assert_eq!(machine.warnings(), [Warning::NoOnline, Warning::NoTopology { cpus }, Warning::NoNodes]);
}

#[test]
fn cpus_that_are_usable_but_not_listed_are_added() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-1")]);
    let machine = Topology::builder().root(tree.path()).allowed(CpuSet::from([1, 6])).detect().unwrap();
    assert_eq!(machine.online().to_string(), "0-1,6");
    assert_eq!(machine.allowed().to_string(), "1,6");
    assert!(machine.warnings().contains(&Warning::Contradicted { cpus: CpuSet::single(6) }));
}

#[test]
fn nodes_may_lack_cpus_or_memory_and_have_gaps() {
    let tree = Tree::new(&[
        ("sys/devices/system/cpu/online", "0-1"),
        ("sys/devices/system/node/node2/cpulist", "0\n"),
        ("sys/devices/system/node/node2/meminfo", "Node 2 MemTotal: 0 kB"),
        ("sys/devices/system/node/node10/cpulist", ""),
        ("sys/devices/system/node/node10/meminfo", "Node 10 MemTotal: 64 kB"),
        ("sys/devices/system/node/possible", "0-15"),
    ]);
    let machine = tree.detect();
    assert_eq!(machine.node_set(), NodeSet::from([2, 10]));
    assert!(machine.node(10).unwrap().cpus.is_empty());
    assert_eq!(machine.node(10).unwrap().memory, 64 << 10);
    assert_eq!(machine.node(3), None);
    // CPU 1 is in none: the first takes it.
    assert_eq!(machine.node(2).unwrap().cpus.to_string(), "0-1");
    assert!(machine.warnings().contains(&Warning::NoNode { cpus: CpuSet::single(1) }));
}

#[test]
fn packages_are_told_apart_by_number_where_there_is_no_set() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-3")]);
    for cpu in 0..4 {
        tree.cpu_file(cpu, "topology/physical_package_id", ["7", "9"][cpu % 2]);
    }
    let packages: Vec<_> =
        tree.detect().packages().iter().map(|package| (package.id, package.cpus.to_string())).collect();
    assert_eq!(packages, [(Some(7), "0,2".to_owned()), (Some(9), "1,3".to_owned())]);
}

#[test]
fn a_file_that_is_not_understood_is_named() {
    let tree = Tree::new(&[("sys/devices/system/cpu/online", "0-one"), ("sys/devices/system/cpu/cpu0/online", "1")]);
    let machine = tree.detect();
    assert_eq!(machine.online().to_string(), "0");
    let path = tree.path().join("sys/devices/system/cpu/online");
    let told = machine.warnings()[0].to_string();
    assert_eq!(told, format!("{} is not understood: `one` at byte 2 is not a number", path.display()));
}

#[test]
fn a_tree_without_any_cpu_is_an_error() {
    let tree = Tree::new(&[]);
    let error = Topology::builder().root(tree.path()).detect().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
