use super::CpuSet;

/// A cluster: cores that share something smaller than an L3 cache, such as an L2 cache or its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cluster {
    /// The kernel's number, where it gives one.
    pub id: Option<u32>,
    /// Its package, as an index into [`Topology::packages`](super::Topology::packages).
    pub package: usize,
    /// Its online CPUs.
    pub cpus: CpuSet,
}
