use super::CpuSet;

/// The CPUs of one kind of core, on machines that have several: P-cores and E-cores, big and little.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoreKind {
    /// The kernel's measure of what one CPU of this kind does, 1,024 for the strongest of the machine; where it gives
    /// one.
    pub capacity: Option<u32>,
    /// The highest clock frequency in kHz, where the kernel tells.
    pub max_khz: Option<u64>,
    /// Its online CPUs.
    pub cpus: CpuSet,
}
