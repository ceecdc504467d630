use super::branch::Branch;
use super::kind::Kind;
use crate::topo::{Cache, CacheKind, Cluster, Core, CpuSet, Die, Node, Package};

/// The memory of a node of which nothing is said, as in hwloc: 1 GiB.
const NODE_MEMORY: u64 = 1 << 30;

/// Distances as the firmware of servers mostly gives them.
const WITHIN: u32 = 10;
const IN_PACKAGE: u32 = 12;
const ACROSS: u32 = 20;

/// A machine in the making: the objects, still without their CPUs, and the CPUs in the order of the description.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) packages: Vec<Package>,
    pub(super) dies: Vec<Die>,
    pub(super) clusters: Vec<Cluster>,
    pub(super) cores: Vec<Core>,
    pub(super) caches: Vec<Cache>,
    pub(super) nodes: Vec<Node>,
    /// How many there are. Their numbers start anew in each package, as they do in the kernel's view.
    cores_of_packages: Vec<u32>,
    /// The package of each node, if it is inside one.
    node_packages: Vec<Option<usize>>,
    pub(super) cpus: Vec<Place>,
    siblings_last: bool,
    /// What CPUs are in that are inside none that was described.
    package_of_rest: Option<usize>,
    node_of_rest: Option<usize>,
}

/// What a CPU, or what comes to be around it, is in: indices into the lists of the draft.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub(super) package: Option<usize>,
    pub(super) die: Option<usize>,
    pub(super) cluster: Option<usize>,
    pub(super) core: Option<usize>,
    pub(super) node: Option<usize>,
    pub(super) caches: Vec<usize>,
    pub(super) capacity: Option<u32>,
}

impl Draft {
    /// Makes all objects of a level, and what is inside each.
    pub(super) fn add(&mut self, branch: &Branch<'_>, around: &Place) {
        for _ in 0..branch.level.count {
            let mut place = around.clone();
            // What has no CPUs is memory alone.
            if branch.cpus > 0 || branch.level.kind == Kind::Node {
                self.add_object(branch, &mut place);
            }
            branch.inside.iter().for_each(|inner| self.add(inner, &place));
            if branch.inside.is_empty() {
                self.add_cpu(place);
            }
        }
    }

    fn add_object(&mut self, branch: &Branch<'_>, place: &mut Place) {
        let attributes = &branch.level.attributes;
        let size = attributes.size;
        match branch.level.kind {
            Kind::Package => place.package = Some(self.add_package()),
            Kind::Die => {
                let id = self.dies.iter().filter(|die| Some(die.package) == place.package).count() as u32;
                place.die = Some(self.add_die(place, Some(id)));
            }
            Kind::Node => place.node = Some(self.add_node(place.package, attributes.memory.unwrap_or(NODE_MEMORY))),
            Kind::Cluster => {
                let (id, package) = (self.clusters.len() as u32, self.package_of(place));
                self.clusters.push(Cluster { id: Some(id), package, cpus: CpuSet::new() });
                place.cluster = Some(self.clusters.len() - 1);
            }
            Kind::L3 => self.add_cache(place, 3, CacheKind::Unified, size),
            Kind::L2 => self.add_cache(place, 2, CacheKind::Unified, size),
            Kind::L1 => self.add_cache(place, 1, CacheKind::Data, size),
            Kind::L1i => self.add_cache(place, 1, CacheKind::Instruction, size),
            Kind::Core => {
                place.core = Some(self.add_core(place));
                place.capacity = attributes.capacity;
            }
            Kind::Pu => self.siblings_last |= attributes.siblings_last,
        }
    }

    /// Adds the CPU at `place`, with what the description leaves out around it.
    fn add_cpu(&mut self, mut place: Place) {
        let package = self.package_of(&mut place);
        if place.die.is_none() {
            // A package that is not divided is one die, without a number.
            let whole = self.dies.iter().rposition(|die| die.package == package && die.id.is_none());
            place.die = Some(whole.unwrap_or_else(|| self.add_die(&mut place, None)));
        }
        if place.node.is_none() {
            let node = self.node_of_rest.unwrap_or_else(|| self.add_node(None, NODE_MEMORY));
            self.node_of_rest = Some(node);
            place.node = Some(node);
        }
        if place.core.is_none() {
            place.core = Some(self.add_core(&mut place));
        }
        self.cpus.push(place);
    }

