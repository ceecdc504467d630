use std::fmt;
use std::thread::{self, ScopedJoinHandle, Thread};

use super::WorkerReport;
use crate::primitive::Arc;

/// A [`WorkerSet`](super::WorkerSet) whose work borrows from outside of a [`std::thread::scope`]. Made by
/// [`spawn_scoped`](super::WorkerSetBuilder::spawn_scoped).
///
/// Dropping it does not wait; the scope does, and panics where a worker did.
#[must_use = "call `join` for what the workers return"]
pub struct ScopedWorkerSet<'scope, T> {
    handles: Vec<ScopedJoinHandle<'scope, Option<T>>>,
    reports: Arc<Vec<WorkerReport>>,
}

impl<'scope, T> ScopedWorkerSet<'scope, T> {
    pub(super) fn new(handles: Vec<ScopedJoinHandle<'scope, Option<T>>>, reports: Arc<Vec<WorkerReport>>) -> Self {
        Self { handles, reports }
    }

    /// What each worker really got, by their numbers.
    #[must_use]
    pub fn reports(&self) -> &[WorkerReport] {
        &self.reports
    }

    /// The threads, by the workers' numbers.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.handles.iter().map(ScopedJoinHandle::thread)
    }

    /// Whether all of them have ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handles.iter().all(ScopedJoinHandle::is_finished)
    }

    /// Waits for all of them, and returns what each returned or panicked with, by their numbers. The scope does not panic
    /// for a worker that was joined.
    ///
    /// # Panics
    ///
    /// If called by one of them, where the system notices: it would wait for itself.
    pub fn join(self) -> Vec<thread::Result<T>> {
        let value = |done: Option<T>| done.expect("the workers of a set were sent to work");
        self.handles.into_iter().map(|handle| handle.join().map(value)).collect()
    }
}

impl<T> fmt::Debug for ScopedWorkerSet<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedWorkerSet").field("reports", &self.reports).finish_non_exhaustive()
    }
}
