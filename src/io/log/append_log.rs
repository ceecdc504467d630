use std::fs::File;
use std::ops::Range;
use std::path::Path;

use super::storage::Directory;
use super::tail::{Shared, Turn};
use super::{AppendLogOptions, BatchError, LogError, LogReader, LogStats, Lsn, Recovery, VerifyReport};
use super::{recover, verify};
use crate::io::Effective;
use crate::primitive::Arc;

/// A durable log: records are appended, numbered, and safe once they are committed.
///
/// The log is a directory of segment files. [`append`](Self::append) copies the record into a buffer and gives it the
/// next [`Lsn`]; [`commit`](Self::commit) returns when everything appended before is on the disk. Threads share the log
/// by reference; those that commit at the same time share one sync. After a crash the log holds every record that was
/// committed, maybe some that were appended later, and no record without all those before it.
///
/// **Waiting.** `append` returns from memory unless the buffer is full; then the caller writes it, or waits for the write
/// before it. `commit` waits for the disk. No thread is started.
///
/// **Bounds.** Two buffers of [`buffer_size`](AppendLogOptions::buffer_size); the disk space of a segment is reserved
/// when it begins. Records may be empty; the largest is about a segment long.
///
/// **Failure.** A write or sync that fails poisons the log: every later call gets [`LogError::Poisoned`], because what the
/// disk holds is not known any more. What was acknowledged before stays readable. A disk too full for the next segment is
/// [`LogError::Io`] and poisons nothing.
///
/// **Damage.** A record that was committed, and followed by another commit or by [`close`](Self::close), is never taken
/// for an unfinished write: its damage is [`LogError::Corrupt`]. Damage to the last commit before a crash cannot be told
/// from a write that the crash interrupted, and is cut off like one; [`recovery`](Self::recovery) tells how much.
///
/// Dropping the log gives it up without a commit: appended records that were not committed are lost, as in a crash.
///
/// The format is described in `docs/log-format.md`. Sharing a sync is the group commit of DeWitt and others
/// (*Implementation Techniques for Main Memory Database Systems*, SIGMOD 1984).
///
/// ```
/// use bedplate::io::{AppendLog, Lsn};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-log-{}", std::process::id()));
/// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
/// assert_eq!(log.append(b"first")?, Lsn::new(1));
/// assert_eq!(log.append(b"second")?, Lsn::new(2));
/// assert_eq!(log.commit()?, Lsn::new(2));
/// drop(log);
///
/// let log = AppendLog::options().open(&dir)?;
/// let mut reader = log.reader()?;
/// assert_eq!(reader.next_record()?.unwrap().data, b"first");
/// assert_eq!(reader.next_record()?.unwrap().data, b"second");
/// assert_eq!(reader.next_record()?, None);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AppendLog {
    shared: Shared,
    recovery: Recovery,
    /// Closing it lets another writer open the log.
    _lock: Option<File>,
}

impl AppendLog {
    /// The options of a log.
    pub fn options() -> AppendLogOptions {
        AppendLogOptions::default()
    }

    /// The log in `dir`, with options that were checked.
    pub(crate) fn open_in(
        dir: Arc<dyn Directory>,
        lock: Option<File>,
        buffer_size: usize,
        segment_size: u64,
    ) -> Result<Self, LogError> {
        let end = recover::recover(&*dir, segment_size)?;
        let recovery = end.recovery;
        let shared = Shared::new(dir, end, buffer_size, segment_size)?;
        Ok(Self { shared, recovery, _lock: lock })
    }

    /// Appends a record and tells its number. It is not durable before a commit.
    ///
    /// One copy of the data under the log's lock; allocates only for a record larger than the buffer.
    ///
    /// # Errors
    ///
    /// [`LogError::TooLarge`], [`LogError::Poisoned`], and [`LogError::Io`] where the next segment cannot be made: the
    /// record was not appended.
    pub fn append(&self, data: &[u8]) -> Result<Lsn, LogError> {
        self.shared.hold().append(data).map(Lsn::new)
    }

