use std::io;

use super::{Core, Cpu, CpuSet, L3Domain, Node, NodeSet, Package, TopologyBuilder, Warning};

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
    pub(super) allowed: CpuSet,
    /// Sorted by number.
    pub(super) cpus: Vec<Cpu>,
    pub(super) cores: Vec<Core>,
    pub(super) packages: Vec<Package>,
    pub(super) l3_domains: Vec<L3Domain>,
    /// Sorted by number.
    pub(super) nodes: Vec<Node>,
    pub(super) warnings: Vec<Warning>,
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
