use std::io;

use super::format::{self, FRAME_HEADER, FrameHeader, SECTOR};
use crate::mem::AlignedBuf;

/// The records of one frame, encoded as they go to the disk. Room for the frame's header is kept at the front.
#[derive(Debug)]
pub(super) struct Frame {
    buf: AlignedBuf,
    /// Bytes in use, the header's with them.
    len: usize,
    first_lsn: u64,
    count: u32,
}

impl Frame {
    /// An empty frame that takes `capacity` bytes of a segment at most, a multiple of the sector.
    pub(super) fn new(capacity: usize) -> io::Result<Self> {
        let buf =
            AlignedBuf::try_zeroed(capacity, SECTOR).map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))?;
        Ok(Self { buf, len: FRAME_HEADER, first_lsn: 0, count: 0 })
    }

    pub(super) fn capacity(&self) -> usize {
        self.buf.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether `record` bytes more fit into the buffer and into `room` bytes of a segment.
    #[inline]
    pub(super) fn fits(&self, record: usize, room: u64) -> bool {
        // The capacity and the room are whole sectors, so a frame that fits fits with its padding.
        let len = self.len + record;
        len <= self.buf.len() && len as u64 <= room
    }

    /// Appends a record that fits.
    #[inline]
    pub(super) fn push(&mut self, seed: u32, lsn: u64, data: &[u8]) {
        if self.count == 0 {
            self.first_lsn = lsn;
        }
        self.len += format::encode_record(seed, lsn, data, &mut self.buf[self.len..]);
        self.count += 1;
    }

    /// The LSN of the last record; only where there is one.
    pub(super) fn last_lsn(&self) -> u64 {
        self.first_lsn + u64::from(self.count) - 1
    }

    /// Writes header and padding: the bytes for the disk.
    pub(super) fn seal(&mut self, seed: u32, offset: u64, durable_lsn: u64) -> &[u8] {
        let header = FrameHeader {
            first_lsn: self.first_lsn,
            durable_lsn,
            offset,
            count: self.count,
            len: (self.len - FRAME_HEADER) as u32,
        };
        header.encode(seed, &mut self.buf);
        let size = header.size();
        self.buf[self.len..size].fill(0);
        &self.buf[..size]
    }

    /// Bytes of the segment that the frame takes as it is.
    pub(super) fn size(&self) -> usize {
        format::frame_size(self.len - FRAME_HEADER)
    }

    pub(super) fn clear(&mut self) {
        self.len = FRAME_HEADER;
        self.count = 0;
    }

    /// Makes it a frame without records, before which the log ends at `next_lsn`.
    pub(super) fn make_empty(&mut self, next_lsn: u64) {
        self.clear();
        self.first_lsn = next_lsn;
    }
}
