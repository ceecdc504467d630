use std::io;
use std::marker::PhantomData;
use std::mem;

use super::affinity::{allowed_cpus, set};
use super::{CpuSet, PinError};
use crate::sys::cpu;

/// Binds the calling thread to `cpus` until the guard is dropped.
///
/// The kernel leaves out CPUs that are offline or that the thread's control group does not allow, as long as one is
/// left; [`PinGuard::effective`] is what was obtained, [`PinGuard::dropped`] what was left out. CPUs outside of what the
/// thread may use at the moment can be had where the control group allows them: that is how threads come to isolated
/// CPUs. Threads that this thread spawns inherit the binding. Three system calls; the thread has moved to one of the CPUs
/// when this returns.
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
    let previous = allowed_cpus()?;
    set(cpu::SELF, cpus)?;
    // From here on a failure restores the affinity, by the guard's drop.
    let mut guard = PinGuard { previous, asked: cpus.clone(), effective: CpuSet::new(), not_send: PhantomData };
    guard.effective = allowed_cpus()?;
    Ok(guard)
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
#[must_use = "the thread is pinned only while the guard lives; bind it to a name, or call `keep`"]
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

    /// Whether the thread still may run on [`effective`](Self::effective) and nowhere else. Asks the kernel, by one system
    /// call.
    ///
    /// It may not where somebody else set its affinity, where its control group was given other CPUs, or where the last
    /// CPU of the set was turned off: then the kernel lets the thread run anywhere, and does not take that back when the
    /// CPU is turned on again.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses, as a system call filter may.
    ///
    /// ```
    /// use bedplate::topo::{CpuSet, current_cpu, pin_current};
    ///
    /// let pinned = pin_current(&CpuSet::single(current_cpu()))?;
    /// assert!(pinned.holds()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn holds(&self) -> io::Result<bool> {
        Ok(allowed_cpus()? == self.effective)
    }

    /// Restores the affinity that was before, as dropping the guard does, and says whether that went well.
    ///
    /// # Errors
    ///
    /// `InvalidInput` where none of the CPUs that the thread could use before is left, or what else the kernel says when
    /// it refuses. The thread stays on the CPUs it has.
    ///
    /// ```
    /// use bedplate::topo::{CpuSet, allowed_cpus, current_cpu, pin_current};
    ///
    /// let before = allowed_cpus()?;
    /// pin_current(&CpuSet::single(current_cpu()))?.restore()?;
    /// assert_eq!(allowed_cpus()?, before);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore(mut self) -> io::Result<()> {
        let previous = mem::take(&mut self.previous);
        cpu::set_affinity(cpu::SELF, previous.words())
    }

    /// Leaves the thread pinned for good; returns what was obtained.
    ///
    /// ```
    /// use bedplate::topo::{CpuSet, allowed_cpus, current_cpu, pin_current};
    ///
    /// let kept = pin_current(&CpuSet::single(current_cpu()))?.keep();
    /// assert_eq!(allowed_cpus()?, kept);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn keep(mut self) -> CpuSet {
        self.previous = CpuSet::new();
        mem::take(&mut self.effective)
    }
}

impl Drop for PinGuard {
    fn drop(&mut self) {
        // Emptied where there is nothing to restore any more: a thread that runs never had the empty set.
        if !self.previous.is_empty() {
            // Fails where none of the CPUs is left by now: then any affinity is as good, and the kernel's stands.
            let _ = cpu::set_affinity(cpu::SELF, self.previous.words());
        }
    }
}
