use std::io;

use super::LogError;
use super::format::{FIRST_FRAME, FrameHeader, SECTOR, SEGMENT_HEADER};
use super::segment::Segment;
use super::window::{Rest, Window};
use crate::primitive::Arc;

/// How far a segment that looks unused is read: to the header of its second frame, wherever the first may end.
const LOOK: u64 = SEGMENT_HEADER as u64 + FIRST_FRAME + SECTOR as u64;

/// What lies behind the place where no whole frame is, in its segment and in later ones.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// That of the segment, and of each later one.
    pub(super) rests: Vec<Rest>,
    /// The header at the beginning of the segment after it.
    following: Option<FrameHeader>,
}

impl Behind {
    /// Reads all of it, or until record `lsn`, which should be at `offset`, turns out to have been durable.
    pub(super) fn look(
        window: &mut Window,
        segment: &Segment,
        offset: u64,
        lsn: u64,
        later: impl IntoIterator<Item = Result<Arc<Segment>, LogError>>,
    ) -> Result<Self, LogError> {
        let mut behind = Self { rests: vec![window.rest(segment, offset, u64::MAX)?], following: None };
        for (i, segment) in later.into_iter().enumerate() {
            if behind.durable_lsn() >= lsn && i > 0 {
                break;
            }
            let segment = segment?;
            if i == 0 {
                behind.following = segment.first_frame()?;
            }
            behind.rests.push(Self::look_into(window, &segment)?);
        }
        Ok(behind)
    }

    /// Looks for frames in a segment that has no whole one at its beginning: in most cases it was only prepared.
    ///
    /// To read all of it would double the time in which a log is opened. Where its first sector is as it was before any
    /// frame, and no frame's header is in what the first frames would take, there are none that were acknowledged: the
    /// second frame would be there, even where the first was lost.
    fn look_into(window: &mut Window, segment: &Segment) -> io::Result<Rest> {
        let start = SEGMENT_HEADER as u64;
        if segment.header.size > LOOK && segment.looks_unused()? {
            let rest = window.rest(segment, start, LOOK)?;
            if rest.headers.is_empty() {
                return Ok(Rest { partial: true, ..rest });
            }
        }
        window.rest(segment, start, u64::MAX)
    }

    /// The highest durable LSN that something there bears witness to.
    pub(super) fn durable_lsn(&self) -> u64 {
        self.rests.iter().map(|rest| rest.durable_lsn).max().unwrap_or(0)
    }

    /// Frames, as far as their headers show.
    pub(super) fn frames(&self) -> u64 {
        self.rests.iter().map(|rest| rest.headers.len() as u64).sum()
    }

    /// Bytes to the end of the last of them in each segment.
    pub(super) fn bytes(&self) -> u64 {
        self.rests.iter().map(|rest| rest.bytes).sum()
    }

    /// The segment and the offset of the damage, where there is some: at `offset`, unless only the beginning of the
    /// following segment can be meant.
    pub(super) fn place(&self, segment: &Segment, offset: u64, lsn: u64) -> (u64, u64) {
        let number = segment.header.number;
        let here = &self.rests[0];
        let starts_behind = self.following.is_some_and(|frame| frame.first_lsn != lsn);
        let ended = here.headers.is_empty() && self.rests.len() > 1 && !starts_behind;
        if ended { (number + 1, SEGMENT_HEADER as u64) } else { (number, offset) }
    }
}
