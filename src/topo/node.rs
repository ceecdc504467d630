use super::CpuSet;

/// A memory node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// The kernel's number.
    pub id: usize,
    /// Its online CPUs; none where it is memory alone, such as a CXL expander.
    pub cpus: CpuSet,
    /// All of its memory in bytes, used or not. Zero where it has none.
    pub memory: u64,
}
