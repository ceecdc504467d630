use super::format::SEGMENT_HEADER;
use super::segment::Segment;
use super::storage::{Access, Directory};
use super::window::Window;
use super::{LogError, Lsn, Recovery};

/// Where a writer goes on.
#[derive(Debug)]
pub(super) struct End {
    pub(super) segment: Segment,
    /// Where the next frame goes.
    pub(super) offset: u64,
    pub(super) next_lsn: u64,
    /// The highest durable LSN that the disk bears witness to.
    pub(super) witnessed: u64,
    pub(super) recovery: Recovery,
}

/// Finds the end of the log, cuts off what an interrupted write left there, and makes the rest durable. A directory
/// without a log gets one.
///
/// Only the last segment is read: a segment is begun when all records before it are durable, so what is wrong with an
/// earlier one is damage, which readers report and no writer touches.
pub(super) fn recover(dir: &dyn Directory, segment_size: u64) -> Result<End, LogError> {
    Segment::remove_unfinished(dir)?;
    let numbers = Segment::list(dir)?;
    if let Some(gap) = numbers.windows(2).find(|pair| pair[0] + 1 != pair[1]) {
        let path = dir.path(&Segment::name(gap[0] + 1));
        return Err(LogError::Corrupt { path, offset: 0, lsn: Lsn::ZERO });
    }
    let Some(last) = numbers.last() else {
        let segment = Segment::create(dir, 1, 1, segment_size)?;
        dir.sync()?;
        let recovery = Recovery::default();
        return Ok(End { segment, offset: SEGMENT_HEADER as u64, next_lsn: 1, witnessed: 0, recovery });
    };

    let segment = Segment::open(dir, *last, Access::Write, Lsn::ZERO)?;
    let mut window = Window::new()?;
    let mut offset = SEGMENT_HEADER as u64;
    let mut next_lsn = segment.header.first_lsn;
    let mut witnessed = next_lsn - 1;
    while let Some(frame) = window.frame(&segment, offset, next_lsn)? {
        offset += frame.size() as u64;
        next_lsn += u64::from(frame.count);
        witnessed = frame.durable_lsn;
    }
    let rest = window.rest(&segment, offset)?;
    if rest.durable_lsn >= next_lsn {
        return Err(LogError::Corrupt { path: dir.path(&Segment::name(*last)), offset, lsn: Lsn::new(next_lsn) });
    }
    if rest.bytes > 0 {
        // Given back and reserved anew, the space reads as zeros: no frame of before can come up behind a later one.
        segment.file.cut(offset)?;
    }
    if segment.file.len()? < segment.header.size {
        segment.file.reserve(segment.header.size)?;
    }
    // What is whole may have been written and not synced by a process that was killed, in a directory entry likewise.
    segment.file.sync()?;
    dir.sync()?;
    let recovery = Recovery { last: Lsn::new(next_lsn - 1), torn_tail_bytes: rest.bytes };
    Ok(End { segment, offset, next_lsn, witnessed, recovery })
}
