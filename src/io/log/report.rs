use std::time::Duration;

use super::Lsn;

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
    /// Bytes after the last whole record that an interrupted write left. The next writer cuts them off.
    pub torn_tail_bytes: u64,
}

/// What opening an [`AppendLog`](super::AppendLog) found at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The last record that is there, [`Lsn::ZERO`] where there is none.
    pub last: Lsn,
    /// Bytes that a write interrupted by a crash had left after it. They were cut off.
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
    /// Calls that waited for durability. With more of them than syncs, callers shared one.
    pub commits: u64,
    /// Syncs of a segment.
    pub syncs: u64,
    /// The time they took together.
    pub sync_time: Duration,
    /// Frames written.
    pub frames: u64,
    /// Bytes written, with headers and padding.
    pub written: u64,
    /// Segments begun.
    pub segments: u64,
}

crate::stats::figures!(LogStats {
    count: appended, bytes, commits, syncs;
    time: sync_time;
    count: frames, written, segments;
});
