use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::Arc as StdArc;

use super::format::{FrameHeader, SEGMENT_HEADER, check_records};
use super::position::Position;
use super::scan::Behind;
use super::segment::Segment;
use super::storage::{Access, Directory, FsDirectory};
use super::window::Window;
use super::{LogError, LogFrame, Lsn, Record, Records};
use crate::primitive::Arc;
use crate::sys::Demand;

/// Reads the records of a log in order.
///
/// The reader of [`AppendLog::reader`](super::AppendLog::reader) ends at what was durable when it was made. One of
/// [`LogReader::open`] takes no lock, may belong to another process than the writer, and ends at the last whole frame,
/// which a crash might still take away. Either way `None` is not final: after more was committed, or appended, a reader
/// of `open` goes on from where it was.
///
/// Every checksum is checked before a record is given out. An error repeats itself: the reader does not step over
/// records it cannot read. Records that were trimmed before the reader came to them are [`LogError::Trimmed`], with the
/// first one that was left.
///
/// ```
/// use bedplate::io::{AppendLog, LogReader};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-log-reader-{}", std::process::id()));
/// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
/// log.append_batch(["a", "b", "c"])?;
/// log.flush()?;
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
    dir: StdArc<dyn Directory>,
    /// The segment that is read; `None` before the first one is opened.
    segment: Option<Arc<Segment>>,
    window: Window,
    /// The frame that is given out.
    frame: Option<Position>,
    /// Where the next frame begins.
    offset: u64,
    /// The LSN of the next record; 0 as long as it is not known, which is at the beginning of a log.
    next_lsn: u64,
    /// Records before this one are passed over.
    from: u64,
    /// The last record to give out, known to be there; `None` for all there are.
    last: Option<u64>,
    /// What was behind the end, when that was last looked at.
    behind: Behind,
    /// Where the end was found, and the newest segment then.
    ended: Option<(u64, u64, u64)>,
    /// Whether records are checked by their own checksums too.
    thorough: bool,
    /// The first record that was left, where the next one to give out was found to be trimmed.
    trimmed: Option<u64>,
}

/// What is to be done where no whole frame is.
#[derive(Debug)]
enum Verdict {
    /// The log goes on in the segment that was entered.
    Entered,
    /// What was seen may have changed meanwhile.
    LookAgain,
    End,
}

/// How often a file that was listed is looked for in vain, because it was renamed meanwhile, before that is told.
const PATIENCE: u32 = 16;

