use std::io;
use std::sync::Arc as StdArc;

use super::format::{FrameHeader, SEGMENT_HEADER};
use super::scan::Behind;
use super::segment::{Name, Segment};
use super::segments::{Head, Kept, Segments, SegmentsConfig};
use super::storage::{Access, Directory};
use super::window::Window;
use super::{LogError, Lsn, Recovery};
use crate::primitive::Arc;

/// Where a writer goes on.
#[derive(Debug)]
pub(in crate::io) struct End {
    pub(in crate::io) segments: Segments,
    pub(in crate::io) segment: Arc<Segment>,
    /// Where the next frame goes.
    pub(in crate::io) offset: u64,
    pub(in crate::io) next_lsn: u64,
    /// The highest durable LSN that the disk bears witness to.
    pub(in crate::io) witnessed: u64,
    pub(in crate::io) recovery: Recovery,
}

/// Finds the end of the log, and does away with what interrupted writes left there. A directory without a log gets one.
///
/// Only the last segment that has a frame is read, and what follows it: a segment's first frame is written when all
/// records before it are durable, so what is wrong with an earlier one is damage, which readers report and no writer
/// touches. Each segment that is read is synced before. A corrupt log is refused before anything is changed.
pub(in crate::io) fn recover(dir: StdArc<dyn Directory>, config: SegmentsConfig) -> Result<End, LogError> {
    let names: Vec<Name> = dir.list()?.iter().filter_map(|name| Name::parse(name)).collect();
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| name.segment()).collect();
    numbers.sort_unstable();
    if let Some(gap) = numbers.windows(2).find(|pair| pair[0] + 1 != pair[1]) {
        let path = dir.path(&Segment::name(gap[0] + 1));
        return Err(LogError::Corrupt { path, offset: 0, lsn: Lsn::ZERO });
    }
    if numbers.is_empty() {
        return begin(dir, config, &names);
    }

    let mut window = Window::new()?;
    let Last { segment, first, later } = Last::find(&*dir, &numbers, &mut window)?;
    let mut offset = SEGMENT_HEADER as u64;
    let mut next_lsn = first.map_or(1, |frame| frame.first_lsn);
    let mut witnessed = 0;
    while let Some(frame) = window.frame(&segment, offset, Some(next_lsn))? {
        offset += frame.size();
        next_lsn += u64::from(frame.count);
        witnessed = witnessed.max(frame.durable_lsn);
    }
    let behind = Behind::look(&mut window, &segment, offset, next_lsn, later.iter().cloned().map(Ok))?;
    let corrupt = |(number, offset)| {
        let path = dir.path(&Segment::name(number));
        Err(LogError::Corrupt { path, offset, lsn: Lsn::new(next_lsn) })
    };
    if behind.durable_lsn() >= next_lsn {
        return corrupt(behind.place(&segment, offset, next_lsn));
    }
    // A segment has its whole length before it has its name.
    for segment in [&segment].into_iter().chain(&later) {
        let len = segment.file.len()?;
        if len < segment.header.size {
            return corrupt((segment.header.number, len));
        }
    }

    // From here on it is known not to be corrupt.
    for (segment, rest) in [&segment].into_iter().chain(&later).zip(&behind.rests) {
        for offset in &rest.headers {
            segment.erase(*offset)?;
        }
    }
    let number = segment.header.number;
    let kept: Vec<Kept> = numbers
        .iter()
        .filter(|n| **n <= number)
        .map(|n| {
            let head = first.filter(|_| *n == number);
            let size = segment.header.size;
            Kept { number: *n, head: head.map(|frame| Head { first_lsn: frame.first_lsn, time: frame.time, size }) }
        })
        .collect();
    // A record may need a segment of the size that was asked for.
    let fits = later.first().filter(|next| next.header.size == config.segment_size);
    // One that was not read to its end gets another epoch before it is used: what it may have there never comes up then.
    let usable = fits.filter(|_| !behind.rests[1].partial);
    let ready = usable.map(Arc::clone);
    let free = tidy(&*dir, &names, &config)?;
    let segments = Segments::new(dir, config, kept, ready, free)?;
    let unused = later.iter().skip(usize::from(usable.is_some()));
    // From the back, so that there is no gap at any moment.
    for segment in unused.rev() {
        segments.retire_unused(segment)?;
    }
    let recovery =
        Recovery { last: Lsn::new(next_lsn - 1), torn_frames: behind.frames(), torn_tail_bytes: behind.bytes() };
    Ok(End { segments, segment, offset, next_lsn, witnessed, recovery })
}

/// Makes the first segment.
fn begin(dir: StdArc<dyn Directory>, config: SegmentsConfig, names: &[Name]) -> Result<End, LogError> {
    let free = tidy(&*dir, names, &config)?;
    let (segments, segment) = Segments::first(dir, config, free)?;
    let recovery = Recovery::default();
    Ok(End { segments, segment, offset: SEGMENT_HEADER as u64, next_lsn: 1, witnessed: 0, recovery })
}

/// Removes what was left unfinished, and files to use again that are too many; makes durable which names are there. Tells
/// the files to use again.
fn tidy(dir: &dyn Directory, names: &[Name], config: &SegmentsConfig) -> io::Result<Vec<u64>> {
    let mut free = Vec::new();
    for name in names {
        match name {
            Name::Free(number) if free.len() < config.spares => free.push(*number),
            Name::Free(_) | Name::Unfinished(_) => dir.remove(&name.to_string())?,
            Name::Segment(_) => {}
        }
    }
    dir.sync()?;
    Ok(free)
}

/// The last segment that has a whole frame at its beginning, or the first of all where none has.
#[derive(Debug)]
struct Last {
    segment: Arc<Segment>,
    /// That frame.
    first: Option<FrameHeader>,
    /// The segments behind it.
    later: Vec<Arc<Segment>>,
}

impl Last {
    fn find(dir: &dyn Directory, numbers: &[u64], window: &mut Window) -> Result<Self, LogError> {
        let mut later = Vec::new();
        for number in numbers.iter().rev() {
            let segment = Arc::new(Segment::open(dir, *number, Access::Write, Lsn::ZERO)?);
            let expected = (*number == 1).then_some(1);
            let first = window.frame(&segment, SEGMENT_HEADER as u64, expected)?;
            if first.is_some() || *number == 1 {
                later.reverse();
                return Ok(Self { segment, first, later });
            }
            later.push(segment);
        }
        // The segments before are gone, and with them what tells which record comes next: a writer that trims leaves one
        // with a frame.
        let path = dir.path(&Segment::name(numbers[0]));
        let lsn =
            later.last().map_or(Ok(None), |first| first.first_frame())?.map_or(Lsn::ZERO, |f| Lsn::new(f.first_lsn));
        Err(LogError::Corrupt { path, offset: SEGMENT_HEADER as u64, lsn })
    }
}
