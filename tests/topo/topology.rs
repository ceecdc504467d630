use std::fs;
use std::path::Path;

use bedplate::topo::{CpuSet, NodeSet, Topology, Warning, allowed_cpus};

/// A tree of files that is made up, in the place of `/sys` and `/proc`.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(path, text)| tree.write(path, text));
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A CPU in `devices/system/cpu` as today's kernels show it.
    fn cpu(&self, cpu: usize, package: &str, core: &str, core_cpus: &str, package_cpus: &str) {
        let folder = format!("devices/system/cpu/cpu{cpu}/topology");
        self.write(&format!("{folder}/physical_package_id"), package);
        self.write(&format!("{folder}/core_id"), core);
        self.write(&format!("{folder}/core_cpus"), core_cpus);
        self.write(&format!("{folder}/package_cpus"), package_cpus);
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn detect(&self) -> Topology {
        Topology::builder().sysfs(self.path()).procfs(self.path()).detect().unwrap()
    }
}

fn cores(machine: &Topology) -> Vec<String> {
    machine.cores().iter().map(|core| core.cpus.to_string()).collect()
}

/// What holds for every topology, whatever it was read from.
fn assert_whole(machine: &Topology) {
    let ids: CpuSet = machine.cpus().iter().map(|cpu| cpu.id).collect();
    assert_eq!(&ids, machine.online());
    for cpu in machine.cpus() {
        assert_eq!(machine.cpu(cpu.id), Some(cpu));
        let core = &machine.cores()[cpu.core];
        assert!(core.cpus.contains(cpu.id));
        assert_eq!(core.package, cpu.package);
        assert!(core.cpus.is_subset(&machine.packages()[cpu.package].cpus));
        assert!(cpu.l3.is_none_or(|l3| machine.l3_domains()[l3].cpus.contains(cpu.id)));
        assert!(machine.node(cpu.node).unwrap().cpus.contains(cpu.id));
    }
    let shares = |sets: Vec<&CpuSet>| sets.iter().map(|set| set.len()).sum::<usize>();
    assert_eq!(shares(machine.cores().iter().map(|core| &core.cpus).collect()), ids.len());
    assert_eq!(shares(machine.packages().iter().map(|package| &package.cpus).collect()), ids.len());
    assert_eq!(shares(machine.nodes().iter().map(|node| &node.cpus).collect()), ids.len());
}

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
    let tree = Tree::new(&[("devices/system/cpu/online", "0-7\n")]);
    for cpu in 0..8 {
        let package = cpu / 4;
        // Siblings are two apart: 0 and 2, 1 and 3 …
        let mask = format!("{:x}", 0b101 << (cpu % 2 + 4 * package));
        let packages = format!("{:x}", 0xf << (4 * package));
        tree.cpu(cpu, &package.to_string(), &(cpu % 2).to_string(), &mask, &packages);
    }
    let machine = tree.detect();
    assert_whole(&machine);
    assert_eq!(cores(&machine), ["0,2", "1,3", "4,6", "5,7"]);
    assert_eq!(machine.cores()[2].id, Some(0));
    assert_eq!(machine.cores()[2].package, 1);
    assert_eq!(machine.packages()[1].id, Some(1));
    assert_eq!(machine.packages()[1].cpus.to_string(), "4-7");
}

#[test]
fn siblings_with_core_numbers_of_their_own_are_cores() {
    let tree = Tree::new(&[("devices/system/cpu/online", "0-1")]);
    tree.cpu(0, "0", "0", "3", "3");
    tree.cpu(1, "0", "1", "3", "3");
    assert_eq!(cores(&tree.detect()), ["0", "1"]);
}

