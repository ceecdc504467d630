use std::io;
use std::path::Path;
use std::sync::Arc as StdArc;
use std::time::Duration;

use super::format::SECTOR;
use super::segments::SegmentsConfig;
use super::shared::Settings;
use super::storage::FsDirectory;
use super::{AppendLog, LogError};
use crate::io::Backend;
use crate::sys::Demand;
use crate::time::Clock;

/// The offset and length of a frame fit into 32 bits with room to spare.
const LARGEST_SEGMENT: u64 = 2 << 30;

/// Commits in flight where nobody says how many.
///
/// With 2, appends at 1, 2, 8, 32 and 128 threads were 1.02, 0.97, 1.13, 1.69 and 1.77 of independent writers; with 1,
/// 2 threads had 0.72; with 3 it was 1.02, 0.97, 1.16, 1.66 and 1.52; with 8 frames became so small that 32 and 128
/// threads lost (0.94, 1.09). 2 CPUs, a virtio disk, 2026-11-22; a disk that does much at once may want more.
const COMMITS_IN_FLIGHT: usize = 2;

/// As many as make sense of one file; each has a buffer.
const MOST_IN_FLIGHT: usize = 256;

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
    commits_in_flight: Option<usize>,
    direct: Demand,
    backend: Backend,
    backend_demand: Demand,
    spare_segments: Option<usize>,
    retain_bytes: Option<u64>,
    retain_for: Option<Duration>,
    clock: Clock,
}

impl AppendLogOptions {
    /// Bytes of the segments that are begun from now on: a multiple of 4096 from 16 KiB to 2 GiB. Not set: 64 MiB. It
    /// bounds the size of a record and of a batch, and is what is read when the log is opened. The disk holds two at
    /// least: the next is prepared ahead.
    pub fn segment_size(mut self, bytes: u64) -> Self {
        self.segment_size = Some(bytes);
        self
    }

    /// Bytes of each buffer: a multiple of 4096, no larger than a segment less its header. Not set: 1 MiB, or less where
    /// a segment is smaller. What is written at once between commits. There is one more of them than commits in flight.
    pub fn buffer_size(mut self, bytes: usize) -> Self {
        self.buffer_size = Some(bytes);
        self
    }

    /// Frames that may be on their way to the disk at once, 1 to 256. Not set: 2, or the number of threads with
    /// [`Backend::Threads`].
    ///
    /// With more, a commit begins sooner and shares its write with fewer others. Without direct writes it is 1 whatever is
    /// set: the page cache tells only one of several writers that data was lost.
    pub fn commits_in_flight(mut self, frames: usize) -> Self {
        self.commits_in_flight = Some(frames);
        self
    }

    /// Whether segments are written with `O_DIRECT`. Not set: [`Demand::Prefer`].
    pub fn direct(mut self, demand: Demand) -> Self {
        self.direct = demand;
        self
    }

    /// Who writes. Not set: [`Backend::Inline`], the threads that commit and those that find the buffer full.
    ///
    /// [`Backend::Threads`] starts threads named `bedplate-log-0` and up, one for each commit in flight, so that no caller
    /// ever makes a write and [`on_durable`](AppendLog::on_durable) and [`try_commit`](AppendLog::try_commit) need nobody
    /// else: one more hand-over for a lone thread, and larger batches for many. With `Backend::Uring` writes are in the
    /// kernel, submitted by whoever commits; those that wait, wait for the ring.
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// How much the backend is wanted. Not set: [`Demand::Prefer`], with which a refusal of the system means
    /// [`Backend::Inline`]; [`AppendLog::backend`] tells.
    pub fn backend_demand(mut self, demand: Demand) -> Self {
        self.backend_demand = demand;
        self
    }

    /// Trimmed segments that are kept to be used again, since a file that was written already takes durable writes with
    /// no change of the file system's own records. Not set: 1.
    pub fn spare_segments(mut self, segments: usize) -> Self {
        self.spare_segments = Some(segments);
        self
    }

    /// Trims the log when a segment begins: of the segments before it stay the last that have `bytes` bytes together, and
    /// one at least. Not set: no bound.
    pub fn retain_bytes(mut self, bytes: u64) -> Self {
        self.retain_bytes = Some(bytes);
        self
    }

    /// Trims the log when a segment begins: segments whose last record is older, by the wall clock, go, but for the one
    /// before. Not set: no bound.
    pub fn retain_for(mut self, time: Duration) -> Self {
        self.retain_for = Some(time);
        self
    }

    /// The clock of timeouts and statistics. Not set: the monotonic one.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Opens the log in the directory `dir` for writing, and makes it where there is none.
    ///
    /// Syncs and reads the last segments. What interrupted writes left behind the last whole frame is done away with; what
    /// is whole is durable. A first segment is filled with zeros.
    ///
    /// # Errors
    ///
    /// [`LogError::Locked`], also where the kernel still carries out writes of a process that was killed;
    /// [`LogError::Corrupt`], [`LogError::Version`], [`LogError::InvalidOption`], and [`LogError::Io`] where the system
    /// refuses something: the directory, the space for a segment, `O_DIRECT` or a backend where it is required.
    pub fn open(&self, dir: impl AsRef<Path>) -> Result<AppendLog, LogError> {
        self.settings()?;
        let dir = FsDirectory::create(dir.as_ref(), self.direct)?;
        let lock = dir.lock()?.ok_or(LogError::Locked)?;
        AppendLog::open_in(StdArc::new(dir), Some(lock), self)
    }

    /// The options, checked.
    pub(super) fn settings(&self) -> Result<Settings, LogError> {
        let sector = SECTOR as u64;
        let segment_size = self.segment_size.unwrap_or(64 << 20);
        if !segment_size.is_multiple_of(sector) || segment_size < 4 * sector || segment_size > LARGEST_SEGMENT {
            return Err(LogError::InvalidOption("a segment is a multiple of 4096 bytes from 16 KiB to 2 GiB"));
        }
        let most = (segment_size - sector) as usize;
        let buffer_size = self.buffer_size.unwrap_or(most.min(1 << 20));
        if !buffer_size.is_multiple_of(SECTOR) || buffer_size == 0 || buffer_size > most {
            let what = "a buffer is a multiple of 4096 bytes, and no larger than a segment without its first 4096";
            return Err(LogError::InvalidOption(what));
        }
        let slots = match (self.commits_in_flight, self.backend) {
            (_, Backend::Threads(0)) => {
                return Err(LogError::InvalidOption("Backend::Threads needs a thread at least"));
            }
            (None, Backend::Threads(n)) => n,
            (n, _) => n.unwrap_or(COMMITS_IN_FLIGHT),
        };
        if !(1..=MOST_IN_FLIGHT).contains(&slots) {
            return Err(LogError::InvalidOption("commits in flight, and threads, are 1 to 256"));
        }
        Ok(Settings { segment_size, buffer_size, slots, clock: self.clock.clone() })
    }

    pub(super) fn segments(&self, segment_size: u64) -> SegmentsConfig {
        SegmentsConfig {
            segment_size,
            spares: self.spare_segments.unwrap_or(1),
            retain_bytes: self.retain_bytes,
            retain_for: self.retain_for,
        }
    }

    /// The backend that is to be tried, if any but the callers.
    pub(super) fn wanted_backend(&self) -> Option<Backend> {
        (self.backend_demand.wanted() && self.backend != Backend::Inline).then_some(self.backend)
    }

    /// What becomes of a backend that the system refused.
    pub(super) fn refused(&self, error: io::Error) -> Result<(), LogError> {
        if self.backend_demand.required() { Err(LogError::Io(error)) } else { Ok(()) }
    }
}