impl LogReader {
    /// Reads the log in `dir` from its first record.
    ///
    /// # Errors
    ///
    /// Those of opening the directory.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, LogError> {
        Self::open_from(dir, Lsn::ZERO)
    }

    /// Reads the log in `dir` from record `lsn`, or from the first one after it that is there.
    ///
    /// Finds the segment by a binary search, and in it goes from frame to frame without reading their records. Damage
    /// that is passed over so is not noticed.
    ///
    /// # Errors
    ///
    /// Those of opening the directory and reading it and its segments.
    pub fn open_from(dir: impl AsRef<Path>, lsn: Lsn) -> Result<Self, LogError> {
        let dir = FsDirectory::open(dir.as_ref(), Demand::Prefer)?;
        Self::new(StdArc::new(dir), lsn, None)
    }

    pub(in crate::io) fn new(dir: StdArc<dyn Directory>, from: Lsn, last: Option<Lsn>) -> Result<Self, LogError> {
        let mut reader = Self {
            dir,
            segment: None,
            window: Window::new()?,
            frame: None,
            offset: SEGMENT_HEADER as u64,
            next_lsn: 0,
            from: from.get(),
            last: last.map(Lsn::get),
            behind: Behind::default(),
            ended: None,
            thorough: false,
            trimmed: None,
        };
        // Else the first segment is opened with the first record.
        if reader.from > 1 {
            reader.seek()?;
        }
        Ok(reader)
    }

    /// Goes to the last frame that begins at `from` or before, as far as headers tell.
    fn seek(&mut self) -> Result<(), LogError> {
        let numbers = Segment::list(&*self.dir)?;
        let mut best = None;
        let (mut low, mut high) = (0, numbers.len());
        while low < high {
            let middle = low + (high - low) / 2;
            // Those that do not tell, because they are empty, damaged or trimmed by now, are passed over.
            let mut at = middle;
            let mut told = self.probe(numbers[at])?;
            while told.is_none() && at > low {
                at -= 1;
                told = self.probe(numbers[at])?;
            }
            match told {
                Some((_, first)) if first.first_lsn > self.from => high = at,
                Some(found) => (best, low) = (Some(found), middle + 1),
                None => low = middle + 1,
            }
        }
        let Some((segment, first)) = best else { return Ok(()) };
        let segment = Arc::new(segment);
        self.enter(&segment, first.first_lsn);
        Ok(self.hop(&segment)?)
    }

    /// A segment and the header of its first frame; `None` where it does not tell one.
    fn probe(&self, number: u64) -> Result<Option<(Segment, FrameHeader)>, LogError> {
        match Segment::open(&*self.dir, number, Access::Read, Lsn::ZERO) {
            Ok(segment) => Ok(segment.first_frame()?.map(|frame| (segment, frame))),
            Err(LogError::Io(e)) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(LogError::Corrupt { .. }) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Goes from header to header to the frame with record `from`. Frames that are passed over unread must be known to
    /// be durable, since what is behind a torn one is not the log's: those that no later header and nobody else bears
    /// witness to are not passed over.
    fn hop(&mut self, segment: &Segment) -> io::Result<()> {
        let (mut offset, mut lsn) = (self.offset, self.next_lsn);
        let mut witnessed = self.last.unwrap_or(0);
        let mut unsure = VecDeque::new();
        while let Some(header) = self.window.header(segment, offset)?.filter(|header| header.first_lsn == lsn) {
            witnessed = witnessed.max(header.durable_lsn);
            while unsure.front().is_some_and(|(_, _, end)| *end <= witnessed + 1) {
                unsure.pop_front();
            }
            let end = lsn + u64::from(header.count);
            if end > self.from {
                break;
            }
            unsure.push_back((offset, lsn, end));
            (offset, lsn) = (offset + header.size(), end);
        }
        let first = unsure.pop_front().filter(|(_, _, end)| *end > witnessed + 1);
        (self.offset, self.next_lsn) = first.map_or((offset, lsn), |(offset, lsn, _)| (offset, lsn));
        Ok(())
    }

    fn enter(&mut self, segment: &Arc<Segment>, lsn: u64) {
        self.segment = Some(Arc::clone(segment));
        self.offset = SEGMENT_HEADER as u64;
        self.next_lsn = lsn;
    }

    /// The next record, `None` at the end. It lives until the next call.
    ///
    /// Reads little at first, and up to 4 MiB at a time where it goes on, into memory of its own; takes more only for
    /// larger frames. At the end of the log it reads the rest of the last segment, to tell an end from a hole.
    ///
    /// # Errors
    ///
    /// [`LogError::Corrupt`] where a record is damaged or missing that had been acknowledged, [`LogError::Trimmed`] where
    /// it was given up by the writer, [`LogError::Io`] where the disk cannot be read.
    #[inline]
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, LogError> {
        Ok(if self.advance()? { self.record()? } else { None })
    }

    /// The records as an iterator of owned ones, each with an allocation.
    pub fn records(self) -> Records {
        Records::new(self)
    }

    /// Goes to the next frame and tells of it; `None` at the end. Records that are left of the frame before are passed
    /// over, and [`next_record`](Self::next_record) goes on with those of this one.
    ///
    /// # Errors
    ///
    /// As [`next_record`](Self::next_record).
    pub fn next_frame(&mut self) -> Result<Option<LogFrame>, LogError> {
        if let Some(frame) = &self.frame {
            self.next_lsn = frame.header.first_lsn + u64::from(frame.header.count);
        }
        Ok(if !self.is_done() && self.go_on()? { self.frame() } else { None })
    }

    /// The frame of the record that was given last, or that [`next_frame`](Self::next_frame) went to; `None` before, and
    /// at the end.
    #[must_use]
    pub fn frame(&self) -> Option<LogFrame> {
        let segment = self.segment.as_ref()?;
        Some(self.frame.as_ref()?.frame(segment.header.number))
    }

    /// Goes to the next record; false at the end.
    #[inline]
    pub(super) fn advance(&mut self) -> Result<bool, LogError> {
        while !self.is_done() {
            match &mut self.frame {
                Some(frame) if !frame.is_past() => {
                    let header = &frame.header;
                    let lsn = frame.step(self.window.held(header.offset, header.size() as usize));
                    self.next_lsn = lsn + 1;
                    if lsn >= self.from {
                        return Ok(true);
                    }
                }
                _ => {
                    if !self.go_on()? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(false)
    }

    /// The record that [`advance`](Self::advance) went to.
    #[inline]
    pub(super) fn record(&mut self) -> Result<Option<Record<'_>>, LogError> {
        let Some(frame) = &self.frame else { return Ok(None) };
        let header = &frame.header;
        // Still in the window, which was only used for this frame since.
        let bytes = self.window.held(header.offset, header.size() as usize);
        Ok(Some(Record { lsn: Lsn::new(frame.lsn()), data: &bytes[frame.data()] }))
    }

    /// Whether all that there is to give out was.
    #[inline]
    fn is_done(&self) -> bool {
        self.last.is_some_and(|last| self.next_lsn > last)
    }

    /// Gives out records up to that one too, which are known to be there.
    pub(super) fn extend(&mut self, last: u64) {
        self.last = Some(last);
    }

    /// The last record to give out, where it was said.
    pub(super) fn last(&self) -> u64 {
        self.last.unwrap_or(0)
    }

    /// Has it check records by their own checksums too.
    pub(super) fn check_records(&mut self) {
        self.thorough = true;
    }

    /// Frames behind the end and bytes to the end of the last of them.
    pub(super) fn torn(&self) -> (u64, u64) {
        (self.behind.frames(), self.behind.bytes())
    }

    /// Goes to the next frame; false at the end of the log.
    fn go_on(&mut self) -> Result<bool, LogError> {
        self.frame = None;
        if let Some(first) = self.trimmed {
            return Err(LogError::Trimmed { first: Lsn::new(first) });
        }
        let mut looks = 0;
        loop {
            let segment = match &self.segment {
                Some(segment) => Arc::clone(segment),
                None => match self.open_first()? {
                    Some(segment) => segment,
                    None => return Ok(false),
                },
            };
            if self.next_lsn == 0 && segment.header.number == 1 {
                self.next_lsn = 1;
            }
            let expected = (self.next_lsn > 0).then_some(self.next_lsn);
            if let Some(header) = self.window.frame(&segment, self.offset, expected)?
                && self.passes(&segment, &header)?
            {
                self.next_lsn = header.first_lsn;
                self.offset += header.size();
                self.frame = Some(Position::new(header));
                return Ok(true);
            }
            // The window may be older than the frame: the second look is at what is there now. And what is there now may
            // be older than what bears witness to it: a verdict of damage takes a third look. What is not there then
            // never will be.
            let verdict = if looks == 0 { Verdict::LookAgain } else { self.judge(&segment, looks > 1)? };
            match verdict {
                Verdict::Entered => looks = 0,
                Verdict::LookAgain => {
                    looks += 1;
                    self.window.clear();
                }
                Verdict::End => {
                    // What the window holds of the end may be written by the time of the next call.
                    self.window.clear();
                    return Ok(false);
                }
            }
        }
    }

    /// Whether the frame's records pass one by one, if that is to be known; the frame is in the window.
    fn passes(&mut self, segment: &Segment, header: &FrameHeader) -> io::Result<bool> {
        if !self.thorough {
            return Ok(true);
        }
        let frame = self.window.bytes(segment, header.offset, header.size() as usize)?;
        Ok(check_records(segment.seed, header, frame))
    }

    /// Opens the first segment; `None` where there is none.
    fn open_first(&mut self) -> Result<Option<Arc<Segment>>, LogError> {
        let mut tries = 0;
        loop {
            let Some(number) = Segment::list(&*self.dir)?.into_iter().next() else { return Ok(None) };
            match Segment::open(&*self.dir, number, Access::Read, Lsn::ZERO) {
                Ok(segment) => {
                    let segment = Arc::new(segment);
                    self.enter(&segment, 0);
                    return Ok(Some(segment));
                }
                // Trimmed, and made another, since it was listed.
                Err(LogError::Io(e)) if e.kind() == io::ErrorKind::NotFound && tries < PATIENCE => tries += 1,
                Err(LogError::Corrupt { .. }) if tries == 0 => tries += 1,
                Err(e) => return Err(e),
            }
        }
    }

    /// What it means that no whole frame is at `offset`. One who is not sure looks again before it is damage.
    fn judge(&mut self, segment: &Arc<Segment>, sure: bool) -> Result<Verdict, LogError> {
        let (number, lsn) = (segment.header.number, self.next_lsn);
        let numbers = Segment::list(&*self.dir)?;
        let later = &numbers[numbers.partition_point(|n| *n <= number)..];
        let is_there = numbers.binary_search(&number).is_ok();
        if later.first() == Some(&(number + 1)) && lsn > 0 {
            match Segment::open(&*self.dir, number + 1, Access::Read, Lsn::new(lsn)) {
                Ok(next) if self.window.frame(&next, SEGMENT_HEADER as u64, Some(lsn))?.is_some() => {
                    self.enter(&Arc::new(next), lsn);
                    return Ok(Verdict::Entered);
                }
                Ok(_) => {}
                Err(LogError::Io(e)) if e.kind() != io::ErrorKind::NotFound => return Err(e.into()),
                Err(LogError::Io(_)) if sure => return self.trimmed(),
                Err(e) if sure && is_there => return Err(e),
                Err(_) => return Ok(Verdict::LookAgain),
            }
        }
        if !is_there {
            // Its file is another segment by now, or going to be.
            return if sure { self.trimmed() } else { Ok(Verdict::LookAgain) };
        }
        let newest = later.last().copied().unwrap_or(number);
        let here = (number, self.offset, newest);
        let known = self.last.is_some_and(|last| last >= lsn);
        // Who waits for more at the end of a log asks often. The segment is read to its end only where something changed.
        if self.ended == Some(here) && !known && !self.window.shows_header(segment, self.offset)? {
            return Ok(Verdict::End);
        }
        let damage = self.damage(segment, later);
        let place = match damage {
            Ok(None) => {
                self.ended = Some(here);
                return Ok(Verdict::End);
            }
            _ if !sure => return Ok(Verdict::LookAgain),
            Ok(Some(place)) => place,
            Err(e) => return Err(e),
        };
        // What was trimmed since it was listed is read as whatever its file is now.
        if Segment::list(&*self.dir)?.binary_search(&number).is_err() {
            return self.trimmed();
        }
        let (number, offset) = place;
        Err(LogError::Corrupt { path: self.dir.path(&Segment::name(number)), offset, lsn: Lsn::new(lsn) })
    }

    /// Where the damage is, if it is none that the log ends here.
    fn damage(&mut self, segment: &Segment, later: &[u64]) -> Result<Option<(u64, u64)>, LogError> {
        let (number, lsn) = (segment.header.number, self.next_lsn);
        if later.first().is_some_and(|next| *next != number + 1) {
            return Ok(Some((number + 1, 0)));
        }
        let opened = later.iter().map(|n| Segment::open(&*self.dir, *n, Access::Read, Lsn::new(lsn)).map(Arc::new));
        self.behind = Behind::look(&mut self.window, segment, self.offset, lsn, opened)?;
        if lsn <= self.behind.durable_lsn().max(self.last.unwrap_or(0)) {
            return Ok(Some(self.behind.place(segment, self.offset, lsn)));
        }
        // A segment has its whole length before it has its name.
        let len = segment.file.len()?;
        Ok((len < segment.header.size).then_some((number, len)))
    }

    /// Tells which record is the first by now.
    fn trimmed(&mut self) -> Result<Verdict, LogError> {
        for _ in 0..PATIENCE {
            let numbers = Segment::list(&*self.dir)?;
            for number in numbers {
                if let Some((_, frame)) = self.probe(number)? {
                    self.trimmed = Some(frame.first_lsn);
                    return Err(LogError::Trimmed { first: Lsn::new(frame.first_lsn) });
                }
            }
        }
        Err(LogError::Io(io::Error::new(io::ErrorKind::NotFound, "the segments of the log were removed")))
    }
}
