use std::error::Error;
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
    /// The record, or the batch, is larger than a segment can hold. It was not appended.
    TooLarge {
        /// Bytes of the record; of a batch, with its records' headers but for one.
        len: usize,
        /// Bytes that a record of this log may have.
        limit: usize,
    },
    /// The records that were to be read are not there any more: the log was trimmed.
    Trimmed {
        /// The first record that was left when this was found out.
        first: Lsn,
    },
    /// A record was to be committed that nobody has appended yet.
    NotAppended {
        /// The record.
        lsn: Lsn,
        /// What the next record's number would be.
        next: Lsn,
    },
    /// The record was not durable in time. It may be at any moment.
    TimedOut,
    /// The log was closed or dropped before the record was durable.
    Closed,
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
            Self::TooLarge { len, limit } => {
                write!(f, "log: a record or batch of {len} bytes, where {limit} is the most")
            }
            Self::Trimmed { first } => write!(f, "log: trimmed up to record {first}"),
            Self::NotAppended { lsn, next } => write!(f, "log: record {lsn} to be committed, where the next is {next}"),
            Self::TimedOut => f.write_str("log: the record was not durable in time"),
            Self::Closed => f.write_str("log: closed before the record was durable"),
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
