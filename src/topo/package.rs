use super::CpuSet;

/// A package: what goes into a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Package {
    /// The kernel's number, where it gives one.
    pub id: Option<u32>,
    /// Its online CPUs.
    pub cpus: CpuSet,
}
