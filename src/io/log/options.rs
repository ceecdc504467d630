use std::path::Path;

use super::format::SECTOR;
use super::storage::FsDirectory;
use super::{AppendLog, LogError};
use crate::primitive::Arc;
use crate::sys::Demand;

/// The offset and length of a frame fit into 32 bits with room to spare.
const LARGEST_SEGMENT: u64 = 2 << 30;

/// How an [`AppendLog`] is opened: made by [`AppendLog::options`].
///
/// ```
/// use bedplate::{Demand, io::{AppendLog, LogError}};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-log-options-{}", std::process::id()));
/// let options = AppendLog::options().segment_size(4 << 20).buffer_size(256 << 10).direct(Demand::Off);
/// let log = options.open(&dir)?;
/// assert!(!log.effective().direct);
/// assert!(matches!(options.open(&dir), Err(LogError::Locked)));
/// std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "an option set opens nothing before `open`"]
pub struct AppendLogOptions {
    segment_size: Option<u64>,
    buffer_size: Option<usize>,
    direct: Demand,
}

impl AppendLogOptions {
    /// Bytes of the segments that are begun from now on: a multiple of 4096 from 16 KiB to 2 GiB. Not set: 64 MiB. It
    /// bounds the size of a record, and is what is read when the log is opened.
    pub fn segment_size(mut self, bytes: u64) -> Self {
        self.segment_size = Some(bytes);
        self
    }

    /// Bytes of each of the two buffers: a multiple of 4096, no larger than a segment less its header. Not set: 1 MiB, or
    /// less where a segment is smaller. What is written at once between commits.
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        self.buffer_size = Some(bytes);
        self
    }

    /// Whether segments are written with `O_DIRECT`. Not set: [`Demand::Prefer`].
    pub fn direct(mut self, demand: Demand) -> Self {
        self.direct = demand;
        self
    }

    /// Opens the log in the directory `dir` for writing, and makes it where there is none.
    ///
    /// Reads the last segment. What an interrupted write left behind the last whole frame is cut off; what is whole is
    /// made durable.
    ///
    /// # Errors
    ///
    /// [`LogError::Locked`], [`LogError::Corrupt`], [`LogError::Version`], [`LogError::InvalidOption`], and
    /// [`LogError::Io`] where the system refuses something: the directory, the space for a segment, `O_DIRECT` where it
    /// is required.
    pub fn open(&self, dir: impl AsRef<Path>) -> Result<AppendLog, LogError> {
        let (buffer_size, segment_size) = self.sizes()?;
        let dir = FsDirectory::create(dir.as_ref(), self.direct)?;
        let lock = dir.lock()?.ok_or(LogError::Locked)?;
        AppendLog::open_in(Arc::new(dir), Some(lock), buffer_size, segment_size)
    }

    fn sizes(&self) -> Result<(usize, u64), LogError> {
        let sector = SECTOR as u64;
        let segment = self.segment_size.unwrap_or(64 << 20);
        if !segment.is_multiple_of(sector) || segment < 4 * sector || segment > LARGEST_SEGMENT {
            return Err(LogError::InvalidOption("a segment is a multiple of 4096 bytes from 16 KiB to 2 GiB"));
        }
        let most = (segment - sector) as usize;
        let buffer = self.buffer_size.unwrap_or(most.min(1 << 20));
        if !buffer.is_multiple_of(SECTOR) || buffer == 0 || buffer > most {
            let what = "a buffer is a multiple of 4096 bytes, and no larger than a segment without its first 4096";
            return Err(LogError::InvalidOption(what));
        }
        Ok((buffer, segment))
    }
}
