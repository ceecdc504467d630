use std::error::Error;
use std::fmt;
use std::io;

use crate::io::{Misaligned, SyncLost};

/// Why a [`Uring`](super::Uring) did not take an operation.
///
/// ```
/// use bedplate::io::Refusal;
/// use std::io;
///
/// let error = io::Error::from(Refusal::Full);
/// assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// As many operations are in flight as the ring's depth: poll one first.
    Full,
    /// The file was unregistered, or is one of another ring.
    UnknownFile,
    /// The address, the offset or the length is no multiple of what the file needs; of a vectored operation, those of
    /// one segment.
    Misaligned(Misaligned),
    /// An earlier sync of the file failed, and what was written before may be lost.
    SyncLost(SyncLost),
    /// The range lies outside the buffer, or behind what is filled of it, or the offset behind what a file can have.
    OutOfRange,
    /// More than 1024 buffers, or none.
    Segments,
    /// Registered memory is required, and the kernel refused that of the buffer.
    Unregistered(io::Error),
    /// This is a forked child of the process whose ring it is.
    Forked,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("as many operations are in flight as the ring takes"),
            Self::UnknownFile => f.write_str("the file is not registered with this ring"),
            Self::Misaligned(inner) => fmt::Display::fmt(inner, f),
            Self::SyncLost(inner) => fmt::Display::fmt(inner, f),
            Self::OutOfRange => f.write_str("the range lies outside the buffer, or outside what a file can have"),
            Self::Segments => f.write_str("a vectored operation takes from 1 to 1024 buffers"),
            Self::Unregistered(inner) => write!(f, "the buffer's memory cannot be registered: {inner}"),
            Self::Forked => f.write_str("the ring belongs to the process that this one was forked from"),
        }
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Misaligned(inner) => Some(inner),
            Self::SyncLost(inner) => Some(inner),
            Self::Unregistered(inner) => Some(inner),
            Self::Full | Self::UnknownFile | Self::OutOfRange | Self::Segments | Self::Forked => None,
        }
    }
}

/// [`Full`](Refusal::Full) becomes [`WouldBlock`](io::ErrorKind::WouldBlock); [`Misaligned`] and [`SyncLost`] are as a
/// [`DirectFile`](crate::io::DirectFile) answers them; [`Unregistered`](Refusal::Unregistered) is the kernel's error;
/// the rest is [`InvalidInput`](io::ErrorKind::InvalidInput).
impl From<Refusal> for io::Error {
    fn from(why: Refusal) -> Self {
        match why {
            Refusal::Misaligned(inner) => inner.into(),
            Refusal::SyncLost(inner) => inner.into(),
            Refusal::Unregistered(inner) => inner,
            Refusal::Full => Self::new(io::ErrorKind::WouldBlock, why),
            Refusal::UnknownFile | Refusal::OutOfRange | Refusal::Segments | Refusal::Forked => {
                Self::new(io::ErrorKind::InvalidInput, why)
            }
        }
    }
}
