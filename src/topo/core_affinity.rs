//! The way to and from the package `core_affinity`, which calls a CPU a core.

use std::error::Error;
use std::fmt;

use ::core_affinity::CoreId;

use super::CpuSet;

/// Panics on a number above [`CpuSet::MAX_ID`], which `core_affinity` itself never makes.
///
/// ```
/// use bedplate::topo::CpuSet;
/// use core_affinity::CoreId;
///
/// let cpus = CpuSet::from(CoreId { id: 3 });
/// assert_eq!(cpus, CpuSet::single(3));
/// assert_eq!(CoreId::try_from(&cpus), Ok(CoreId { id: 3 }));
/// assert!(CoreId::try_from(&CpuSet::from([3, 4])).is_err());
/// ```
impl From<CoreId> for CpuSet {
    fn from(core: CoreId) -> Self {
        Self::single(core.id)
    }
}

/// Panics on a number above [`CpuSet::MAX_ID`], which `core_affinity` itself never makes.
impl FromIterator<CoreId> for CpuSet {
    fn from_iter<I: IntoIterator<Item = CoreId>>(cores: I) -> Self {
        cores.into_iter().map(|core| core.id).collect()
    }
}

/// The one CPU of the set; refused where there are more, or none.
impl TryFrom<&CpuSet> for CoreId {
    type Error = NotOneCpu;

    fn try_from(cpus: &CpuSet) -> Result<Self, NotOneCpu> {
        let mut ids = cpus.iter();
        match (ids.next(), ids.next()) {
            (Some(id), None) => Ok(Self { id }),
            _ => Err(NotOneCpu { cpus: cpus.clone() }),
        }
    }
}

/// A [`CoreId`] stands for one CPU, and the set has another number of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotOneCpu {
    /// The set.
    pub cpus: CpuSet,
}

impl fmt::Display for NotOneCpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} CPUs where one was expected: `{}`", self.cpus.len(), self.cpus)
    }
}

impl Error for NotOneCpu {}
