use super::CpuSet;

/// A die: one piece of silicon in a package. Most packages are one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Die {
    /// The kernel's number, where it gives one. Numbers repeat from package to package.
    pub id: Option<u32>,
    /// Its package, as an index into [`Topology::packages`](super::Topology::packages).
    pub package: usize,
    /// Its online CPUs.
    pub cpus: CpuSet,
}
