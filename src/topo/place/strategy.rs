use super::KindChoice;
use crate::topo::CpuSet;

/// How a [`Placement`](super::Placement) deals out the CPUs. Among what is equally good, stronger cores come first, then
/// lower numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// Each worker may run on any of the CPUs: the scheduler decides.
    Unbound,
    /// Close together: all CPUs of a core, then the next core of the same L3 cache, memory node and package, each time
    /// the group with the most CPUs left to place on first. Uses as few packages as can be, in these as few nodes and L3
    /// caches, and in these as few cores. For threads that share data.
    Compact,
    /// Far apart: a package of its own for each worker as long as there are, then a memory node, an L3 cache, a cluster, a
    /// core; second threads of a core come last. For threads that need cache and memory bandwidth of their own.
    Scatter,
    /// A core for each worker, in the order of [`Compact`](Self::Compact), then the second threads of the cores.
    OnePerCore,
    /// Dealt out over the L3 caches in turn. CPUs of a memory node without a known L3 cache count as if they shared one.
    OnePerL3,
    /// Dealt out over the memory nodes in turn, those without CPUs left out.
    OnePerNode,
    /// The CPUs of the memory node with this number, or the [nearest](crate::topo::Node::near) where it is memory alone;
    /// each core before second threads. For the calling thread's own, give [`current_node`](crate::topo::current_node).
    NodeLocal(usize),
    /// First the CPUs that are local to this device, then those of the nodes next to it by distance; at each distance each
    /// core before second threads. Where the kernel does not tell where the device is, as in most virtual machines, all
    /// are as near.
    ///
    /// The name is one that [`Topology::device_node`](crate::topo::Topology::device_node) takes. To plan reads a few files.
    Near(String),
    /// The cores of one kind, each core before second threads.
    Kind(KindChoice),
    /// These sets, one for each worker, and again from the first where there are more workers than sets. What a set has
    /// beyond the CPUs that may be used is left out: see [`Plan::dropped`](super::Plan::dropped).
    Explicit(Vec<CpuSet>),
}
