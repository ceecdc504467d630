use std::error::Error;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, io};

use super::Lsn;

/// Why an operation on an [`AppendLog`](super::AppendLog) failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogError {
    /// The operation failed and left the log as it was: it may be tried again. A full disk is told this way, with
    /// [`StorageFull`](io::ErrorKind::StorageFull), where the next segment finds no space.
    Io(io::Error),
    /// A write or sync of this log failed. What was acknowledged before is safe; nothing more can be appended or
    /// committed through this handle, because the state of the disk is not known. Open the log again to find out.
    Poisoned(Arc<io::Error>),
    /// Another writer, of this process or another, has the log open.
    Locked,
    /// Records that were acknowledged are damaged or missing. Nothing was changed.
    Corrupt {
        /// The segment.
        path: PathBuf,
        /// Where in the segment the damage begins, to the frame.
        offset: u64,
        /// The first record that cannot be read.
        lsn: Lsn,
    },
    /// The segment was written by a version of the format that this one does not know.
    Version {
        /// The segment.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// The record is larger than a segment can hold. It was not appended.
    TooLarge {
        /// Bytes of the record.
        len: usize,
        /// Bytes that a record of this log may have.
        limit: usize,
    },
    /// An option has a value that no log can have.
    InvalidOption(&'static str),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(f, "log: {e}"),
            Self::Poisoned(e) => write!(f, "log: a write or sync failed, and the log takes nothing more: {e}"),
            Self::Locked => f.write_str("log: another writer has it open"),
            Self::Corrupt { path, offset, lsn } => {
                write!(f, "log: {} is damaged at offset {offset}: record {lsn} cannot be read", path.display())
            }
            Self::Version { path, found } => write!(f, "log: {} has format version {found}", path.display()),
            Self::TooLarge { len, limit } => write!(f, "log: a record of {len} bytes, where {limit} is the most"),
            Self::InvalidOption(what) => write!(f, "log: {what}"),
        }
    }
}

impl Error for LogError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(e) => Some(e),
            Self::Poisoned(e) => Some(&**e),
            _ => None,
        }
    }
}

impl From<io::Error> for LogError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A batch that could not be appended whole: [`AppendLog::append_batch`](super::AppendLog::append_batch).
#[derive(Debug)]
pub struct BatchError {
    /// The records of the batch that were appended before the one that was refused. They stay.
    pub appended: Range<Lsn>,
    /// Why the next one was refused.
    pub error: LogError,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.appended.end.get() - self.appended.start.get();
        write!(f, "{}, after {count} records of the batch", self.error)
    }
}

impl Error for BatchError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

impl From<BatchError> for LogError {
    fn from(error: BatchError) -> Self {
        error.error
    }
}