    /// The package it is in. All that is in none that was described is in one.
    fn package_of(&mut self, place: &mut Place) -> usize {
        let rest = place.package.or(self.package_of_rest);
        let package = rest.unwrap_or_else(|| self.add_package());
        if place.package.is_none() {
            self.package_of_rest = Some(package);
        }
        place.package = Some(package);
        package
    }

    fn add_package(&mut self) -> usize {
        self.packages.push(Package { id: Some(self.packages.len() as u32), cpus: CpuSet::new() });
        self.cores_of_packages.push(0);
        self.packages.len() - 1
    }

    fn add_die(&mut self, place: &mut Place, id: Option<u32>) -> usize {
        let package = self.package_of(place);
        self.dies.push(Die { id, package, cpus: CpuSet::new() });
        self.dies.len() - 1
    }

    fn add_core(&mut self, place: &mut Place) -> usize {
        let package = self.package_of(place);
        let of_package = &mut self.cores_of_packages[package];
        self.cores.push(Core { id: Some(*of_package), package, cpus: CpuSet::new() });
        *of_package += 1;
        self.cores.len() - 1
    }

    fn add_node(&mut self, package: Option<usize>, memory: u64) -> usize {
        let (id, cpus, near) = (self.nodes.len(), CpuSet::new(), CpuSet::new());
        self.nodes.push(Node { id, cpus, near, memory, huge_pages: Vec::new(), distances: Vec::new() });
        self.node_packages.push(package);
        id
    }

    fn add_cache(&mut self, place: &mut Place, level: u32, kind: CacheKind, size: Option<u64>) {
        place.caches.push(self.caches.len());
        self.caches.push(Cache { level, kind, size, line: None, cpus: CpuSet::new() });
    }

    /// The numbers of the CPUs, in the order of [`cpus`](Self::cpus).
    pub(super) fn numbers(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.cpus.len()).collect();
        if self.siblings_last {
            let mut threads = vec![0; self.cores.len()];
            let rounds: Vec<usize> = self
                .cpus
                .iter()
                .map(|cpu| {
                    let thread = &mut threads[cpu.core.unwrap_or(0)];
                    *thread += 1;
                    *thread
                })
                .collect();
            order.sort_by_key(|cpu| rounds[*cpu]);
        }
        let mut numbers = vec![0; order.len()];
        order.into_iter().enumerate().for_each(|(number, cpu)| numbers[cpu] = number);
        numbers
    }

    /// Sets how far the nodes are from each other, and which CPUs are near to each; once the nodes have theirs.
    pub(super) fn set_distances(&mut self) {
        let mut packages = self.node_packages.clone();
        // Of one that is around packages, or inside none, its CPUs tell.
        let mut spread = vec![false; packages.len()];
        for cpu in &self.cpus {
            let (node, package) = (cpu.node.unwrap_or(0), cpu.package);
            spread[node] |= packages[node].is_some() && packages[node] != package;
            packages[node] = package;
        }
        packages.iter_mut().zip(spread).filter(|(_, spread)| *spread).for_each(|(package, _)| *package = None);
        for from in &mut self.nodes {
            let distance = |to: usize| match (packages[from.id], packages[to]) {
                _ if to == from.id => WITHIN,
                (Some(from), Some(to)) if from == to => IN_PACKAGE,
                _ => ACROSS,
            };
            from.distances = (0..packages.len()).map(|to| (to, distance(to))).collect();
        }
        let near: Vec<CpuSet> = self.nodes.iter().map(|node| self.near(node)).collect();
        self.nodes.iter_mut().zip(near).for_each(|(node, near)| node.near = near);
    }

    fn near(&self, node: &Node) -> CpuSet {
        if !node.cpus.is_empty() {
            return node.cpus.clone();
        }
        let others = || node.distances.iter().filter(|(other, _)| !self.nodes[*other].cpus.is_empty());
        let least = others().map(|(_, distance)| distance).min();
        others().filter(|(_, distance)| Some(distance) == least).map(|(other, _)| &self.nodes[*other].cpus).collect()
    }
}
