use std::collections::HashMap;
use std::{fmt, slice, vec};

use super::Slot;
use crate::topo::CpuSet;

/// Where each worker runs: what [`Placement::plan`](super::Placement::plan) makes, and
/// [`WorkerSet::builder`](crate::topo::WorkerSet::builder) takes.
///
/// Prints as one line for each worker.
///
/// ```
/// use bedplate::topo::{Placement, Strategy, Topology};
///
/// let machine = Topology::synthetic("numa:2 core:4 pu:2")?;
/// let plan = Placement::new(Strategy::OnePerNode).plan(&machine, 2)?;
/// let homes: Vec<_> = plan.iter().map(|slot| slot.node).collect();
/// assert_eq!(homes, [Some(0), Some(1)]);
/// assert_eq!(plan.to_string().lines().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub(super) slots: Vec<Slot>,
    pub(super) places: usize,
    pub(super) dropped: CpuSet,
}

impl Plan {
    /// The workers, in the order of their numbers.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The workers, in the order of their numbers.
    pub fn iter(&self) -> slice::Iter<'_, Slot> {
        self.slots.iter()
    }

    /// How many workers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there is no worker.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many workers the strategy has a place of their own for: CPUs, or the cores, L3 caches, nodes or sets it deals
    /// out.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// All CPUs that workers may run on.
    #[must_use]
    pub fn cpus(&self) -> CpuSet {
        let mut cpus = CpuSet::new();
        self.slots.iter().for_each(|slot| cpus |= &slot.cpus);
        cpus
    }

    /// The CPUs that explicit sets had and that may not be used; empty with any other strategy. Only sets that a worker
    /// got count.
    #[must_use]
    pub fn dropped(&self) -> &CpuSet {
        &self.dropped
    }

    /// The most workers that are counted for one CPU; 0 where there are no workers.
    #[must_use]
    pub fn max_load(&self) -> usize {
        let mut loads = HashMap::<_, usize>::new();
        self.slots.iter().for_each(|slot| *loads.entry(slot.home).or_default() += 1);
        loads.into_values().max().unwrap_or(0)
    }

    /// Whether there are more workers than CPUs for them, so that some have to take turns.
    #[must_use]
    pub fn oversubscribed(&self) -> bool {
        self.max_load() > 1
    }
}

/// One line for each worker: `worker 3: CPU 7 (core 3, L3 1, node 0)`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (worker, slot) in self.slots.iter().enumerate() {
            if worker > 0 {
                f.write_str("\n")?;
            }
            write!(f, "worker {worker}: {slot}")?;
        }
        Ok(())
    }
}

impl IntoIterator for Plan {
    type Item = Slot;
    type IntoIter = vec::IntoIter<Slot>;

    fn into_iter(self) -> Self::IntoIter {
        self.slots.into_iter()
    }
}

impl<'a> IntoIterator for &'a Plan {
    type Item = &'a Slot;
    type IntoIter = slice::Iter<'a, Slot>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
