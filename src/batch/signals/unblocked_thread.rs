use std::fmt;

use super::SignalSet;

/// A thread that does not block what a batcher is to take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnblockedThread {
    /// The kernel's number of the thread; the main thread's is the process's.
    pub tid: u32,
    /// Its name as the kernel has it, of up to 15 bytes.
    pub name: String,
    /// Those of the batcher's signals that it does not block.
    pub signals: SignalSet,
}

impl fmt::Display for UnblockedThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\" ({})", self.tid, self.name, self.signals)
    }
}
