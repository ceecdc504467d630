use super::{SpawnError, WorkerReport};
use crate::primitive::{Arc, Mutex};
use crate::sync::EventCount;

/// Where workers wait until all are ready, and whoever starts them waits for that.
#[derive(Debug)]
pub(super) struct Start {
    state: Mutex<State>,
    changed: EventCount,
}

#[derive(Debug)]
struct State {
    /// What the workers that are ready, or failed, reported.
    arrived: Vec<Option<Result<WorkerReport, SpawnError>>>,
    missing: usize,
    decision: Option<Decision>,
}

#[derive(Clone, Debug)]
pub(super) enum Decision {
    /// Not a slice, which loom's `Arc` does not hold.
    Work(Arc<Vec<WorkerReport>>),
    End,
}

impl Start {
    pub(super) fn new(workers: usize) -> Self {
        let arrived = std::iter::repeat_with(|| None).take(workers).collect();
        let state = State { arrived, missing: workers, decision: None };
        Self { state: Mutex::new(state), changed: EventCount::new() }
    }

    /// One worker is ready, or failed.
    pub(super) fn arrive(&self, worker: usize, result: Result<WorkerReport, SpawnError>) {
        let mut state = self.state.lock();
        state.arrived[worker] = Some(result);
        state.missing -= 1;
        let last = state.missing == 0;
        drop(state);
        if last {
            self.changed.notify_all();
        }
    }

    /// Waits for every worker. The reports, or the failure of the worker with the lowest number.
    pub(super) fn all(&self) -> Result<Arc<Vec<WorkerReport>>, SpawnError> {
        self.wait(|state| (state.missing == 0).then(|| std::mem::take(&mut state.arrived)))
            .into_iter()
            .flatten()
            .collect::<Result<Vec<_>, _>>()
            .map(Arc::new)
    }

    /// Tells the workers what to do; the first word counts.
    pub(super) fn decide(&self, decision: Decision) {
        self.state.lock().decision.get_or_insert(decision);
        self.changed.notify_all();
    }

    /// Waits until it is told what to do.
    pub(super) fn decision(&self) -> Decision {
        self.wait(|state| state.decision.clone())
    }

    fn wait<R>(&self, ready: impl Fn(&mut State) -> Option<R>) -> R {
        loop {
            if let Some(result) = ready(&mut self.state.lock()) {
                return result;
            }
            let listener = self.changed.listen();
            if let Some(result) = ready(&mut self.state.lock()) {
                return result;
            }
            listener.wait();
        }
    }
}
