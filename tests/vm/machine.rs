//! What a guest is built of: the arguments of qemu, and what a [`Topology`] must say of it.

use bedplate::topo::{CacheKind, CpuSet, NodeSet, Topology};

use crate::node::Node;

/// A machine whose CPUs are numbered from inside out: the threads of a core, the cores of a die, and so on.
pub struct Machine {
    pub packages: usize,
    /// In each package, and so on.
    pub dies: usize,
    pub cores: usize,
    pub threads: usize,
    /// How many of the CPUs are plugged in at the start, from the first on. The others are possible only.
    pub plugged: usize,
    pub nodes: &'static [Node],
    /// From each node to each node. Where there are none, 10 within and 20 across.
    pub distances: &'static [&'static [u32]],
    /// What else qemu is told, such as drives.
    pub qemu: &'static str,
}

impl Machine {
    /// One package of 4 cores, one node.
    pub const PLAIN: Self = Self {
        packages: 1,
        dies: 1,
        cores: 4,
        threads: 1,
        plugged: 4,
        nodes: &[Node { cpus: "0-3", mib: 256 }],
        distances: &[],
        qemu: "",
    };

    /// The arguments of qemu.
    pub fn arguments(&self) -> String {
        let Self { packages, dies, cores, threads, plugged, .. } = self;
        let possible = packages * dies * cores * threads;
        let mib: u64 = self.nodes.iter().map(|node| node.mib).sum();
        let mut text = format!(
            "-smp {plugged},maxcpus={possible},sockets={packages},dies={dies},cores={cores},threads={threads} -m {mib}"
        );
        for (id, Node { cpus, mib }) in self.nodes.iter().enumerate() {
            let mut node = format!("node,nodeid={id}");
            if *mib > 0 {
                text += &format!(" -object memory-backend-ram,id=memory{id},size={mib}M");
                node += &format!(",memdev=memory{id}");
            }
            cpus.split(',').filter(|range| !range.is_empty()).for_each(|range| node += &format!(",cpus={range}"));
            text += &format!(" -numa {node}");
        }
        for (from, row) in self.distances.iter().enumerate() {
            for (to, distance) in row.iter().enumerate() {
                text += &format!(" -numa dist,src={from},dst={to},val={distance}");
            }
        }
        // With a few CPUs each has a thread of its own; many are emulated in turn, which they come through faster.
        let threads = if possible > 16 { "single" } else { "multi" };
        format!("-accel tcg,thread={threads} {text} {}", self.qemu).trim_end().to_owned()
    }

    /// The CPUs of each group of `size`, as far as they are plugged in.
    fn groups(&self, size: usize) -> Vec<CpuSet> {
        (0..self.plugged).step_by(size).map(|first| (first..self.plugged.min(first + size)).collect()).collect()
    }

    /// Everything that [`Topology::detect`] says is what this was built of.
    pub fn assert_shown_by(&self, machine: &Topology) {
        assert_eq!(machine.warnings(), []);
        let all: CpuSet = (0..self.plugged).collect();
        assert_eq!(machine.online(), &all);
        assert!(machine.offline().is_empty(), "{} are offline", machine.offline());
        let (in_core, in_die) = (self.threads, self.threads * self.cores);
        let in_package = in_die * self.dies;
        let cores: Vec<_> = machine.cores().iter().map(|core| core.cpus.clone()).collect();
        assert_eq!(cores, self.groups(in_core));
        let dies: Vec<_> = machine.dies().iter().map(|die| die.cpus.clone()).collect();
        assert_eq!(dies, self.groups(in_die));
        let packages: Vec<_> = machine.packages().iter().map(|package| package.cpus.clone()).collect();
        assert_eq!(packages, self.groups(in_package));
        // qemu gives each die an L3 cache, each core an L2 cache, and each thread the others.
        let l3: Vec<_> = machine.l3_domains().iter().map(|l3| l3.cpus.clone()).collect();
        assert_eq!(l3, self.groups(in_die));
        for (kind, size) in [
            ((1, CacheKind::Data), 1),
            ((1, CacheKind::Instruction), 1),
            ((2, CacheKind::Unified), in_core),
            ((3, CacheKind::Unified), in_die),
        ] {
            let caches = machine.caches().iter().filter(|cache| (cache.level, cache.kind) == kind);
            let caches: Vec<_> = caches.map(|cache| cache.cpus.clone()).collect();
            assert_eq!(caches, self.groups(size), "of {kind:?}");
        }
        // A cluster of one core is none.
        assert_eq!(machine.clusters(), []);
        assert_eq!(machine.kinds().len(), 1);
        assert_eq!(machine.kinds()[0].cpus, all);
        for cpu in machine.cpus() {
            assert_eq!(cpu.core, cpu.id / in_core);
            assert_eq!((cpu.die, cpu.l3), (cpu.id / in_die, Some(cpu.id / in_die)));
            assert_eq!(cpu.package, cpu.id / in_package);
            assert!(self.cpus_of(cpu.node).contains(cpu.id), "CPU {} on node {}", cpu.id, cpu.node);
        }
        self.assert_nodes_shown_by(machine);
    }

    fn assert_nodes_shown_by(&self, machine: &Topology) {
        assert_eq!(machine.node_set(), (0..self.nodes.len()).collect::<NodeSet>());
        for (id, node) in self.nodes.iter().enumerate() {
            let shown = machine.node(id).unwrap();
            assert_eq!(shown.cpus, &self.cpus_of(id) & machine.online());
            // The kernel keeps a part to itself, of the first node most.
            let (bytes, kept) = (node.mib << 20, if id == 0 { 96 << 20 } else { 64 << 20 });
            let least = bytes.saturating_sub(kept);
            assert!((least..=bytes).contains(&shown.memory), "node {id} has {} bytes of {bytes}", shown.memory);
            let distances: Vec<_> = (0..self.nodes.len()).map(|to| (to, self.distance(id, to))).collect();
            assert_eq!(shown.distances, distances, "of node {id}");
            distances.iter().for_each(|(to, far)| assert_eq!(machine.distance(id, *to), Some(*far)));
        }
    }

    fn cpus_of(&self, node: usize) -> CpuSet {
        self.nodes[node].cpus.parse().unwrap()
    }

    fn distance(&self, from: usize, to: usize) -> u32 {
        self.distances.get(from).map_or(if from == to { 10 } else { 20 }, |row| row[to])
    }
}
