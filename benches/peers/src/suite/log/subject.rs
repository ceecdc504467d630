use super::records::{self, RECORD, Seen};
use super::{Setting, until_past};
use crate::harness::together;
use bedplate::io::{AppendLog, AppendLogOptions, LogError, Lsn};
use std::time::Duration;
use tempfile::TempDir;

/// A log that rows append to. Its files go with it.
#[derive(Debug)]
pub struct Subject {
    pub log: AppendLog,
    _folder: TempDir,
}

impl Subject {
    /// A new log.
    pub fn open(setting: &Setting<'_>, options: &AppendLogOptions) -> Result<Self, LogError> {
        let folder = tempfile::tempdir_in(setting.folder)?;
        let log = options.open(folder.path().join("log"))?;
        assert!(log.effective().direct, "the row is of what its detail says");
        Ok(Self { log, _folder: folder })
    }

    /// Records a second that so many threads append, each of which waits until its own is durable.
    pub fn rate(&self, threads: usize, time: Duration) -> f64 {
        self.log.prepare().expect("room for a segment");
        let first = self.log.next_lsn();
        let (elapsed, total) = together(threads, |thread| {
            let mut record = [0; RECORD];
            records::blank(thread, &mut record);
            until_past(time, |number| {
                records::stamp(&mut record, number);
                self.log.append_durable(&record).expect("a durable append");
            })
        });
        self.verify(first, threads, total);
        total as f64 / elapsed.as_secs_f64()
    }

    /// Reads the `total` records from `first` on, all of which are durable and as [`records`] has them: those that are
    /// left of them, should there have been more than the log retains.
    pub fn verify(&self, first: Lsn, threads: usize, total: u64) {
        let end = first.get() + total;
        assert_eq!(self.log.next_lsn().get(), end, "each record has a number of its own");
        assert_eq!(self.log.durable_lsn().get() + 1, end, "each record is durable");
        let from = first.max(self.log.first_lsn());
        let mut seen = if from == first { Seen::from_first(threads) } else { Seen::from_any(threads) };
        let mut reader = self.log.reader_from(from).expect("the log is read");
        let mut next = from.get();
        while let Some(record) = reader.next_record().expect("a whole log") {
            assert_eq!(record.lsn.get(), next, "the records are there in their order");
            seen.see(record.data);
            next += 1;
        }
        assert_eq!(next, end, "the records are there to the last");
        assert!(from > first || seen.total() == total, "each record is of one of the threads");
    }
}
