use std::io;
use std::path::PathBuf;

use super::discovery::discover;
use super::files::Files;
use super::{CpuSet, Topology, allowed_cpus};

/// Where a [`Topology`] is read from. Made by [`Topology::builder`].
///
/// ```no_run
/// use bedplate::topo::Topology;
///
/// // A snapshot of another machine: all of its online CPUs count as allowed.
/// let other = Topology::builder().sysfs("snapshot/sys").procfs("snapshot/proc").detect()?;
/// assert_eq!(other.allowed(), other.online());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "call `detect` to read the topology"]
pub struct TopologyBuilder {
    sysfs: Option<PathBuf>,
    procfs: Option<PathBuf>,
    allowed: Option<CpuSet>,
}

impl TopologyBuilder {
    pub(super) fn new() -> Self {
        Self { sysfs: None, procfs: None, allowed: None }
    }

    /// The folder to read in place of `/sys`.
    pub fn sysfs(mut self, path: impl Into<PathBuf>) -> Self {
        self.sysfs = Some(path.into());
        self
    }

    /// The folder to read in place of `/proc`.
    pub fn procfs(mut self, path: impl Into<PathBuf>) -> Self {
        self.procfs = Some(path.into());
        self
    }

    /// The CPUs to count as allowed. Where not set, those of the calling thread, or with another
    /// [`sysfs`](Self::sysfs) all that are online.
    pub fn allowed(mut self, cpus: CpuSet) -> Self {
        self.allowed = Some(cpus);
        self
    }

    /// Reads the topology.
    ///
    /// # Errors
    ///
    /// `NotFound` where the tree shows no CPU and none is allowed. Where the tree is this machine's, also what the
    /// kernel said when it refused to tell the thread's affinity.
    pub fn detect(self) -> io::Result<Topology> {
        let allowed = match (self.allowed, &self.sysfs) {
            (Some(allowed), _) => Some(allowed),
            (None, Some(_)) => None,
            (None, None) => Some(allowed_cpus()?),
        };
        let sysfs = Files::new(&self.sysfs.unwrap_or_else(|| "/sys".into()));
        let procfs = Files::new(&self.procfs.unwrap_or_else(|| "/proc".into()));
        discover(sysfs, procfs, allowed)
    }
}
