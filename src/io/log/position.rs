use std::ops::Range;
use std::time::{Duration, SystemTime};

use super::format::{FRAME_HEADER, FrameHeader, RECORD_HEADER, RecordHeader};
use super::{LogFrame, Lsn};

/// A place in a frame that was checked as a whole.
#[derive(Clone, Debug)]
pub(super) struct Position {
    pub(super) header: FrameHeader,
    /// Where the next record begins, from the beginning of the frame.
    at: usize,
    /// Where the next data that lies outside a record begins.
    outside: usize,
    /// Records that were passed.
    passed: u32,
    /// The data of the last one of them.
    data: Range<usize>,
}

impl Position {
    pub(super) fn new(header: FrameHeader) -> Self {
        Self { header, at: FRAME_HEADER, outside: header.inside(), passed: 0, data: 0..0 }
    }

    #[inline]
    pub(super) fn is_past(&self) -> bool {
        self.passed == self.header.count
    }

    /// Goes to the next record of `frame`, and tells its LSN; only where there is one.
    #[inline]
    pub(super) fn step(&mut self, frame: &[u8]) -> u64 {
        // The frame was checked, so there is one.
        if let Some(record) = RecordHeader::decode(&frame[self.at..]) {
            let start = if record.outside { self.outside } else { self.at + RECORD_HEADER };
            self.data = start..start + record.len;
            self.at += record.size();
            self.outside += record.outside_size();
        }
        self.passed += 1;
        self.lsn()
    }

    /// The LSN of the record that was gone to.
    #[inline]
    pub(super) fn lsn(&self) -> u64 {
        self.header.first_lsn + u64::from(self.passed) - 1
    }

    /// Its data.
    #[inline]
    pub(super) fn data(&self) -> Range<usize> {
        self.data.clone()
    }

    pub(super) fn frame(&self, segment: u64) -> LogFrame {
        let header = &self.header;
        LogFrame {
            segment,
            offset: header.offset,
            len: header.size(),
            first: Lsn::new(header.first_lsn),
            records: header.count,
            durable: Lsn::new(header.durable_lsn),
            written: SystemTime::UNIX_EPOCH + Duration::from_nanos(header.time),
        }
    }
}