#[test]
fn offline_cpus_are_in_nothing() {
    let tree = Tree::new(&[
        ("devices/system/cpu/online", "0,2-3\0"),
        ("devices/system/node/node0/cpumap", "f"),
        ("devices/system/node/node0/meminfo", "Node 0 MemTotal:        1024 kB\n"),
    ]);
    for cpu in [0, 2, 3] {
        tree.cpu(cpu, "0", &(cpu / 2).to_string(), if cpu < 2 { "3" } else { "c" }, "f");
        tree.write(&format!("devices/system/cpu/cpu{cpu}/cache/index3/level"), "3");
        tree.write(&format!("devices/system/cpu/cpu{cpu}/cache/index3/type"), "Unified");
        tree.write(&format!("devices/system/cpu/cpu{cpu}/cache/index3/size"), "30M");
        tree.write(&format!("devices/system/cpu/cpu{cpu}/cache/index3/shared_cpu_map"), "f");
    }
    let machine = tree.detect();
    assert_whole(&machine);
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
        ("devices/system/cpu/cpu0/topology/thread_siblings", "1"),
        ("devices/system/cpu/cpu1/online", "1\n"),
        ("devices/system/cpu/cpu1/topology/thread_siblings", "2"),
        ("devices/system/cpu/cpu2/online", "0\n"),
        ("devices/system/cpu/cpu10/crash_notes", ""),
        ("devices/system/cpu/cpufreq/boost", "1"),
    ]);
    assert_eq!(tree.detect().online().to_string(), "0-1");
}

#[test]
fn a_masked_tree_gives_a_plain_machine_and_says_so() {
    let tree = Tree::new(&[("meminfo", "MemTotal:       2048 kB\nMemFree: 1 kB\n")]);
    let builder = Topology::builder().sysfs(tree.path()).procfs(tree.path());
    let machine = builder.allowed(CpuSet::from([1, 5])).detect().unwrap();
    assert_whole(&machine);
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
    let tree = Tree::new(&[("devices/system/cpu/online", "0-1")]);
    let machine = Topology::builder().sysfs(tree.path()).allowed(CpuSet::from([1, 6])).detect().unwrap();
    assert_eq!(machine.online().to_string(), "0-1,6");
    assert_eq!(machine.allowed().to_string(), "1,6");
    assert!(machine.warnings().contains(&Warning::Contradicted { cpus: CpuSet::single(6) }));
}

#[test]
fn nodes_may_lack_cpus_or_memory_and_have_gaps() {
    let tree = Tree::new(&[
        ("devices/system/cpu/online", "0-1"),
        ("devices/system/node/node2/cpulist", "0\n"),
        ("devices/system/node/node2/meminfo", "Node 2 MemTotal: 0 kB"),
        ("devices/system/node/node10/cpulist", ""),
        ("devices/system/node/node10/meminfo", "Node 10 MemTotal: 64 kB"),
        ("devices/system/node/possible", "0-15"),
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
    let tree = Tree::new(&[("devices/system/cpu/online", "0-3")]);
    for cpu in 0..4 {
        tree.write(&format!("devices/system/cpu/cpu{cpu}/topology/physical_package_id"), ["7", "9"][cpu % 2]);
    }
    let packages: Vec<_> =
        tree.detect().packages().iter().map(|package| (package.id, package.cpus.to_string())).collect();
    assert_eq!(packages, [(Some(7), "0,2".to_owned()), (Some(9), "1,3".to_owned())]);
}

#[test]
fn a_file_that_is_not_understood_is_named() {
    let tree = Tree::new(&[("devices/system/cpu/online", "0-one"), ("devices/system/cpu/cpu0/online", "1")]);
    let machine = tree.detect();
    assert_eq!(machine.online().to_string(), "0");
    let path = tree.path().join("devices/system/cpu/online");
    let told = machine.warnings()[0].to_string();
    assert_eq!(told, format!("{} is not understood: `one` at byte 2 is not a number", path.display()));
}

#[test]
fn a_tree_without_any_cpu_is_an_error() {
    let tree = Tree::new(&[]);
    let error = Topology::builder().sysfs(tree.path()).detect().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
}
