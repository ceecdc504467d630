//! The way to and from the package `core_affinity`, which calls a CPU a core.
//!
//! Its `get_core_ids` are the CPUs that the calling thread may use at the moment, which are those of one core alone once the
//! thread is pinned; it knows 1,024 CPUs at most, and its `set_for_current` panics for a number above that.

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

impl CpuSet {
    /// The CPUs as `core_affinity` names them, smallest first.
    ///
    /// Its `set_for_current` panics for a number of 1,024 or above, and pins to one CPU only: for a wider set take
    /// [`pin_current`](super::pin_current).
    ///
    /// ```
    /// use bedplate::topo::allowed_cpus;
    ///
    /// assert_eq!(Some(allowed_cpus()?.core_ids()), core_affinity::get_core_ids());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn core_ids(&self) -> Vec<CoreId> {
        self.iter().map(|id| CoreId { id }).collect()
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
