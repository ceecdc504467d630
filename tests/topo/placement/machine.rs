//! Machines of any shape, by way of a tree that is read back.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use bedplate::topo::{CpuSet, Topology};
use proptest::prelude::*;

/// One CPU, and the groups it is in. Numbers of groups are of the whole machine.
#[derive(Clone, Debug)]
pub struct Cpu {
    pub id: usize,
    pub package: usize,
    pub node: usize,
    pub l3: usize,
    pub core: usize,
    pub capacity: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Machine {
    pub cpus: Vec<Cpu>,
    /// Nodes without CPUs.
    pub memory: Vec<usize>,
    pub isolated: CpuSet,
    pub allowed: Option<CpuSet>,
    /// The rows of the nodes, by number.
    pub distances: Vec<Vec<u32>>,
    /// A network interface and its node.
    pub device: Option<(&'static str, usize)>,
}

impl Machine {
    /// Packages, each of nodes, each of L3 caches, each of cores, each of CPUs, all alike, numbered from the outermost in.
    pub fn regular(packages: usize, nodes: usize, l3s: usize, cores: usize, pus: usize) -> Self {
        let (per_l3, per_node) = (cores * pus, l3s * cores * pus);
        let per_package = nodes * per_node;
        let cpu = |id| Cpu {
            id,
            package: id / per_package,
            node: id / per_node,
            l3: id / per_l3,
            core: id / pus,
            capacity: 1024,
        };
        Self { cpus: (0..packages * per_package).map(cpu).collect(), ..Self::default() }
    }

    pub fn read(&self) -> Topology {
        let root = tempfile::tempdir().unwrap();
        self.write(&root.path().join("sys"));
        let allowed = self.allowed.clone().unwrap_or_else(|| self.cpus.iter().map(|cpu| cpu.id).collect());
        let machine = Topology::builder().root(root.path()).allowed(allowed).detect().unwrap();
        assert_eq!(machine.cpus().len(), self.cpus.len());
        machine
    }

    /// As [`read`](Self::read), with the tree at `root` to stay there.
    pub fn read_at(&self, root: &Path) -> Topology {
        self.write(&root.join("sys"));
        Topology::builder().root(root).detect().unwrap()
    }

    fn write(&self, sys: &Path) {
        let all = |of: &dyn Fn(&Cpu) -> bool| -> CpuSet {
            self.cpus.iter().filter(|cpu| of(cpu)).map(|cpu| cpu.id).collect()
        };
        let put = |path: String, text: String| {
            let path = sys.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text + "\n").unwrap();
        };
        put("devices/system/cpu/online".into(), all(&|_| true).to_string());
        put("devices/system/cpu/isolated".into(), self.isolated.to_string());
        for cpu in &self.cpus {
            let folder = format!("devices/system/cpu/cpu{}", cpu.id);
            put(format!("{folder}/topology/core_cpus"), all(&|other| other.core == cpu.core).to_mask());
            put(format!("{folder}/topology/package_cpus"), all(&|other| other.package == cpu.package).to_mask());
            put(format!("{folder}/topology/core_id"), cpu.core.to_string());
            put(format!("{folder}/topology/physical_package_id"), cpu.package.to_string());
            put(format!("{folder}/cpu_capacity"), cpu.capacity.to_string());
            put(format!("{folder}/cache/index3/level"), "3".into());
            put(format!("{folder}/cache/index3/type"), "Unified".into());
            put(format!("{folder}/cache/index3/shared_cpu_map"), all(&|other| other.l3 == cpu.l3).to_mask());
        }
        let mut nodes: Vec<_> = self.cpus.iter().map(|cpu| cpu.node).chain(self.memory.iter().copied()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        let online: CpuSet = nodes.iter().copied().collect();
        put("devices/system/node/online".into(), online.to_string());
        for (i, node) in nodes.iter().enumerate() {
            let folder = format!("devices/system/node/node{node}");
            put(format!("{folder}/cpumap"), all(&|cpu| cpu.node == *node).to_mask());
            put(format!("{folder}/meminfo"), format!("Node {node} MemTotal:       1048576 kB"));
            if let Some(row) = self.distances.get(i) {
                let row: Vec<_> = row.iter().map(u32::to_string).collect();
                put(format!("{folder}/distance"), row.join(" "));
            }
        }
        if let Some((name, node)) = self.device {
            let bus = "devices/pci0000:00/0000:00:03.0";
            put(format!("{bus}/numa_node"), node.to_string());
            put(format!("{bus}/net/{name}/ifindex"), "2".into());
            fs::create_dir_all(sys.join("class/net")).unwrap();
            symlink(format!("../../{bus}/net/{name}"), sys.join("class/net").join(name)).unwrap();
        }
    }
}

/// Up to 3 packages of up to 3 nodes of up to 2 L3 caches of up to 4 cores of up to `most` CPUs, with cores of two kinds
/// perhaps, any numbers with gaps, and some CPUs isolated or not allowed.
pub fn any_machine(most: usize) -> impl Strategy<Value = Machine> {
    let core = (1..=most, any::<bool>());
    let l3 = prop::collection::vec(core, 1..=4);
    let node = prop::collection::vec(l3, 1..=2);
    let package = prop::collection::vec(node, 1..=3);
    let packages = prop::collection::vec(package, 1..=3);
    let shape = packages.prop_flat_map(|packages| {
        let count: usize = packages.iter().flatten().flatten().flatten().map(|(pus, _)| pus).sum();
        let numbers: Vec<usize> = (0..count).map(|i| i + i / 3).collect();
        let flags = prop::collection::vec((0..8_u8, 0..8_u8), count);
        (Just(packages), Just(numbers).prop_shuffle(), flags, any::<bool>(), any::<bool>())
    });
    shape.prop_map(|(packages, numbers, flags, hybrid, partial)| {
        let mut machine = Machine::default();
        let (mut nodes, mut l3s, mut cores) = (0, 0, 0);
        for (package, in_package) in packages.into_iter().enumerate() {
            for in_node in in_package {
                for in_l3 in in_node {
                    for (pus, weak) in in_l3 {
                        let pus = if hybrid && weak { 1 } else { pus };
                        for _ in 0..pus {
                            machine.cpus.push(Cpu {
                                id: numbers[machine.cpus.len()],
                                package,
                                node: 2 * nodes,
                                l3: l3s,
                                core: cores,
                                capacity: if hybrid && weak { 512 } else { 1024 },
                            });
                        }
                        cores += 1;
                    }
                    l3s += 1;
                }
                nodes += 1;
            }
        }
        if partial {
            let flagged = |of: &dyn Fn(&(u8, u8)) -> bool| -> CpuSet {
                machine.cpus.iter().zip(&flags).filter(|(_, flags)| of(flags)).map(|(cpu, _)| cpu.id).collect()
            };
            machine.allowed = Some(flagged(&|(allowed, _)| *allowed != 0)).filter(|allowed| !allowed.is_empty());
            machine.isolated = flagged(&|(_, isolated)| *isolated == 0);
        }
        machine
    })
}
