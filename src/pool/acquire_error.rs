use std::error::Error;
use std::fmt;

/// Why a pool gave nothing out. Nothing was taken, and nobody's place in the bound is lost.
#[derive(Debug)]
#[non_exhaustive]
pub enum AcquireError {
    /// Everything the bound allows is in use, and the call does not wait.
    Exhausted,
    /// Everything the bound allows stayed in use until the deadline.
    Timeout,
    /// The pool was closed.
    Closed,
    /// A new one was needed and could not be made: the error of the closure that creates, of the system call that maps
    /// memory, or of the allocator.
    Create(Box<dyn Error + Send + Sync>),
}

impl AcquireError {
    /// The allocator refused. The error inside has no size, so reporting it allocates nothing.
    pub(super) fn out_of_memory() -> Self {
        Self::Create(Box::new(OutOfMemory))
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exhausted => f.write_str("everything the pool may hold is in use"),
            Self::Timeout => f.write_str("everything the pool may hold stayed in use until the deadline"),
            Self::Closed => f.write_str("the pool is closed"),
            Self::Create(_) => f.write_str("the pool could not make a new one"),
        }
    }
}

impl Error for AcquireError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Create(source) => Some(&**source),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct OutOfMemory;

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the allocator refused the memory")
    }
}

impl Error for OutOfMemory {}
