use std::error::Error;
use std::fmt;

use hwloc2::{ObjectType, TopologyObject};

use super::{CpuSet, NodeSet, Topology};
use crate::sys::cpu::hwloc_major;

/// The version of hwloc whose structures the package `hwloc2` knows.
const MAJOR: u32 = 2;

/// This crate's view of the machine beside that of the C library hwloc. Made by [`Topology::cross_check`].
///
/// hwloc leaves out what the process's control group does not allow; the counts are of what hwloc shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CrossCheck {
    /// The CPUs that hwloc shows.
    pub hwloc_cpus: CpuSet,
    /// The memory nodes that hwloc shows.
    pub hwloc_nodes: NodeSet,
    /// Packages with such CPUs.
    pub packages: Tally,
    /// Cores with such CPUs.
    pub cores: Tally,
    /// Such CPUs.
    pub cpus: Tally,
    /// Such memory nodes.
    pub nodes: Tally,
}

/// How many of a thing each side found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// In the [`Topology`].
    pub ours: usize,
    /// By hwloc. Zero where it does not show such things at all, as it does with packages in some virtual machines.
    pub hwloc: usize,
}

impl Tally {
    /// Whether both sides found as many.
    #[must_use]
    pub fn agrees(self) -> bool {
        self.ours == self.hwloc
    }
}

impl CrossCheck {
    /// Whether all counts agree.
    #[must_use]
    pub fn agrees(&self) -> bool {
        [self.packages, self.cores, self.cpus, self.nodes].into_iter().all(Tally::agrees)
    }
}

/// hwloc could not be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrossCheckError {
    /// The library that was loaded is not of version 2, so its structures are not those this was compiled for.
    Version {
        /// The major version that was loaded.
        major: u32,
    },
    /// The library could not read the machine.
    Load,
}

impl fmt::Display for CrossCheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { major } => write!(f, "hwloc has major version {major}, not {MAJOR}"),
            Self::Load => f.write_str("hwloc could not read the machine"),
        }
    }
}

impl Error for CrossCheckError {}

impl Topology {
    /// Compares this with what the C library hwloc sees of the machine this runs on. Takes as long as hwloc takes to
    /// read it, milliseconds or more.
    ///
    /// Meaningful for a [detected](Topology::detect) topology, not for another machine's tree.
    ///
    /// # Errors
    ///
    /// Where the library is of another major version than 2, or cannot read the machine.
    ///
    /// ```
    /// use bedplate::topo::Topology;
    ///
    /// let check = Topology::detect()?.cross_check()?;
    /// assert!(check.cpus.agrees(), "{check:?}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cross_check(&self) -> Result<CrossCheck, CrossCheckError> {
        let major = hwloc_major();
        if major != MAJOR {
            return Err(CrossCheckError::Version { major });
        }
        let hwloc = hwloc2::Topology::new().ok_or(CrossCheckError::Load)?;
        let view = View::of(&hwloc).ok_or(CrossCheckError::Load)?;
        let shown = |cpus: &CpuSet| !cpus.is_disjoint(&view.cpus);
        Ok(CrossCheck {
            packages: Tally {
                ours: self.packages().iter().filter(|package| shown(&package.cpus)).count(),
                hwloc: view.packages,
            },
            cores: Tally { ours: self.cores().iter().filter(|core| shown(&core.cpus)).count(), hwloc: view.cores },
            cpus: Tally { ours: self.online().intersection(&view.cpus).len(), hwloc: view.cpus.len() },
            nodes: Tally { ours: self.node_set().intersection(&view.nodes).len(), hwloc: view.nodes.len() },
            hwloc_cpus: view.cpus,
            hwloc_nodes: view.nodes,
        })
    }
}

/// What hwloc shows, asked through the part of the package `hwloc2` that is sound: no `Display`, no `name()` (both free
/// what they do not own), no query by type for memory nodes (their depth is negative), no set that outlives its object.
struct View {
    packages: usize,
    cores: usize,
    cpus: CpuSet,
    nodes: NodeSet,
}

impl View {
    fn of(hwloc: &hwloc2::Topology) -> Option<Self> {
        let mut view = Self { packages: 0, cores: 0, cpus: CpuSet::new(), nodes: NodeSet::new() };
        for depth in 0..hwloc.depth() {
            let objects = hwloc.objects_at_depth(depth);
            // Not `==`: the comparison of these types calls the library, which has an order of its own.
            match hwloc.type_at_depth(depth) {
                ObjectType::Machine => view.nodes = nodes_of(objects.first()?)?,
                ObjectType::Package => view.packages += objects.len(),
                ObjectType::Core => view.cores += objects.len(),
                ObjectType::PU => view.cpus.extend(objects.iter().map(|object| object.os_index() as usize)),
                _ => {}
            }
        }
        Some(view)
    }
}

fn nodes_of(machine: &TopologyObject) -> Option<NodeSet> {
    // The set that `nodeset` returns points into the machine; the clone is its own, and the former ends here.
    let nodes = machine.nodeset()?.clone();
    // Negative for the infinite set, which stands for a machine without nodes.
    if nodes.weight() < 0 {
        return None;
    }
    Some(nodes.into_iter().map(|node| node as usize).collect())
}
