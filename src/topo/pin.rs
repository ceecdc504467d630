use std::io;
use std::marker::PhantomData;

use super::{CpuSet, PinError};
use crate::sys::cpu;

/// Binds the calling thread to `cpus` until the guard is dropped.
///
/// The kernel leaves out CPUs that are offline or that the thread's control group does not allow, as long as one is
/// left; [`PinGuard::effective`] is what was obtained, [`PinGuard::dropped`] what was left out. Threads that this thread
/// spawns inherit the binding. Three system calls; the thread has moved to one of the CPUs when this returns.
///
/// # Errors
///
/// [`PinError::Empty`] for the empty set, [`PinError::NotAllowed`] where no CPU of the set can be had,
/// [`PinError::System`] where the kernel refuses altogether. The affinity is unchanged then.
///
/// ```
/// use bedplate::topo::{CpuSet, allowed_cpus, current_cpu, pin_current};
///
/// let before = allowed_cpus()?;
/// let cpu = before.first().expect("a running thread has a CPU");
/// let pinned = pin_current(&CpuSet::single(cpu))?;
/// assert_eq!(current_cpu(), cpu);
/// assert!(pinned.dropped().is_empty());
/// drop(pinned);
/// assert_eq!(allowed_cpus()?, before);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn pin_current(cpus: &CpuSet) -> Result<PinGuard, PinError> {
    if cpus.is_empty() {
        return Err(PinError::Empty);
    }
    let previous = allowed_cpus()?;
    match cpu::set_affinity(cpus.words()) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return Err(PinError::NotAllowed { cpus: cpus.clone() });
        }
        Err(error) => return Err(error.into()),
    }
    // From here on a failure restores the affinity, by the guard's drop.
    let mut guard = PinGuard { previous, asked: cpus.clone(), effective: CpuSet::new(), not_send: PhantomData };
    guard.effective = allowed_cpus()?;
    Ok(guard)
}

/// The CPUs the calling thread may run on: what it is pinned to, or what its control group allows. One system call.
///
/// # Errors
///
/// Where the kernel refuses, as a system call filter may.
pub fn allowed_cpus() -> io::Result<CpuSet> {
    cpu::affinity().map(CpuSet::from_words)
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

/// The memory node of the CPU the calling thread runs on, by the kernel's number. One system call.
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
    cpu::current_cpu_and_node().map(|(_, node)| node)
}

/// The calling thread stays on its CPUs while this lives; dropping it restores the affinity that [`pin_current`] found.
///
/// Drop guards in reverse order: each restores what was before it. A leaked guard leaves the thread pinned. After the
/// drop the kernel holds the restored set for the thread's own wish, so CPUs that the control group gains later are not
/// added to it. It cannot be sent to another thread:
///
/// ```compile_fail,E0277
/// use bedplate::topo::{CpuSet, pin_current};
///
/// let guard = pin_current(&CpuSet::single(0)).unwrap();
/// std::thread::spawn(move || drop(guard));
/// ```
#[derive(Debug)]
#[must_use = "the thread is pinned only while the guard lives; bind it to a name"]
pub struct PinGuard {
    previous: CpuSet,
    asked: CpuSet,
    effective: CpuSet,
    /// The affinity to restore is this thread's.
    not_send: PhantomData<*const ()>,
}

impl PinGuard {
    /// The CPUs that the thread may run on, as the kernel told after it was pinned.
    #[must_use]
    pub fn effective(&self) -> &CpuSet {
        &self.effective
    }

    /// The CPUs that were asked for and not obtained: offline, or not allowed.
    #[must_use]
    pub fn dropped(&self) -> CpuSet {
        &self.asked - &self.effective
    }
}

impl Drop for PinGuard {
    fn drop(&mut self) {
        // Fails where none of the CPUs is left by now: then any affinity is as good, and the kernel's stands.
        let _ = cpu::set_affinity(self.previous.words());
    }
}
