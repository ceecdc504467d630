use std::fmt;

use crate::topo::CpuSet;

/// A part of the machine that only one side shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What it is.
    pub part: Part,
    /// Its CPUs, those that hwloc does not show left out.
    pub cpus: CpuSet,
    /// Who shows it.
    pub only: Side,
}

/// A sort of part that a [`CrossCheck`](super::CrossCheck) compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Part {
    /// A package.
    Package,
    /// A die.
    Die,
    /// A cache of data, or of data and instructions.
    Cache {
        /// Its level.
        level: u32,
    },
    /// A core.
    Core,
    /// A CPU.
    Cpu,
    /// The memory node with this number, or that its CPUs are in it.
    Node(usize),
}

/// Who shows a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The [`Topology`](crate::topo::Topology).
    Topology,
    /// hwloc.
    Hwloc,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            Part::Package => f.write_str("package")?,
            Part::Die => f.write_str("die")?,
            Part::Cache { level } => write!(f, "L{level} cache")?,
            Part::Core => f.write_str("core")?,
            Part::Cpu => f.write_str("CPU")?,
            Part::Node(node) => write!(f, "memory node {node}")?,
        }
        let side = match self.only {
            Side::Topology => "the topology",
            Side::Hwloc => "hwloc",
        };
        write!(f, " with CPUs `{}` is seen only by {side}", self.cpus)
    }
}
