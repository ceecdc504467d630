use std::error::Error;
use std::fmt;

/// Memory for an [`AlignedBuf`](super::AlignedBuf) could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllocError {
    /// The bytes that were asked for.
    pub len: usize,
    /// The alignment that was asked for.
    pub align: usize,
}

impl fmt::Display for AllocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no memory for {} bytes aligned to {}", self.len, self.align)
    }
}

impl Error for AllocError {}
