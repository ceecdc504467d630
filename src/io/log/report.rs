use std::time::Duration;

use super::Lsn;
use crate::stats::HistogramSnapshot;

/// What [`AppendLog::verify`](super::AppendLog::verify) read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Segments of the log.
    pub segments: u64,
    /// Records that are whole.
    pub records: u64,
    /// Bytes of their data.
    pub bytes: u64,
    /// The first of them.
    pub first: Option<Lsn>,
    /// The last of them.
    pub last: Option<Lsn>,
    /// Frames behind the last record that interrupted writes left, as far as their headers show. The next writer does
    /// away with them.
    pub torn_frames: u64,
    /// Bytes from the last whole record to the end of the last of them.
    pub torn_tail_bytes: u64,
}

/// What opening an [`AppendLog`](super::AppendLog) found at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The last record that is there, [`Lsn::ZERO`] where there is none.
    pub last: Lsn,
    /// Frames behind it that writes interrupted by a crash had left, as far as their headers show. They were never
    /// acknowledged, and are done away with.
    pub torn_frames: u64,
    /// Bytes from the last record to the end of the last of them.
    pub torn_tail_bytes: u64,
}

/// What an [`AppendLog`](super::AppendLog) did since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStats {
    /// Records appended.
    pub appended: u64,
    /// Bytes of their data.
    pub bytes: u64,
    /// Blocks appended without a copy.
    pub blocks: u64,
    /// Blocks whose data was copied after all: small ones, and those that the file cannot take as they lie.
    pub copied_blocks: u64,
    /// Calls that asked for durability of what was not durable yet, or of everything. With more of them than frames, callers
    /// shared one.
    pub commits: u64,
    /// Frames written, each durable when its write ends. With more records than frames, records shared one.
    pub frames: u64,
    /// Bytes written, with headers and padding.
    pub written: u64,
    /// The time that the writes took together; several at once count each.
    pub write_time: Duration,
    /// The time that frames somebody waited for had waited before their write began.
    pub queue_time: Duration,
    /// Writes that ended before an older one, which kept their records waiting.
    pub overtaking: u64,
    /// Writes before which other threads were let run, so that they got their records in.
    pub gathered: u64,
    /// Calls that waited for room in a buffer or for the next segment.
    pub stalls: u64,
    /// Segments begun.
    pub segments: u64,
    /// Segments made ready from the files of trimmed ones.
    pub recycled: u64,
    /// Segments that were trimmed, by hand or by age or size.
    pub trimmed: u64,
    /// Closures of [`on_durable`](super::AppendLog::on_durable) that panicked.
    pub panics: u64,
}

crate::stats::figures!(LogStats {
    count: appended, bytes, blocks, copied_blocks, commits, frames, written;
    time: write_time, queue_time;
    count: overtaking, gathered, stalls, segments, recycled, trimmed, panics;
});

/// How the figures of an [`AppendLog`](super::AppendLog) are spread, since it was opened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogHistograms {
    /// How long each write took until it was durable, in nanoseconds.
    pub write_time: HistogramSnapshot,
    /// How long each frame that somebody waited for had waited before its write began, in nanoseconds.
    pub queue_time: HistogramSnapshot,
    /// How many records each frame had.
    pub records: HistogramSnapshot,
}
