use std::fmt;

use crate::topo::{CpuSet, MemPolicy, NodeSet, PinError, PolicyError, Tid};

/// What one worker of a [`WorkerSet`](super::WorkerSet) asked for, and what it really got, as the kernel told it before the
/// worker began its work.
///
/// Prints as one line.
#[derive(Debug)]
#[non_exhaustive]
pub struct WorkerReport {
    /// Its number, from 0.
    pub index: usize,
    /// The name of its thread.
    pub name: String,
    /// The kernel's number of its thread.
    pub tid: Tid,
    /// The CPUs it asked for; those of its slot, or none where it was not to be pinned.
    pub asked: CpuSet,
    /// The CPUs it may run on; empty where the kernel does not tell.
    pub effective: CpuSet,
    /// Why it is not pinned, where it was asked for and refused.
    pub pin_refused: Option<PinError>,
    /// Its memory policy, as far as one was asked for: the one it got, or the one it has where that was refused. `None`
    /// where none was asked for or the kernel does not tell.
    pub memory: Option<MemPolicy>,
    /// The nodes that its policy asked for and did not get.
    pub memory_dropped: NodeSet,
    /// Why it did not get its memory policy, where it was asked for and refused.
    pub memory_refused: Option<PolicyError>,
}

impl WorkerReport {
    /// The CPUs that it asked for and did not get.
    #[must_use]
    pub fn dropped(&self) -> CpuSet {
        &self.asked - &self.effective
    }

    /// Whether it got all that it asked for.
    #[must_use]
    pub fn complete(&self) -> bool {
        self.pin_refused.is_none()
            && self.memory_refused.is_none()
            && self.memory_dropped.is_empty()
            && self.dropped().is_empty()
    }
}

/// As `worker 3 (io-3, thread 4711): CPUs 6-7, memory bind:0`, and what was refused.
impl fmt::Display for WorkerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} ({}, thread {}): ", self.index, self.name, self.tid)?;
        match self.effective.len() {
            0 => f.write_str("CPUs not known")?,
            1 => write!(f, "CPU {}", self.effective)?,
            _ => write!(f, "CPUs {}", self.effective)?,
        }
        if let Some(memory) = &self.memory {
            write!(f, ", memory {memory}")?;
        }
        if let Some(error) = &self.pin_refused {
            write!(f, "; not pinned: {error}")?;
        } else if !self.dropped().is_empty() {
            write!(f, "; without CPUs {}", self.dropped())?;
        }
        if let Some(error) = &self.memory_refused {
            write!(f, "; memory policy refused: {error}")?;
        } else if !self.memory_dropped.is_empty() {
            write!(f, "; without nodes {}", self.memory_dropped)?;
        }
        Ok(())
    }
}
