use std::thread::Scope;

use super::launch::Launch;
use super::start::Start;
use super::{ScopedWorkerSet, SpawnError, Worker, WorkerSet};
use crate::primitive::Arc;
use crate::sys::Demand;
use crate::topo::{MemPolicy, Plan, Slot};

/// What the workers of a [`WorkerSet`] are to be. Made by [`WorkerSet::builder`].
#[derive(Clone, Debug)]
#[must_use = "call `spawn` to start the workers"]
pub struct WorkerSetBuilder {
    plan: Plan,
    name: String,
    stack_size: Option<usize>,
    pinning: Demand,
    policies: Vec<MemPolicy>,
    memory: Demand,
}

impl WorkerSetBuilder {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            name: "worker".to_owned(),
            stack_size: None,
            pinning: Demand::Require,
            policies: Vec::new(),
            memory: Demand::Off,
        }
    }

    /// The name of the threads; each adds its number, as in `io-3`. `worker` where not set.
    ///
    /// The kernel keeps 15 bytes of a thread's name. A longer one is cut in front of the number.
    ///
    /// # Panics
    ///
    /// If there is a NUL byte in it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        assert!(!self.name.contains('\0'), "the name of a thread cannot have a NUL byte in it: {:?}", self.name);
        self
    }

    /// The size of each thread's stack in bytes. What the standard library takes where not set.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How much the workers want to be pinned to the CPUs of the plan. [`Demand::Require`] where not set: fewer CPUs than
    /// planned are an error. With [`Demand::Prefer`] a worker takes the CPUs it gets, and with [`Demand::Off`] is left
    /// where the thread that spawns it may run.
    pub fn pinning(mut self, demand: Demand) -> Self {
        self.pinning = demand;
        self
    }

    /// The memory policy of each worker, and how much it is wanted. The policy of the thread that spawns them where not
    /// set.
    pub fn memory(self, policy: MemPolicy, demand: Demand) -> Self {
        self.memory_with(|_| policy.clone(), demand)
    }

    /// As [`memory`](Self::memory), with a policy for each worker: `policy` is called for all slots of the plan, at once.
    ///
    /// ```
    /// use bedplate::Demand;
    /// use bedplate::topo::{MemPolicy, NodeSet, Placement, Strategy, Topology, WorkerSet};
    ///
    /// let plan = Placement::new(Strategy::OnePerNode).plan(&Topology::detect()?, 1)?;
    /// let workers = WorkerSet::builder(plan)
    ///     .memory_with(
    ///         |slot| match slot.node {
    ///             Some(node) => MemPolicy::Bind(NodeSet::single(node)),
    ///             None => MemPolicy::Local,
    ///         },
    ///         Demand::Prefer,
    ///     )
    ///     .spawn(|worker| worker.report().memory_refused.is_none())?;
    /// assert_eq!(workers.join().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn memory_with(mut self, policy: impl FnMut(&Slot) -> MemPolicy, demand: Demand) -> Self {
        self.policies = self.plan.iter().map(policy).collect();
        self.memory = demand;
        self
    }

    /// Starts the workers; returns when every one of them is where it should be. Each runs `work` then.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] where a thread cannot be spawned, or does not get what it requires. No thread is left then, and none
    /// has run `work`.
    pub fn spawn<T, F>(self, work: F) -> Result<WorkerSet<T>, SpawnError>
    where
        F: Fn(&Worker<'_>) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        let shared = Arc::new((self.launch(), work));
        let launched = shared.0.spawn(|builder, worker| {
            let shared = Arc::clone(&shared);
            builder.spawn(move || shared.0.attend(worker, &shared.1))
        });
        match launched {
            Ok((handles, reports)) => Ok(WorkerSet::new(handles, reports)),
            Err((error, handles)) => {
                // They have been told to end; a panic is theirs.
                handles.into_iter().for_each(|handle| drop(handle.join()));
                Err(error)
            }
        }
    }

    /// As [`spawn`](Self::spawn), for work that borrows from outside of a [`std::thread::scope`].
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    ///
    /// ```
    /// use bedplate::topo::{Placement, Strategy, Topology, WorkerSet};
    ///
    /// let plan = Placement::new(Strategy::Scatter).plan(&Topology::detect()?, 3)?;
    /// let numbers = [1, 2, 3, 4, 5, 6];
    /// let sums = std::thread::scope(|scope| {
    ///     let workers = WorkerSet::builder(plan).name("sum").spawn_scoped(scope, |worker| {
    ///         numbers.iter().skip(worker.index()).step_by(worker.count()).sum::<u64>()
    ///     })?;
    ///     Ok::<_, bedplate::topo::SpawnError>(workers.join())
    /// })?;
    /// assert_eq!(sums.into_iter().map(|sum| sum.expect("no panic")).collect::<Vec<_>>(), [5, 7, 9]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_scoped<'scope, T, F>(
        self,
        scope: &'scope Scope<'scope, '_>,
        work: F,
    ) -> Result<ScopedWorkerSet<'scope, T>, SpawnError>
    where
        F: Fn(&Worker<'_>) -> T + Send + Sync + 'scope,
        T: Send + 'scope,
    {
        let shared = Arc::new((self.launch(), work));
        let launched = shared.0.spawn(|builder, worker| {
            let shared = Arc::clone(&shared);
            builder.spawn_scoped(scope, move || shared.0.attend(worker, &shared.1))
        });
        match launched {
            Ok((handles, reports)) => Ok(ScopedWorkerSet::new(handles, reports)),
            Err((error, handles)) => {
                handles.into_iter().for_each(|handle| drop(handle.join()));
                Err(error)
            }
        }
    }

    fn launch(self) -> Launch {
        let Self { plan, name, stack_size, pinning, policies, memory } = self;
        let start = Start::new(plan.len());
        Launch { plan, name, pinning, policies, memory, stack_size, start }
    }
}
