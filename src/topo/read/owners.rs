use crate::topo::CpuSet;

/// For each CPU the group that holds it, as an index. A CPU is in one group of a sort at most: the first that claims
/// it has it.
#[derive(Debug, Default)]
pub(super) struct Owners(Vec<u32>);

/// A CPU that no group holds.
const NONE: u32 = u32::MAX;

impl Owners {
    pub(super) fn get(&self, cpu: usize) -> Option<usize> {
        self.0.get(cpu).filter(|group| **group != NONE).map(|group| *group as usize)
    }

    pub(super) fn set(&mut self, cpus: &CpuSet, group: usize) {
        if let Some(last) = cpus.last() {
            self.0.resize(self.0.len().max(last + 1), NONE);
        }
        // There are fewer groups than CPUs, and of these far fewer than 2^32.
        cpus.iter().for_each(|cpu| self.0[cpu] = group as u32);
    }

    /// The owners that `groups` say, the later of two that claim a CPU.
    pub(super) fn of<'a>(groups: impl Iterator<Item = &'a CpuSet>) -> Self {
        let mut owners = Self::default();
        groups.enumerate().for_each(|(group, cpus)| owners.set(cpus, group));
        owners
    }
}
