use std::path::Path;
use std::sync::Arc;

use super::segment::Segment;
use super::storage::{Directory, FsDirectory};
use super::{LogError, LogReader, Lsn, VerifyReport};
use crate::sys::Demand;

/// Reads the whole log in `path`.
pub(super) fn verify(path: &Path) -> Result<VerifyReport, LogError> {
    verify_in(Arc::new(FsDirectory::open(path, Demand::Prefer)?))
}

pub(crate) fn verify_in(dir: Arc<dyn Directory>) -> Result<VerifyReport, LogError> {
    let segments = Segment::list(&*dir)?.len() as u64;
    let mut reader = LogReader::new(dir, Lsn::ZERO, None)?;
    reader.check_records();
    let mut report =
        VerifyReport { segments, records: 0, bytes: 0, first: None, last: None, torn_frames: 0, torn_tail_bytes: 0 };
    while let Some(record) = reader.next_record()? {
        report.records += 1;
        report.bytes += record.data.len() as u64;
        report.first = report.first.or(Some(record.lsn));
        report.last = Some(record.lsn);
    }
    (report.torn_frames, report.torn_tail_bytes) = reader.torn();
    Ok(report)
}
