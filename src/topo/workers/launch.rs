use std::io;
use std::thread;

use super::start::{Decision, Start};
use super::{SpawnError, Worker, WorkerReport};
use crate::primitive::Arc;
use crate::sys::{Demand, cpu};
use crate::topo::affinity::{allowed_cpus, set};
use crate::topo::{CpuSet, MemPolicy, NodeSet, PinError, Plan, PolicyError, Tid, set_thread_policy};

/// What the kernel keeps of a thread's name, in bytes.
const NAME_BYTES: usize = 15;

/// The threads and what they got, or the first failure and the threads that were told to end.
pub(super) type Launched<H> = Result<(Vec<H>, Arc<Vec<WorkerReport>>), (SpawnError, Vec<H>)>;

/// Workers on their way to their work: what each is to be, and the start that they wait for.
#[derive(Debug)]
pub(super) struct Launch {
    pub(super) plan: Plan,
    pub(super) name: String,
    pub(super) pinning: Demand,
    /// One for each worker; none where there is nothing to set.
    pub(super) policies: Vec<MemPolicy>,
    pub(super) memory: Demand,
    pub(super) stack_size: Option<usize>,
    pub(super) start: Start,
}

impl Launch {
    /// Spawns all threads, each to run [`attend`](Self::attend), and sends them to work when all are ready.
    ///
    /// # Errors
    ///
    /// The first failure, together with the threads that were spawned: they have been told to end.
    pub(super) fn spawn<H>(&self, mut spawn: impl FnMut(thread::Builder, usize) -> io::Result<H>) -> Launched<H> {
        // They would wait for ever if a panic came before the decision.
        let _end = OnDrop(|| self.start.decide(Decision::End));
        let mut handles = Vec::with_capacity(self.plan.len());
        for worker in 0..self.plan.len() {
            let mut builder = thread::Builder::new().name(self.thread_name(worker));
            if let Some(bytes) = self.stack_size {
                builder = builder.stack_size(bytes);
            }
            match spawn(builder, worker) {
                Ok(handle) => handles.push(handle),
                Err(error) => return Err((SpawnError::Thread { worker, error }, handles)),
            }
        }
        match self.start.all() {
            Ok(reports) => {
                self.start.decide(Decision::Work(Arc::clone(&reports)));
                Ok((handles, reports))
            }
            Err(error) => Err((error, handles)),
        }
    }

    /// What the thread of a worker does. `None` where the workers were told to end before they began.
    pub(super) fn attend<T>(&self, worker: usize, work: impl FnOnce(&Worker<'_>) -> T) -> Option<T> {
        let mut arrival = Arrival { start: &self.start, worker, result: None };
        arrival.result = Some(self.prepare(worker));
        drop(arrival);
        match self.start.decision() {
            Decision::Work(reports) => {
                Some(work(&Worker { index: worker, slot: &self.plan.slots()[worker], reports: &reports }))
            }
            Decision::End => None,
        }
    }

    /// Sets the affinity and the memory policy of the calling thread, before anything is allocated in it.
    fn prepare(&self, index: usize) -> Result<WorkerReport, SpawnError> {
        let slot = &self.plan.slots()[index];
        let pinned = if self.pinning.wanted() { set(cpu::SELF, &slot.cpus) } else { Ok(()) };
        let policy = self.set_policy(index).map_err(|error| SpawnError::Memory { worker: index, error });
        // Read back only now: that may allocate.
        let (effective, pin_refused) =
            self.pinned(&slot.cpus, pinned).map_err(|error| SpawnError::Pin { worker: index, error })?;
        let policy = policy?;
        Ok(WorkerReport {
            index,
            name: self.thread_name(index),
            tid: Tid::current(),
            asked: if self.pinning.wanted() { slot.cpus.clone() } else { CpuSet::new() },
            effective,
            pin_refused,
            memory: policy.effective,
            memory_dropped: policy.dropped,
            memory_refused: policy.refused,
        })
    }

    fn set_policy(&self, index: usize) -> Result<Policy, PolicyError> {
        let Some(policy) = self.policies.get(index) else { return Ok(Policy::default()) };
        let guard = set_thread_policy(policy, self.memory)?;
        let policy = Policy {
            effective: guard.effective().cloned(),
            dropped: guard.dropped(),
            refused: guard.refused().cloned(),
        };
        // The thread has it for good.
        guard.keep();
        Ok(policy)
    }

    /// What the thread may run on, after it was `pinned` to `asked`, and what was refused.
    fn pinned(&self, asked: &CpuSet, pinned: Result<(), PinError>) -> Result<(CpuSet, Option<PinError>), PinError> {
        let read = pinned.and_then(|()| Ok(allowed_cpus()?));
        match read {
            Ok(effective) if self.pinning.required() && !asked.is_subset(&effective) => {
                Err(PinError::NotAllowed { cpus: asked - &effective })
            }
            Ok(effective) => Ok((effective, None)),
            Err(refused) if self.pinning.required() => Err(refused),
            Err(_) if !self.pinning.wanted() => Ok((CpuSet::new(), None)),
            // It may run where the thread that spawned it may.
            Err(refused) => Ok((allowed_cpus().unwrap_or_default(), Some(refused))),
        }
    }

    /// The name and the worker's number, without the end of the name where the kernel would cut off the number.
    fn thread_name(&self, worker: usize) -> String {
        let number = format!("-{worker}");
        let mut end = self.name.len().min(NAME_BYTES.saturating_sub(number.len()));
        while !self.name.is_char_boundary(end) {
            end -= 1;
        }
        format!("{}{number}", &self.name[..end])
    }
}

#[derive(Default)]
struct Policy {
    effective: Option<MemPolicy>,
    dropped: NodeSet,
    refused: Option<PolicyError>,
}

/// Tells the others when it is dropped: they would wait for ever if the worker's thread panicked on its way.
struct Arrival<'a> {
    start: &'a Start,
    worker: usize,
    result: Option<Result<WorkerReport, SpawnError>>,
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        let worker = self.worker;
        let panicked = || Err(SpawnError::Thread { worker, error: io::Error::other("it panicked before it began") });
        self.start.arrive(worker, self.result.take().unwrap_or_else(panicked));
    }
}

/// Calls a closure when it is dropped.
struct OnDrop<F: Fn()>(F);

impl<F: Fn()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
