use super::WorkerReport;
use crate::topo::Slot;

/// What a worker of a [`WorkerSet`](super::WorkerSet) knows of itself and of the others.
#[derive(Clone, Copy, Debug)]
pub struct Worker<'a> {
    pub(super) index: usize,
    pub(super) slot: &'a Slot,
    pub(super) reports: &'a [WorkerReport],
}

impl<'a> Worker<'a> {
    /// Its number, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many workers there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.reports.len()
    }

    /// Its place in the plan.
    #[must_use]
    pub fn slot(&self) -> &'a Slot {
        self.slot
    }

    /// What it really got.
    #[must_use]
    pub fn report(&self) -> &'a WorkerReport {
        &self.reports[self.index]
    }

    /// What each of the workers got, by their numbers.
    #[must_use]
    pub fn reports(&self) -> &'a [WorkerReport] {
        self.reports
    }
}
