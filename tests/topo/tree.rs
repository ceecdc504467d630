//! Trees of files that are made up, in the place of `/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bedplate::topo::{CacheKind, CpuSet, Topology};

pub struct Tree(tempfile::TempDir);

impl Tree {
    /// Files by their path below the root, `sys/…` or `proc/…`.
    pub fn new(files: &[(&str, &str)]) -> Self {
        // In memory where there is such a place: a tree has hundreds of files.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let tree = Self(folder.unwrap());
        files.iter().for_each(|(path, text)| tree.write(path, text));
        tree
    }

    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// A file of `cpu` in `sys/devices/system/cpu`.
    pub fn cpu_file(&self, cpu: usize, path: &str, text: &str) {
        self.write(&format!("sys/devices/system/cpu/cpu{cpu}/{path}"), text);
    }

    /// A CPU as today's kernels show it.
    pub fn cpu(&self, cpu: usize, package: &str, core: &str, core_cpus: &str, package_cpus: &str) {
        self.cpu_file(cpu, "topology/physical_package_id", package);
        self.cpu_file(cpu, "topology/core_id", core);
        self.cpu_file(cpu, "topology/core_cpus", core_cpus);
        self.cpu_file(cpu, "topology/package_cpus", package_cpus);
    }

    /// CPUs of one package and of a core each; and which of them are online.
    pub fn of_cores(count: usize) -> Self {
        let tree = Self::new(&[]);
        tree.write("sys/devices/system/cpu/online", format!("0-{}\n", count - 1));
        let all = CpuSet::from_iter(0..count).to_mask();
        (0..count).for_each(|cpu| tree.cpu(cpu, "0", &cpu.to_string(), &CpuSet::single(cpu).to_mask(), &all));
        tree
    }

    pub fn cache(&self, cpu: usize, index: usize, [level, kind, size, cpus]: [&str; 4]) {
        for (name, text) in [("level", level), ("type", kind), ("size", size), ("shared_cpu_map", cpus)] {
            self.cpu_file(cpu, &format!("cache/index{index}/{name}"), text);
        }
        self.cpu_file(cpu, &format!("cache/index{index}/coherency_line_size"), "64\n");
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn detect(&self) -> Topology {
        let machine = Topology::builder().root(self.path()).detect().unwrap();
        assert_whole(&machine);
        machine
    }
}

/// The sets of groups, to compare.
pub fn lists<'a>(sets: impl IntoIterator<Item = &'a CpuSet>) -> Vec<String> {
    sets.into_iter().map(CpuSet::to_string).collect()
}

pub fn cores(machine: &Topology) -> Vec<String> {
    lists(machine.cores().iter().map(|core| &core.cpus))
}

/// What holds for every topology, whatever it was read from.
pub fn assert_whole(machine: &Topology) {
    let online = machine.online();
    let ids: CpuSet = machine.cpus().iter().map(|cpu| cpu.id).collect();
    assert_eq!(&ids, online);
    for cpu in machine.cpus() {
        assert_eq!(machine.cpu(cpu.id), Some(cpu));
        let (core, die) = (&machine.cores()[cpu.core], &machine.dies()[cpu.die]);
        let package = &machine.packages()[cpu.package];
        assert!(core.cpus.contains(cpu.id));
        assert!(core.cpus.is_subset(&die.cpus) && die.cpus.is_subset(&package.cpus), "{cpu:?} {core:?} {die:?}");
        assert_eq!((core.package, die.package), (cpu.package, cpu.package));
        assert!(cpu.l3.is_none_or(|l3| machine.l3_domains()[l3].cpus.contains(cpu.id)));
        if let Some(cluster) = cpu.cluster {
            let cluster = &machine.clusters()[cluster];
            assert!(core.cpus.is_subset(&cluster.cpus) && core.cpus != cluster.cpus);
            assert!(cluster.cpus.is_subset(&die.cpus) && cluster.cpus != die.cpus);
            assert_eq!(cluster.package, cpu.package);
        }
        assert!(machine.kinds()[cpu.kind].cpus.contains(cpu.id));
        assert!(machine.node(cpu.node).unwrap().cpus.contains(cpu.id));
    }
    let all = Some(online);
    assert_apart(machine.cores().iter().map(|core| &core.cpus), all, true);
    assert_apart(machine.clusters().iter().map(|cluster| &cluster.cpus), None, true);
    assert_apart(machine.dies().iter().map(|die| &die.cpus), all, true);
    assert_apart(machine.packages().iter().map(|package| &package.cpus), all, true);
    assert_apart(machine.l3_domains().iter().map(|l3| &l3.cpus), None, true);
    assert_apart(machine.kinds().iter().map(|kind| &kind.cpus), all, false);
    assert_apart(machine.nodes().iter().map(|node| &node.cpus).filter(|cpus| !cpus.is_empty()), all, false);
    let levels: BTreeSet<_> = machine.caches().iter().map(|cache| cache.level).collect();
    assert!(machine.caches().is_sorted_by_key(|cache| (cache.level, cache.cpus.first())));
    for level in levels {
        for kind in [CacheKind::Data, CacheKind::Instruction, CacheKind::Unified] {
            let alike = machine.caches().iter().filter(|cache| (cache.level, cache.kind) == (level, kind));
            assert_apart(alike.map(|cache| &cache.cpus), None, true);
        }
    }
    assert!(!machine.allowed().is_empty() && machine.allowed().is_subset(online));
    assert!(machine.offline().is_disjoint(online));
    assert!(machine.isolated().is_subset(online) && machine.nohz_full().is_subset(online));
    assert!(machine.nodes().is_sorted_by_key(|node| node.id));
    assert!(!machine.allowed_nodes().is_empty() && machine.allowed_nodes().is_subset(&machine.node_set()));
    assert!(machine.nodes().iter().all(|node| node.near.is_subset(online) && node.cpus.is_subset(&node.near)));
}

/// No CPU is in two of the sets, which are in the order of their first CPUs where `sorted`; together they are `all`.
fn assert_apart<'a>(sets: impl Iterator<Item = &'a CpuSet>, all: Option<&CpuSet>, sorted: bool) {
    let mut seen = CpuSet::new();
    let mut first = None;
    for cpus in sets {
        assert!(!cpus.is_empty() && seen.is_disjoint(cpus), "{cpus:?} after {seen:?}");
        assert!(!sorted || cpus.first() > first);
        first = cpus.first();
        seen |= cpus;
    }
    assert!(all.is_none_or(|all| seen == *all), "{seen:?}");
}
