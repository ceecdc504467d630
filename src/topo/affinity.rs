use std::io;

use super::{CpuSet, PinError, Tid};
use crate::sys::cpu;

/// The CPUs the calling thread may run on: what it is pinned to, or what its control group allows. One system call.
///
/// On a machine with isolated CPUs (`isolcpus`) threads start without those, although they may be pinned to them.
///
/// # Errors
///
/// Where the kernel refuses, as a system call filter may.
pub fn allowed_cpus() -> io::Result<CpuSet> {
    read(cpu::SELF)
}

/// The CPUs that a thread, of this process or of another, may run on. One system call.
///
/// # Errors
///
/// Where there is no such thread (`ESRCH`), or the kernel refuses.
///
/// ```
/// use bedplate::topo::{Tid, affinity, allowed_cpus};
///
/// assert_eq!(affinity(Tid::current())?, allowed_cpus()?);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn affinity(thread: Tid) -> io::Result<CpuSet> {
    read(thread.get())
}

/// Binds a thread, of this process or of another, to `cpus`, for good; says what was obtained.
///
/// The kernel leaves out CPUs that are offline or that the thread's control group does not allow, as long as one is left.
/// A running thread has moved when this returns. Two system calls.
///
/// # Errors
///
/// [`PinError::Empty`] for the empty set, [`PinError::NotAllowed`] where no CPU of the set can be had,
/// [`PinError::NoSuchThread`] where the thread has ended, [`PinError::System`] where the kernel refuses: threads of other
/// users need `CAP_SYS_NICE`, and some kernel threads stay where they are.
///
/// ```
/// use bedplate::topo::{CpuSet, Tid, allowed_cpus, set_affinity};
///
/// let all = allowed_cpus()?;
/// let first = CpuSet::single(all.first().expect("a running thread has a CPU"));
/// assert_eq!(set_affinity(Tid::current(), &first)?, first);
/// assert_eq!(set_affinity(Tid::current(), &all)?, all);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn set_affinity(thread: Tid, cpus: &CpuSet) -> Result<CpuSet, PinError> {
    set(thread.get(), cpus)?;
    affinity(thread).map_err(|error| refused(error, thread.get(), cpus))
}

/// The CPU the calling thread runs on. It may have moved on before the caller looks, unless it is pinned.
///
/// No system call where the C library knows a faster way (restartable sequences or the vDSO).
///
/// ```
/// use bedplate::topo::{allowed_cpus, current_cpu};
///
/// assert!(allowed_cpus()?.contains(current_cpu()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[inline]
#[must_use]
pub fn current_cpu() -> usize {
    cpu::current_cpu()
}

/// The memory node of the CPU the calling thread runs on, by the kernel's number. As [`current_cpu`] it may be another
/// before the caller looks.
///
/// No system call where glibc 2.29 or later is linked dynamically; one elsewhere.
///
/// # Errors
///
/// Where a system call filter refuses.
///
/// ```
/// use bedplate::topo::{Topology, current_node};
///
/// assert!(Topology::detect()?.node(current_node()?).is_some());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn current_node() -> io::Result<usize> {
    cpu::current_node()
}

fn read(tid: i32) -> io::Result<CpuSet> {
    cpu::affinity(tid, |words| CpuSet::from_words(words))
}

/// Sets the affinity of a thread, or of the calling one.
pub(super) fn set(tid: i32, cpus: &CpuSet) -> Result<(), PinError> {
    if cpus.is_empty() {
        return Err(PinError::Empty);
    }
    cpu::set_affinity(tid, cpus.words()).map_err(|error| refused(error, tid, cpus))
}

#[cold]
fn refused(error: io::Error, tid: i32, cpus: &CpuSet) -> PinError {
    match (error.raw_os_error(), Tid::new(tid)) {
        (Some(cpu::EINVAL), _) => PinError::NotAllowed { cpus: cpus.clone() },
        (Some(cpu::ESRCH), Some(thread)) => PinError::NoSuchThread { thread },
        _ => PinError::System(error),
    }
}
