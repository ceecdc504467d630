use std::fmt;
use std::mem;
use std::thread::{self, JoinHandle, Thread};

use super::{WorkerReport, WorkerSetBuilder};
use crate::primitive::Arc;
use crate::topo::Plan;

/// Named threads that run where a [`Plan`] says.
///
/// Each sets its affinity and then its memory policy before it allocates anything; only what the standard library touches
/// to start a thread comes earlier, and its stack, which the spawning thread maps and its own first touch fills. Then it
/// waits until all of them have done so: none begins its work earlier, and where one fails that was required to succeed,
/// none does at all. [`reports`](Self::reports) says what each really got.
///
/// Dropping the set waits for the threads to end, and so does [`join`](Self::join), which also returns what they did.
/// Nothing here tells them to end: that is up to their work.
///
/// ```
/// use bedplate::topo::{CpuSet, Placement, Strategy, Topology, WorkerSet, allowed_cpus};
///
/// let plan = Placement::new(Strategy::OnePerCore).plan(&Topology::detect()?, 2)?;
/// let workers = WorkerSet::builder(plan).name("io").spawn(|worker| {
///     assert_eq!(allowed_cpus().unwrap(), worker.slot().cpus);
///     (worker.index(), std::thread::current().name().map(str::to_owned))
/// })?;
/// assert!(workers.reports().iter().all(|report| report.complete()));
/// let done: Vec<_> = workers.join().into_iter().map(|done| done.expect("no panic")).collect();
/// assert_eq!(done, [(0, Some("io-0".to_owned())), (1, Some("io-1".to_owned()))]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping the set waits for its threads; call `join` for what they return"]
pub struct WorkerSet<T = ()> {
    /// The threads end with `None` only where they were not sent to work, and then there is no set.
    handles: Vec<JoinHandle<Option<T>>>,
    reports: Arc<Vec<WorkerReport>>,
}

impl WorkerSet<()> {
    /// Starts describing one worker for each slot of the plan. Not limited to workers that return nothing.
    pub fn builder(plan: Plan) -> WorkerSetBuilder {
        WorkerSetBuilder::new(plan)
    }
}

impl<T> WorkerSet<T> {
    pub(super) fn new(handles: Vec<JoinHandle<Option<T>>>, reports: Arc<Vec<WorkerReport>>) -> Self {
        Self { handles, reports }
    }

    /// What each worker really got, by their numbers.
    #[must_use]
    pub fn reports(&self) -> &[WorkerReport] {
        &self.reports
    }

    /// How many workers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reports.len()
    }

    /// Whether there are none: the plan was for none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reports.is_empty()
    }

    /// The threads, by the workers' numbers, for one to [unpark](Thread::unpark) them.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.handles.iter().map(JoinHandle::thread)
    }

    /// Whether all of them have ended, so that [`join`](Self::join) does not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.handles.iter().all(JoinHandle::is_finished)
    }

    /// Waits for all of them, and returns what each returned or panicked with, by their numbers.
    ///
    /// # Panics
    ///
    /// If called by one of them, where the system notices: it would wait for itself.
    pub fn join(mut self) -> Vec<thread::Result<T>> {
        let handles = mem::take(&mut self.handles);
        let value = |done: Option<T>| done.expect("the workers of a set were sent to work");
        handles.into_iter().map(|handle| handle.join().map(value)).collect()
    }
}

impl<T> fmt::Debug for WorkerSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerSet").field("reports", &self.reports).finish_non_exhaustive()
    }
}

/// Waits for the threads to end; one of them that drops the set does not wait for itself. What they return is dropped, and
/// their panics are not raised again.
impl<T> Drop for WorkerSet<T> {
    fn drop(&mut self) {
        let here = thread::current().id();
        let others = self.handles.drain(..).filter(|handle| handle.thread().id() != here);
        others.for_each(|handle| drop(handle.join()));
    }
}
