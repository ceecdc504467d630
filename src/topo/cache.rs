use super::CpuSet;

/// A cache of the processor, and the CPUs that share it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cache {
    /// Its level: 1 is nearest to the core.
    pub level: u32,
    /// What it holds.
    pub kind: CacheKind,
    /// Its size in bytes, where the kernel tells.
    pub size: Option<u64>,
    /// The length of its lines in bytes, where the kernel tells.
    pub line: Option<u32>,
    /// Its online CPUs.
    pub cpus: CpuSet,
}

/// What a [`Cache`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheKind {
    /// Data alone.
    Data,
    /// Instructions alone.
    Instruction,
    /// Both.
    Unified,
}
