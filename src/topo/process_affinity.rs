use std::collections::HashSet;
use std::fs;
use std::io;

use super::affinity::affinity;
use super::{CpuSet, PinError, Tid, set_affinity};

/// How often the threads are listed. Each time but the last finds a thread whose parent had not been bound yet when it
/// spawned it: chains of so many are not by chance.
const ROUNDS: usize = 64;

/// Binds every thread of this process to `cpus`, for good. Threads that start later inherit it from those that spawn
/// them.
///
/// The threads are listed again until no new one appears that is not bound yet. A thread that ends meanwhile is none.
/// Guards of [`pin_current`](super::pin_current) know nothing of it: each restores what it found.
///
/// Reads `/proc/self/task`; three system calls for each thread.
///
/// # Errors
///
/// [`PinError::Empty`] for the empty set; where the calling thread cannot be bound, the error of that. `System` where
/// `/proc` cannot be read: nothing has changed then, unless it could be read at first. `System` also where threads keep
/// appearing that are not bound; those met so far are bound. A refusal for another thread is no error: see
/// [`ProcessAffinity::failed`].
///
/// ```
/// use bedplate::topo::{CpuSet, allowed_cpus, set_process_affinity};
///
/// let all = allowed_cpus()?;
/// let first = CpuSet::single(all.first().expect("a running thread has a CPU"));
/// let bound = set_process_affinity(&first)?;
/// assert_eq!(bound.effective, first);
/// assert!(bound.threads >= 1 && bound.failed.is_empty());
/// # set_process_affinity(&all)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_process_affinity(cpus: &CpuSet) -> Result<ProcessAffinity, PinError> {
    let mut left = threads()?;
    let here = Tid::current();
    let effective = set_affinity(here, cpus)?;
    let dropped = cpus - &effective;
    let mut bound = ProcessAffinity { effective, dropped, threads: 1, failed: Vec::new() };
    let mut met = HashSet::from([here]);
    for _ in 0..ROUNDS {
        let mut news = false;
        left.retain(|thread| met.insert(*thread));
        for thread in left {
            news |= bound.include(thread, cpus);
        }
        if !news {
            return Ok(bound);
        }
        left = threads()?;
    }
    Err(PinError::System(io::Error::other("threads keep appearing that are not bound")))
}

/// What [`set_process_affinity`] did.
#[derive(Debug)]
#[non_exhaustive]
pub struct ProcessAffinity {
    /// The CPUs that the calling thread may run on now, and with it every thread of the same control group: all of the
    /// process, unless its group is a threaded one.
    pub effective: CpuSet,
    /// The CPUs that were asked for and not obtained: offline, or not allowed.
    pub dropped: CpuSet,
    /// How many threads are bound.
    pub threads: usize,
    /// The threads that could not be bound, and why.
    pub failed: Vec<(Tid, PinError)>,
}

impl ProcessAffinity {
    /// Binds one more thread. Says whether it could have spawned a thread that is not bound.
    fn include(&mut self, thread: Tid, cpus: &CpuSet) -> bool {
        // Spawned by a thread that is bound, it needs nothing, and its own threads need nothing either.
        if affinity(thread).is_ok_and(|now| now == self.effective) {
            self.threads += 1;
            return false;
        }
        match set_affinity(thread, cpus) {
            Ok(_) => self.threads += 1,
            Err(PinError::NoSuchThread { .. }) => {}
            Err(error) => self.failed.push((thread, error)),
        }
        true
    }
}

fn threads() -> io::Result<Vec<Tid>> {
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    fs::read_dir("/proc/self/task")?
        .filter_map(|entry| entry.map(|entry| number(entry).and_then(Tid::new)).transpose())
        .collect()
}
