use std::io;

use super::roots::Roots;
use super::{
    Cache, CgroupLimits, Cluster, Core, CoreKind, Cpu, CpuQuota, CpuSet, Die, L3Domain, Node, NodeSet, Package,
    TopologyBuilder, Warning,
};

/// The online CPUs of the machine, how they share cores, caches, packages and memory nodes, and which of them the
/// calling thread may use, as they were when it was read.
///
/// Everything is read from `/sys`, without any library. What cannot be read there, as in a container that hides it, is
/// assumed and told by [`warnings`](Self::warnings): one package, a core for each CPU, one memory node.
///
/// ```
/// use bedplate::topo::Topology;
///
/// let machine = Topology::detect()?;
/// for cpu in machine.cpus() {
///     let siblings = &machine.cores()[cpu.core].cpus;
///     assert!(siblings.contains(cpu.id));
///     assert!(machine.node(cpu.node).is_some_and(|node| node.cpus.contains(cpu.id)));
/// }
/// // One worker for each core that this thread may use:
/// let cores = machine.cores().iter().filter(|core| !core.cpus.is_disjoint(machine.allowed()));
/// assert!(cores.count() > 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Topology {
    pub(super) online: CpuSet,
    pub(super) offline: CpuSet,
    pub(super) allowed: CpuSet,
    pub(super) allowed_nodes: NodeSet,
    pub(super) isolated: CpuSet,
    pub(super) nohz_full: CpuSet,
    pub(super) cgroup: CgroupLimits,
    /// Sorted by number.
    pub(super) cpus: Vec<Cpu>,
    pub(super) cores: Vec<Core>,
    /// Weakest first; at least one.
    pub(super) kinds: Vec<CoreKind>,
    pub(super) clusters: Vec<Cluster>,
    pub(super) dies: Vec<Die>,
    pub(super) packages: Vec<Package>,
    /// By level, then by first CPU.
    pub(super) caches: Vec<Cache>,
    pub(super) l3_domains: Vec<L3Domain>,
    /// Sorted by number.
    pub(super) nodes: Vec<Node>,
    pub(super) warnings: Vec<Warning>,
    pub(super) roots: Roots,
}

impl Topology {
    /// Reads the machine this runs on. Opens a few files for each core, and blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses to tell the thread's affinity, as a system call filter may.
    pub fn detect() -> io::Result<Self> {
        Self::builder().detect()
    }

    /// Starts reading another tree, or with other CPUs allowed.
    pub fn builder() -> TopologyBuilder {
        TopologyBuilder::new()
    }

    /// The CPUs that are online.
    #[must_use]
    pub fn online(&self) -> &CpuSet {
        &self.online
    }

    /// The CPUs that the calling thread was allowed to use when this was read: what it was pinned to, or what its
    /// control group allowed.
    #[must_use]
    pub fn allowed(&self) -> &CpuSet {
        &self.allowed
    }

    /// The CPUs that are plugged in and turned off. Empty sockets, which many machines count as possible CPUs by the
    /// hundred, are not among them.
    #[must_use]
    pub fn offline(&self) -> &CpuSet {
        &self.offline
    }

    /// The memory nodes that the calling thread was allowed to take memory of when this was read. A node without memory
    /// is not among them: the kernel refuses to bind memory to it.
    #[must_use]
    pub fn allowed_nodes(&self) -> &NodeSet {
        &self.allowed_nodes
    }

    /// The online CPUs that the scheduler leaves alone (`isolcpus`): threads run there only when pinned.
    #[must_use]
    pub fn isolated(&self) -> &CpuSet {
        &self.isolated
    }

    /// The online CPUs whose timer tick stops while one thread runs there (`nohz_full`).
    #[must_use]
    pub fn nohz_full(&self) -> &CpuSet {
        &self.nohz_full
    }

    /// What the control groups of the process allow it.
    #[must_use]
    pub fn cgroup(&self) -> &CgroupLimits {
        &self.cgroup
    }

    /// How long all threads of the process's control group together may run; `None` where nothing limits it. Apart
    /// from [`allowed`](Self::allowed): a quota of one CPU on a machine of 64 still lets threads run on all of them.
    #[must_use]
    pub fn cpu_quota(&self) -> Option<CpuQuota> {
        self.cgroup.quota
    }

    /// The kinds of cores, weakest first. One where all are alike, or where nothing tells.
    ///
    /// Intel's kinds are told by their performance counters, Arm's by their part numbers; where there is neither, by
    /// the scheduler's capacities, and then by frequencies. There a kind begins where the next core has over 10 per
    /// cent more: those that turbo favours have less than that ahead of their like.
    #[must_use]
    pub fn kinds(&self) -> &[CoreKind] {
        &self.kinds
    }

    /// The clusters of cores, in the order of their first CPU. None where the kernel tells of none, and none that is a
    /// single core, or all of an L3 domain, a die or a package: as the kernel's scheduler does, those are left out.
    #[must_use]
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// The dies that have online CPUs, in the order of their first CPU. A package that is not divided is one die.
    #[must_use]
    pub fn dies(&self) -> &[Die] {
        &self.dies
    }

    /// All caches, by level, those of a level in the order of their first CPU. None where the kernel does not tell.
    #[must_use]
    pub fn caches(&self) -> &[Cache] {
        &self.caches
    }

    /// How far node `to` is from the CPUs of node `from`, by the kernel's numbers: 10 is near, 20 twice as far. `None`
    /// where the kernel does not tell.
    #[must_use]
    pub fn distance(&self, from: usize, to: usize) -> Option<u32> {
        self.node(from)?.distances.iter().find(|(node, _)| *node == to).map(|(_, distance)| *distance)
    }

    /// The online CPUs, by number.
    #[must_use]
    pub fn cpus(&self) -> &[Cpu] {
        &self.cpus
    }

    /// The cores that have online CPUs, in the order of their first CPU.
    #[must_use]
    pub fn cores(&self) -> &[Core] {
        &self.cores
    }

    /// The packages that have online CPUs, in the order of their first CPU.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The groups of CPUs that share an L3 cache, in the order of their first CPU. None where there is no such cache
    /// or the kernel does not tell of it, as in many virtual machines.
    #[must_use]
    pub fn l3_domains(&self) -> &[L3Domain] {
        &self.l3_domains
    }

    /// The memory nodes, by number. At least one.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The numbers of the memory nodes.
    #[must_use]
    pub fn node_set(&self) -> NodeSet {
        self.nodes.iter().map(|node| node.id).collect()
    }

    /// The CPU with the kernel's number `id`, if it is online. Logarithmic in the number of CPUs.
    #[must_use]
    pub fn cpu(&self, id: usize) -> Option<&Cpu> {
        self.cpus.binary_search_by_key(&id, |cpu| cpu.id).ok().map(|at| &self.cpus[at])
    }

    /// The memory node with the kernel's number `id`. Logarithmic in the number of nodes.
    #[must_use]
    pub fn node(&self, id: usize) -> Option<&Node> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok().map(|at| &self.nodes[at])
    }

    /// What could not be read, and what was assumed instead.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}
