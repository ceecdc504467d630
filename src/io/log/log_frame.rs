use std::time::SystemTime;

use super::Lsn;

/// A frame of a log: records that came to the disk with one write. What
/// [`LogReader::next_frame`](super::LogReader::next_frame) went to.
///
/// ```
/// use bedplate::io::{AppendLog, LogReader, Lsn};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-log-frame-{}", std::process::id()));
/// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
/// log.append_batch(["a", "b", "c"])?;
/// log.close()?;
/// let mut reader = LogReader::open(&dir)?;
/// let frame = reader.next_frame()?.unwrap();
/// assert_eq!((frame.segment, frame.offset), (1, 4096));
/// assert_eq!((frame.first, frame.records), (Lsn::new(1), 3));
/// std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFrame {
    /// The number of its segment.
    pub segment: u64,
    /// Where it begins in the segment.
    pub offset: u64,
    /// Bytes that it takes there.
    pub len: u64,
    /// The LSN of its first record; of the one that comes next, where it has none.
    pub first: Lsn,
    /// How many records it has. One without any is a mark: it bears witness to what was durable.
    pub records: u32,
    /// Every record up to this one was durable before the frame was written.
    pub durable: Lsn,
    /// When it was written, by the wall clock.
    pub written: SystemTime,
}
