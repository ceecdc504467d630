use std::io;

use super::format::{self, FRAME_HEADER, FrameHeader, RECORD_HEADER, SECTOR};
#[cfg(feature = "io-uring")]
use super::part::Part;
use crate::mem::AlignedBuf;
use crate::pool::Block;
use crate::time::Instant;

/// The most blocks that a frame takes along: one write has a segment for each.
pub(super) const BLOCKS: usize = 64;

/// The records of one frame, encoded as they go to the disk. Room for the frame's header is kept at the front.
#[derive(Debug)]
pub(super) struct Frame {
    buf: AlignedBuf,
    /// Bytes of the buffer in use, the header's with them.
    len: usize,
    first_lsn: u64,
    count: u32,
    /// The data of records that lies outside the buffer, in whole sectors.
    blocks: Vec<Block>,
    blocks_size: usize,
    /// Somebody waits for it to be written, since then.
    due: Option<Instant>,
    /// It is written although it has no records.
    mark: bool,
}

impl Frame {
    /// An empty frame that takes `capacity` bytes of a segment at most beside its blocks, a multiple of the sector.
    pub(super) fn new(capacity: usize) -> io::Result<Self> {
        let buf =
            AlignedBuf::try_zeroed(capacity, SECTOR).map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))?;
        Ok(Self {
            buf,
            len: FRAME_HEADER,
            first_lsn: 0,
            count: 0,
            blocks: Vec::new(),
            blocks_size: 0,
            due: None,
            mark: false,
        })
    }

    pub(super) fn capacity(&self) -> usize {
        self.buf.len()
    }

    /// Whether there is nothing in it to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0 && !self.mark
    }

    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Whether `inside` bytes of records and `outside` bytes of a block more fit into the buffer and into `room` bytes of
    /// a segment.
    #[inline]
    pub(super) fn fits(&self, inside: usize, outside: usize, room: u64) -> bool {
        let len = self.len + inside;
        // The capacity is whole sectors, so a frame that fits the buffer fits it with its padding.
        len <= self.buf.len() && (len.next_multiple_of(SECTOR) + self.blocks_size + outside) as u64 <= room
    }

    /// Whether it takes a block of `size` bytes: many small ones or as many bytes as its buffer has, or any one.
    pub(super) fn takes_block(&self, size: usize) -> bool {
        self.blocks.is_empty() || (self.blocks.len() < BLOCKS && self.blocks_size + size <= self.buf.len())
    }

    /// Appends a record that fits.
    #[inline]
    pub(super) fn push(&mut self, seed: u32, lsn: u64, data: &[u8]) {
        format::encode_record(seed, lsn, data, &mut self.buf[self.len..]);
        self.count_in(lsn, format::record_size(data.len()));
    }

    /// Appends a record that fits, whose data stays where it is.
    pub(super) fn push_block(&mut self, seed: u32, lsn: u64, mut block: Block) {
        let len = block.len();
        let size = len.next_multiple_of(SECTOR);
        // What another user of the memory left there is not for the disk.
        block.as_full_mut()[len..size].fill(0);
        format::encode_outside(seed, lsn, &block[..len], &mut self.buf[self.len..]);
        block.set_len(size);
        self.blocks.push(block);
        self.blocks_size += size;
        self.count_in(lsn, RECORD_HEADER);
    }

    #[inline]
    fn count_in(&mut self, lsn: u64, size: usize) {
        if self.count == 0 {
            self.first_lsn = lsn;
        }
        self.len += size;
        self.count += 1;
    }

    /// Makes it a frame without records, before which the log ends at `next_lsn`.
    pub(super) fn make_mark(&mut self, next_lsn: u64) {
        (self.first_lsn, self.mark) = (next_lsn, true);
    }

    /// The LSN of the last record, or of the one before a mark.
    pub(super) fn last_lsn(&self) -> u64 {
        self.first_lsn + u64::from(self.count) - 1
    }

    /// Somebody waits for it.
    pub(super) fn ask(&mut self, now: impl FnOnce() -> Instant) {
        self.due.get_or_insert_with(now);
    }

    /// Since when somebody waits for it.
    #[inline]
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Writes header and padding.
    pub(super) fn seal(&mut self, seed: u32, offset: u64, durable_lsn: u64, time: u64) {
        let header = FrameHeader {
            first_lsn: self.first_lsn,
            durable_lsn,
            offset,
            time,
            count: self.count,
            len: (self.len - FRAME_HEADER) as u32,
            outside: (self.blocks_size / SECTOR) as u32,
            body: format::body_crc(seed, &self.buf[FRAME_HEADER..self.len]),
        };
        header.encode(seed, &mut self.buf);
        self.buf[self.len..header.inside()].fill(0);
    }

    /// The bytes for the disk, one part behind the other, of a sealed frame.
    pub(super) fn parts(&self) -> Vec<&[u8]> {
        let inside = format::frame_size(self.len - FRAME_HEADER);
        std::iter::once(&self.buf[..inside]).chain(self.blocks.iter().map(|block| &block[..])).collect()
    }

    /// Bytes of the segment that the frame takes as it is.
    pub(super) fn size(&self) -> u64 {
        (format::frame_size(self.len - FRAME_HEADER) + self.blocks_size) as u64
    }

    /// Empties it. Its blocks go back to their pool.
    pub(super) fn clear(&mut self) {
        self.len = FRAME_HEADER;
        (self.count, self.blocks_size, self.due, self.mark) = (0, 0, None, false);
        self.blocks.clear();
    }

    /// Gives the bytes for the disk away, part by part, of a sealed frame.
    #[cfg(feature = "io-uring")]
    pub(super) fn take_parts(&mut self) -> Vec<Part> {
        let inside = format::frame_size(self.len - FRAME_HEADER);
        let buf = std::mem::replace(&mut self.buf, AlignedBuf::zeroed(0, 1));
        std::iter::once(Part::Inside(buf, inside)).chain(self.blocks.drain(..).map(Part::Outside)).collect()
    }

    /// Takes them back; false where one is missing.
    #[cfg(feature = "io-uring")]
    pub(super) fn put_parts(&mut self, parts: Vec<Option<Part>>) -> bool {
        let mut whole = true;
        for part in parts {
            match part {
                Some(Part::Inside(buf, _)) => self.buf = buf,
                Some(Part::Outside(block)) => self.blocks.push(block),
                None => whole = false,
            }
        }
        whole
    }
}
