use super::CpuSet;

/// A core: the CPUs that share one pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Core {
    /// The kernel's number, where it gives one. Numbers repeat from package to package.
    pub id: Option<u32>,
    /// Its package, as an index into [`Topology::packages`](super::Topology::packages).
    pub package: usize,
    /// Its online CPUs: more than one where it runs several threads (SMT).
    pub cpus: CpuSet,
}
