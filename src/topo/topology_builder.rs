use std::io;
use std::path::PathBuf;

use super::read::{Whose, read};
use super::roots::Roots;
use super::{CpuSet, Topology, allowed_cpus};

/// Where a [`Topology`] is read from. Made by [`Topology::builder`].
///
/// ```no_run
/// use bedplate::topo::Topology;
///
/// // A snapshot of another machine: `snapshot/sys`, `snapshot/proc`, and its control groups where they were mounted.
/// let other = Topology::builder().root("snapshot").detect()?;
/// assert!(other.allowed().is_subset(other.online()));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "call `detect` to read the topology"]
pub struct TopologyBuilder {
    root: Option<PathBuf>,
    sysfs: Option<PathBuf>,
    procfs: Option<PathBuf>,
    pub(super) allowed: Option<CpuSet>,
}

impl TopologyBuilder {
    pub(super) fn new() -> Self {
        Self { root: None, sysfs: None, procfs: None, allowed: None }
    }

    /// The folder to read in place of `/`: `sys`, `proc`, and the control groups under the mount points that
    /// `proc/self` names, as far as they were saved.
    pub fn root(mut self, path: impl Into<PathBuf>) -> Self {
        self.root = Some(path.into());
        self
    }

    /// The folder to read in place of `/sys`, or of `sys` under another [`root`](Self::root).
    pub fn sysfs(mut self, path: impl Into<PathBuf>) -> Self {
        self.sysfs = Some(path.into());
        self
    }

    /// The folder to read in place of `/proc`, or of `proc` under another [`root`](Self::root).
    pub fn procfs(mut self, path: impl Into<PathBuf>) -> Self {
        self.procfs = Some(path.into());
        self
    }

    /// The CPUs to count as allowed; those that are not online are added to the online ones, with a
    /// [warning](Topology::warnings).
    ///
    /// Where not set, those of the calling thread. With another [`root`](Self::root) or [`sysfs`](Self::sysfs) they
    /// are the online CPUs that `proc/self/status` and the control groups there allow, each where it is there.
    pub fn allowed(mut self, cpus: CpuSet) -> Self {
        self.allowed = Some(cpus);
        self
    }

    /// Reads the topology. Opens a few files for each core, and blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// `NotFound` where the tree shows no CPU and none is allowed. Where the tree is this machine's, also what the
    /// kernel said when it refused to tell the thread's affinity.
    pub fn detect(self) -> io::Result<Topology> {
        let is_own = self.root.is_none() && self.sysfs.is_none();
        let allowed = match self.allowed {
            None if is_own => Some(allowed_cpus()?),
            allowed => allowed,
        };
        let whose = if is_own { Whose::ThisThread } else { Whose::Snapshot };
        // A `/sys` of another machine does not say where its control groups are.
        let mounts = if is_own { Some(PathBuf::from("/")) } else { self.root.clone() };
        let below = |path: Option<PathBuf>, name: &str| {
            path.unwrap_or_else(|| {
                self.root.as_deref().map_or_else(|| format!("/{name}").into(), |root| root.join(name))
            })
        };
        let roots = Roots { sys: Some(below(self.sysfs, "sys")), proc: Some(below(self.procfs, "proc")) };
        read(roots, mounts.as_deref(), allowed, whose)
    }
}
