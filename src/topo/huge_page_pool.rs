/// The HugeTLB pages of one size that a memory node has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HugePagePool {
    /// The size of a page in bytes.
    pub page: u64,
    /// How many pages are set aside.
    pub total: u64,
    /// How many of them nobody used when the topology was read.
    pub free: u64,
}