    /// Appends records one behind the other and tells their numbers. One lock for all of them; no other thread's record
    /// comes between. The batch is not atomic: a crash before the commit may keep its first records.
    ///
    /// The iterator runs under the log's lock, so a slow one keeps other threads waiting.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), with the numbers of the records that were appended before the refused one.
    ///
    /// # Panics
    ///
    /// If the iterator uses the log. If the iterator panics, the records it gave before stay appended.
    ///
    /// ```
    /// use bedplate::io::{AppendLog, Lsn};
    ///
    /// let dir = std::env::temp_dir().join(format!("bedplate-batch-{}", std::process::id()));
    /// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
    /// let lsns = log.append_batch((0..100).map(|i| format!("record {i}")))?;
    /// assert_eq!(lsns, Lsn::new(1)..Lsn::new(101));
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_batch<I>(&self, records: I) -> Result<Range<Lsn>, BatchError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        // User code, so before the lock.
        let mut records = records.into_iter();
        let mut turn = Turn::take(self.shared.hold());
        let start = turn.next_lsn();
        let result = records.try_for_each(|record| turn.append(record.as_ref()).map(drop));
        let appended = start..turn.next_lsn();
        drop(turn);
        match result {
            Ok(()) => Ok(appended),
            Err(error) => Err(BatchError { appended, error }),
        }
    }

    /// Returns when every record appended before is durable, and tells the last durable one.
    ///
    /// Without new records it returns at once. Callers that come while a sync is under way share the next one.
    ///
    /// # Errors
    ///
    /// [`LogError::Poisoned`].
    pub fn commit(&self) -> Result<Lsn, LogError> {
        let mut held = self.shared.hold();
        let target = held.next_lsn - 1;
        held.commit_to(target)
    }

    /// Appends a record and returns when it is durable.
    ///
    /// # Errors
    ///
    /// Those of [`append`](Self::append) and [`commit`](Self::commit).
    pub fn append_durable(&self, data: &[u8]) -> Result<Lsn, LogError> {
        let mut held = self.shared.hold();
        let lsn = held.append(data)?;
        held.commit_to(lsn)?;
        Ok(Lsn::new(lsn))
    }

    /// The last record known to be durable. Never waits.
    #[must_use]
    pub fn durable_lsn(&self) -> Lsn {
        Lsn::new(self.shared.durable())
    }

    /// The number that the next record would get.
    #[must_use]
    pub fn next_lsn(&self) -> Lsn {
        Lsn::new(self.shared.hold().next_lsn)
    }

    /// The most bytes that a record may have.
    #[must_use]
    pub fn record_limit(&self) -> usize {
        self.shared.limit
    }

    /// Reads the log from its first record to the one that is durable now.
    ///
    /// # Errors
    ///
    /// As [`LogReader::open`].
    pub fn reader(&self) -> Result<LogReader, LogError> {
        self.reader_from(Lsn::ZERO)
    }

    /// Reads the log from record `lsn` to the one that is durable now.
    ///
    /// # Errors
    ///
    /// As [`LogReader::open`].
    pub fn reader_from(&self, lsn: Lsn) -> Result<LogReader, LogError> {
        LogReader::new(Arc::clone(&self.shared.dir), lsn, Some(self.durable_lsn()))
    }

    /// Reads the whole log in `dir` and checks every checksum. Takes no lock and changes nothing.
    ///
    /// # Errors
    ///
    /// [`LogError::Corrupt`] with the first record that cannot be read.
    pub fn verify(dir: impl AsRef<Path>) -> Result<VerifyReport, LogError> {
        verify::verify(dir.as_ref())
    }

    /// Commits, and leaves a mark by which damage to this last commit can be told from an interrupted one.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit); [`LogError::Io`] where only the mark, which may need a new segment, failed.
    pub fn close(self) -> Result<(), LogError> {
        self.commit()?;
        self.shared.hold().seal()
    }

    /// What was found at the end of the log when it was opened.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Whether the current segment is written directly.
    #[must_use]
    pub fn effective(&self) -> Effective {
        Effective { direct: self.shared.hold().is_direct() }
    }

    /// What the log did since it was opened. Takes the log's lock.
    #[must_use]
    pub fn stats(&self) -> LogStats {
        self.shared.hold().stats
    }
}
