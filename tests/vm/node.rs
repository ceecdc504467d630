/// A memory node.
pub struct Node {
    /// As a list. Empty where it has memory alone.
    pub cpus: &'static str,
    /// Its memory in MiB. Zero where it has CPUs alone.
    pub mib: u64,
}
