use super::CpuSet;

/// The CPUs that share an L3 cache.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct L3Domain {
    /// The size of the cache in bytes, where the kernel tells.
    pub size: Option<u64>,
    /// Its online CPUs.
    pub cpus: CpuSet,
}
