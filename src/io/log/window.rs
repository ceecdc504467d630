use std::io;

use super::format::{FRAME_HEADER, FrameHeader, SECTOR, check_frame};
use super::segment::Segment;
use crate::mem::{HugePages, Mapping};
use crate::sys::Demand;

/// Read at first: who looks for the end or for one record needs little, and who follows a log needs little each time.
const FIRST: usize = 64 << 10;

/// Read at once by who goes on.
const MOST: usize = 4 << 20;

/// A part of a segment in memory.
#[derive(Debug)]
pub(in crate::io) struct Window {
    buf: Mapping,
    /// The epoch of the segment.
    epoch: u64,
    /// Where in the segment the part begins, a multiple of the sector.
    start: u64,
    /// Bytes of it.
    len: usize,
    /// How much is read the next time.
    step: usize,
}

impl Window {
    pub(in crate::io) fn new() -> io::Result<Self> {
        Ok(Self { buf: Mapping::new(FIRST)?, epoch: 0, start: 0, len: 0, step: FIRST })
    }

    /// Forgets what was read, so that it is read again.
    pub(in crate::io) fn clear(&mut self) {
        (self.len, self.step) = (0, FIRST);
    }

    /// The bytes from `offset` on, `len` of them where the segment has so many.
    #[inline]
    pub(in crate::io) fn bytes(&mut self, segment: &Segment, offset: u64, len: usize) -> io::Result<&[u8]> {
        if segment.header.epoch != self.epoch {
            self.clear();
            self.epoch = segment.header.epoch;
        }
        let within = offset.checked_sub(self.start).filter(|skip| *skip <= self.len as u64).map(|skip| skip as usize);
        let have = within.map_or(0, |skip| self.len - skip);
        if have < len {
            self.read(segment, offset, within, len)?;
        }
        let skip = (offset - self.start) as usize;
        Ok(&self.buf[skip..self.len.min(skip + len)])
    }

    /// Bytes that it holds, because the last call for any were for those around them.
    #[inline]
    pub(in crate::io) fn held(&self, offset: u64, len: usize) -> &[u8] {
        let skip = (offset - self.start) as usize;
        &self.buf[skip..skip + len]
    }

    /// Reads from `offset` on, keeping what the buffer has from there on, which begins at `within`.
    #[cold]
    fn read(&mut self, segment: &Segment, offset: u64, within: Option<usize>, len: usize) -> io::Result<()> {
        // Who goes on gets more each time; who jumps starts again with little.
        self.step = if within.is_some() && self.len > 0 { (self.step * 2).min(MOST) } else { FIRST };
        let skip = within.unwrap_or(self.len);
        // What was read short, at the end of the file, is not a multiple of the sector: it is read again.
        let kept = (self.len - skip) / SECTOR * SECTOR;
        let held = skip..skip + kept;
        let wanted = len.next_multiple_of(SECTOR).max(kept + self.step);
        if wanted > self.buf.len() {
            let mut larger = memory(wanted)?;
            larger[..kept].copy_from_slice(&self.buf[held]);
            self.buf = larger;
        } else {
            self.buf.copy_within(held, 0);
        }
        (self.start, self.len) = (offset, kept);
        // Not past the segment: what is behind it, where anything is, is none of the log's.
        let end = wanted.min(usize::try_from(segment.room(offset)).unwrap_or(wanted)).max(kept);
        self.len += segment.file.fill(&mut self.buf[kept..end], offset + kept as u64)?;
        Ok(())
    }

    /// The header of the frame at `offset`, if it is one and ends within the segment. Its records are not looked at.
    pub(in crate::io) fn header(&mut self, segment: &Segment, offset: u64) -> io::Result<Option<FrameHeader>> {
        let room = segment.room(offset);
        if room < SECTOR as u64 {
            return Ok(None);
        }
        let bytes = self.bytes(segment, offset, FRAME_HEADER)?;
        Ok(FrameHeader::decode(segment.seed, offset, bytes).filter(|header| header.size() <= room))
    }

    /// The header of the frame at `offset`, if it is whole and begins with record `lsn`; with any where that is `None`.
    /// The window holds the frame then.
    pub(in crate::io) fn frame(
        &mut self,
        segment: &Segment,
        offset: u64,
        lsn: Option<u64>,
    ) -> io::Result<Option<FrameHeader>> {
        let header = self.header(segment, offset)?;
        let Some(header) = header.filter(|header| lsn.is_none_or(|lsn| header.first_lsn == lsn)) else {
            return Ok(None);
        };
        // It ends within the segment, so its size is that of memory.
        let size = header.size() as usize;
        let frame = self.bytes(segment, offset, size)?;
        Ok((frame.len() == size && check_frame(segment.seed, &header, frame)).then_some(header))
    }

    /// Whether a frame's header is among what the window holds from `offset` on.
    pub(in crate::io) fn shows_header(&mut self, segment: &Segment, offset: u64) -> io::Result<bool> {
        let bytes = self.bytes(segment, offset, SECTOR)?.len();
        let held = if bytes == 0 { 0 } else { self.len - (offset - self.start) as usize };
        let bytes = self.bytes(segment, offset, held)?;
        let mut sectors = bytes.chunks(SECTOR).zip((offset..).step_by(SECTOR));
        Ok(sectors.any(|(sector, at)| FrameHeader::decode(segment.seed, at, sector).is_some()))
    }

    /// Reads everything from `offset` on, where no whole frame is, to `end` or to the end of the segment, for the headers
    /// of frames.
    pub(in crate::io) fn rest(&mut self, segment: &Segment, offset: u64, end: u64) -> io::Result<Rest> {
        let mut rest = Rest::default();
        let mut at = offset;
        while at < end && segment.room(at) >= FRAME_HEADER as u64 {
            let sector = self.bytes(segment, at, SECTOR)?;
            if sector.len() < FRAME_HEADER {
                break;
            }
            if let Some(header) = FrameHeader::decode(segment.seed, at, sector) {
                rest.durable_lsn = rest.durable_lsn.max(header.durable_lsn);
                // Of a torn frame the header may be all there is.
                let end = (at + header.size()).min(segment.header.size);
                rest.bytes = rest.bytes.max(end - offset);
                rest.headers.push(at);
            }
            at += SECTOR as u64;
        }
        Ok(rest)
    }
}

/// Memory for `len` bytes at least. Who reads so much gets huge pages, where there are any: a read into few pieces of memory
/// is faster by half (`io::engine::setup`), and is one that the device takes at once.
fn memory(len: usize) -> io::Result<Mapping> {
    if len < MOST / 2 {
        return Mapping::new(len);
    }
    // With room for the beginning of a frame in front of what is read.
    Mapping::builder(len.max(MOST + MOST / 2)).huge_pages(HugePages::Transparent, Demand::Prefer).build()
}

/// What lies behind the last whole frame of a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::io) struct Rest {
    /// Bytes to the end of the last frame, as far as headers tell of one.
    pub(in crate::io) bytes: u64,
    /// The highest durable LSN that a frame there bears witness to: such a frame was written after the records up to it
    /// were acknowledged.
    pub(in crate::io) durable_lsn: u64,
    /// Where the headers are.
    pub(in crate::io) headers: Vec<u64>,
    /// There may be more: the segment looks as if nothing was ever written to it, and was not read to its end.
    pub(in crate::io) partial: bool,
}
