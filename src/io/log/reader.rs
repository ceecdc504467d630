use std::path::Path;

use super::format::{FRAME_HEADER, FrameHeader, RECORD_HEADER, SEGMENT_HEADER, record_len, record_size};
use super::segment::Segment;
use super::storage::{Access, Directory, FsDirectory};
use super::window::Window;
use super::{LogError, Lsn, Record, Records};
use crate::primitive::Arc;
use crate::sys::Demand;

/// Reads the records of a log in order.
///
/// The reader of [`AppendLog::reader`](super::AppendLog::reader) ends at what was durable when it was made. One of
/// [`LogReader::open`] takes no lock and ends at the last whole frame, which a crash might still take away. Either way
/// `None` is not final: after more was committed, or appended, a reader of `open` goes on from where it was.
///
/// Every checksum is checked before a record is given out. An error repeats itself: the reader does not step over
/// records it cannot read.
///
/// ```
/// use bedplate::io::{AppendLog, LogReader};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-log-reader-{}", std::process::id()));
/// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
/// log.append_batch(["a", "b", "c"])?;
/// log.commit()?;
/// let mut reader = LogReader::open(&dir)?;
/// let mut data = Vec::new();
/// while let Some(record) = reader.next_record()? {
///     data.extend_from_slice(record.data);
/// }
/// assert_eq!(data, b"abc");
/// std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LogReader {
    dir: Arc<dyn Directory>,
    /// The segment that is read; `None` while the log has none.
    segment: Option<Segment>,
    window: Window,
    /// The frame that is given out.
    frame: Option<Position>,
    /// Where the next frame begins.
    offset: u64,
    /// The LSN of the next record.
    next_lsn: u64,
    /// Records before this one are passed over.
    from: u64,
    /// The last record to give out, known to be there; `None` for all there are.
    last: Option<u64>,
    /// Bytes behind the last whole frame, when the end was last looked at.
    torn: u64,
}

/// A place in a frame.
#[derive(Debug)]
struct Position {
    offset: u64,
    header: FrameHeader,
    /// Where the next record begins, from the beginning of the frame.
    at: usize,
    /// Records that were given out.
    given: u32,
}

impl LogReader {
    /// Reads the log in `dir` from its first record.
    ///
    /// # Errors
    ///
    /// Those of opening the directory and its first segment.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, LogError> {
        Self::open_from(dir, Lsn::ZERO)
    }

    /// Reads the log in `dir` from record `lsn`, or from the first one after it that is there.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_from(dir: impl AsRef<Path>, lsn: Lsn) -> Result<Self, LogError> {
        let dir = FsDirectory::open(dir.as_ref(), Demand::Prefer)?;
        Self::new(Arc::new(dir), lsn, None)
    }

    pub(in crate::io) fn new(dir: Arc<dyn Directory>, from: Lsn, last: Option<Lsn>) -> Result<Self, LogError> {
        let mut reader = Self {
            dir,
            segment: None,
            window: Window::new()?,
            frame: None,
            offset: SEGMENT_HEADER as u64,
            next_lsn: 0,
            from: from.get(),
            last: last.map(Lsn::get),
            torn: 0,
        };
        if from <= Lsn::new(1) {
            // The first segment is opened with the first record, and no later one before its turn.
            return Ok(reader);
        }
        // From the back: who wants to begin late wants the last segments.
        for number in Segment::list(&*reader.dir)?.into_iter().rev() {
            let segment = Segment::open(&*reader.dir, number, Access::Read, Lsn::ZERO)?;
            let begins_before = segment.header.first_lsn <= reader.from;
            reader.enter(segment);
            if begins_before {
                break;
            }
        }
        Ok(reader)
    }

    fn enter(&mut self, segment: Segment) {
        self.window.clear();
        self.offset = SEGMENT_HEADER as u64;
        self.next_lsn = segment.header.first_lsn;
        self.segment = Some(segment);
    }

    /// The next record, `None` at the end. It lives until the next call.
    ///
    /// Reads about a mebibyte at a time; allocates only for frames larger than that. At the end of the log it reads the
    /// rest of the last segment, to tell an end from a hole.
    ///
    /// # Errors
    ///
    /// [`LogError::Corrupt`] where a record is damaged or missing that had been acknowledged, [`LogError::Io`] where the
    /// disk cannot be read.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, LogError> {
        loop {
            if self.last.is_some_and(|last| self.next_lsn > last) {
                return Ok(None);
            }
            match &self.frame {
                Some(frame) if frame.given < frame.header.count => {
                    if self.next_lsn >= self.from {
                        return self.give().map(Some);
                    }
                    self.give()?;
                }
                _ => {
                    if !self.next_frame()? {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// The records as an iterator of owned ones, each with an allocation.
    pub fn records(self) -> Records {
        Records::new(self)
    }

    /// The next record of the frame, which was checked as a whole.
    fn give(&mut self) -> Result<Record<'_>, LogError> {
        let (Some(segment), Some(frame)) = (&self.segment, &mut self.frame) else {
            unreachable!("a frame is given out, and frames are in segments")
        };
        let bytes = self.window.bytes(segment, frame.offset, frame.header.size())?;
        let record = &bytes[frame.at..];
        let len = record_len(record).unwrap_or(0);
        let lsn = Lsn::new(self.next_lsn);
        frame.at += record_size(len);
        frame.given += 1;
        self.next_lsn += 1;
        Ok(Record { lsn, data: &record[RECORD_HEADER..RECORD_HEADER + len] })
    }

    /// Goes to the next frame; false at the end of the log.
    fn next_frame(&mut self) -> Result<bool, LogError> {
        self.frame = None;
        let mut tried = false;
        loop {
            let Some(segment) = &self.segment else {
                let Some(first) = Segment::list(&*self.dir)?.into_iter().next() else { return self.end() };
                let segment = Segment::open(&*self.dir, first, Access::Read, Lsn::ZERO)?;
                self.enter(segment);
                continue;
            };
            if let Some(header) = self.window.frame(segment, self.offset, self.next_lsn)? {
                let offset = self.offset;
                self.frame = Some(Position { offset, header, at: FRAME_HEADER, given: 0 });
                self.offset += header.size() as u64;
                return Ok(true);
            }
            let number = segment.header.number;
            if let Some(following) = Segment::list(&*self.dir)?.into_iter().find(|n| *n > number) {
                let lsn = Lsn::new(self.next_lsn);
                let next = Segment::open(&*self.dir, following, Access::Read, lsn)?;
                if following == number + 1 && next.header.first_lsn == self.next_lsn {
                    self.enter(next);
                    tried = false;
                    continue;
                }
            } else {
                let rest = self.window.rest(segment, self.offset)?;
                self.torn = rest.bytes;
                let known = rest.durable_lsn.max(self.last.unwrap_or(0));
                if self.next_lsn > known {
                    return self.end();
                }
            }
            // A record that must be there is not. A writer may have brought it there since it was looked at; what is not
            // there at the second look never will be.
            if tried {
                let path = self.dir.path(&Segment::name(number));
                return Err(LogError::Corrupt { path, offset: self.offset, lsn: Lsn::new(self.next_lsn) });
            }
            tried = true;
            self.window.clear();
        }
    }

    fn end(&mut self) -> Result<bool, LogError> {
        // What the window holds of the end may be written by the time of the next call.
        self.window.clear();
        Ok(false)
    }

    pub(super) fn torn(&self) -> u64 {
        self.torn
    }
}
