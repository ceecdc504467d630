use super::{CpuSet, HugePagePool};

/// A memory node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// The kernel's number.
    pub id: usize,
    /// Its online CPUs; none where it is memory alone, such as a CXL expander.
    pub cpus: CpuSet,
    /// The online CPUs that reach its memory best: its own; or of a node without CPUs those of the nodes that the
    /// firmware names (HMAT), else of the nodes at the least distance. Empty where nothing tells.
    pub near: CpuSet,
    /// All of its memory in bytes, used or not. Zero where it has none.
    pub memory: u64,
    /// Its HugeTLB pages, by size.
    pub huge_pages: Vec<HugePagePool>,
    /// How far the nodes are from its CPUs, by the kernel's number: 10 is near, 20 twice as far. Empty where the
    /// kernel does not tell. [`Topology::distance`](super::Topology::distance) asks for one.
    pub distances: Vec<(usize, u32)>,
}
