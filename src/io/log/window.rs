use std::io;

use super::format::{FRAME_HEADER, FrameHeader, SECTOR, check_frame, is_zero};
use super::segment::Segment;
use crate::mem::AlignedBuf;

/// Read at once. Frames are about this large where the log is written fast.
const WINDOW: usize = 1 << 20;

/// A part of a segment in memory.
#[derive(Debug)]
pub(super) struct Window {
    buf: AlignedBuf,
    /// Where in the segment the buffer begins, a multiple of the sector.
    start: u64,
    /// Bytes of the buffer that were read.
    len: usize,
}

impl Window {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { buf: buffer(WINDOW)?, start: 0, len: 0 })
    }

    /// Forgets what was read, so that it is read again.
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// The bytes from `offset` on, `len` of them where the segment has so many.
    pub(super) fn bytes(&mut self, segment: &Segment, offset: u64, len: usize) -> io::Result<&[u8]> {
        let within = offset.checked_sub(self.start).filter(|skip| *skip <= self.len as u64).map(|skip| skip as usize);
        let have = within.map_or(0, |skip| self.len - skip);
        if have < len {
            self.read(segment, offset, within.unwrap_or(self.len), len)?;
        }
        let skip = (offset - self.start) as usize;
        Ok(&self.buf[skip..self.len.min(skip + len)])
    }

    /// Reads from `offset` on, keeping what the buffer has from `skip` on.
    fn read(&mut self, segment: &Segment, offset: u64, skip: usize, len: usize) -> io::Result<()> {
        // What was read short, at the end of the file, is not a multiple of the sector: it is read again.
        let kept = (self.len - skip) / SECTOR * SECTOR;
        if len > self.buf.len() {
            let mut larger = buffer(len.next_multiple_of(SECTOR))?;
            larger[..kept].copy_from_slice(&self.buf[skip..skip + kept]);
            self.buf = larger;
        } else {
            self.buf.copy_within(skip..skip + kept, 0);
        }
        (self.start, self.len) = (offset, kept);
        self.len += segment.file.read(&mut self.buf[kept..], offset + kept as u64)?;
        Ok(())
    }

    /// The header of the frame at `offset`, if it is whole and begins with record `lsn`. The window holds it then.
    pub(super) fn frame(&mut self, segment: &Segment, offset: u64, lsn: u64) -> io::Result<Option<FrameHeader>> {
        let room = segment.room(offset);
        if room < SECTOR as u64 {
            return Ok(None);
        }
        let bytes = self.bytes(segment, offset, FRAME_HEADER)?;
        let Some(header) = FrameHeader::decode(segment.seed, offset, bytes) else { return Ok(None) };
        if header.first_lsn != lsn || header.size() as u64 > room {
            return Ok(None);
        }
        let frame = self.bytes(segment, offset, header.size())?;
        Ok(check_frame(segment.seed, &header, frame).then_some(header))
    }

    /// Reads everything from `offset`, where the last whole frame ended, to the end of the file.
    pub(super) fn rest(&mut self, segment: &Segment, offset: u64) -> io::Result<Rest> {
        let mut rest = Rest::default();
        let mut at = offset;
        loop {
            let sector = self.bytes(segment, at, SECTOR)?;
            if sector.is_empty() {
                return Ok(rest);
            }
            if !is_zero(sector) {
                let used = sector.len() - sector.iter().rev().take_while(|b| **b == 0).count();
                rest.bytes = at + used as u64 - offset;
                if let Some(header) = FrameHeader::decode(segment.seed, at, sector) {
                    rest.durable_lsn = rest.durable_lsn.max(header.durable_lsn);
                }
            }
            at += SECTOR as u64;
        }
    }
}

/// What lies behind the last whole frame of a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rest {
    /// Bytes to the last one that is not zero.
    pub(super) bytes: u64,
    /// The highest durable LSN that a frame there bears witness to: such a frame was written after the records up to it
    /// were acknowledged.
    pub(super) durable_lsn: u64,
}

fn buffer(len: usize) -> io::Result<AlignedBuf> {
    AlignedBuf::try_zeroed(len, SECTOR).map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))
}
