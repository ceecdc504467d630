use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc as StdArc;
use std::time::Duration;

use super::format::{self, SECTOR};
use super::progress::State;
#[cfg(feature = "io-uring")]
use super::ring::Ring;
use super::shared::{Shared, Who};
use super::storage::Directory;
use super::writers::Writers;
use super::{AppendLogOptions, BlockRefused, LogError, LogFollower, LogHistograms, LogReader, LogStats, Lsn};
use super::{Recovery, VerifyReport, recover, verify};
use crate::io::{Backend, Effective};
use crate::pool::Block;
use crate::primitive::Arc;
use crate::time::Deadline;

/// A durable log: records are appended, numbered, and safe once they are committed.
///
/// The log is a directory of segment files. [`append`](Self::append) copies the record into a buffer and gives it the
/// next [`Lsn`]; [`commit`](Self::commit) returns when the record, and all before it, are on the disk. Threads share the
/// log by reference; those that commit at the same time share writes. After a crash the log holds every record that was
/// committed, maybe some that were appended later, and no record without all those before it.
///
/// **Commits.** The records that gathered are written as one frame, by a write that is durable when it ends. Several such
/// writes are under way at once ([`commits_in_flight`](AppendLogOptions::commits_in_flight)); what is durable is what all
/// writes up to some record have brought to the disk. Segments are filled with zeros before they are used, ahead and in
/// small steps, and used again after they were trimmed, so that a write changes nothing of the file system's own.
///
/// **Waiting.** `append` returns from memory unless the buffer is full; then the caller writes it, or waits for room.
/// Durability is waited for by blocking (`commit`, [`commit_timeout`](Self::commit_timeout)), by looking
/// ([`try_commit`](Self::try_commit), [`durable_lsn`](Self::durable_lsn)), or by a closure
/// ([`on_durable`](Self::on_durable)). No thread is started that [`Backend::Threads`] did not ask for.
///
/// **Bounds.** One [`buffer`](AppendLogOptions::buffer_size) for each commit in flight and one that fills; the disk space
/// of the segment in use, and of the next. The largest record, or batch, is about a segment long. The log grows until it
/// is [trimmed](Self::trim), by hand or by [size](AppendLogOptions::retain_bytes) or
/// [age](AppendLogOptions::retain_for).
///
/// **Failure.** A write or sync that fails poisons the log: everyone who waits, and every later call, gets
/// [`LogError::Poisoned`], because what the disk holds is not known any more; it is not tried again. What was acknowledged
/// before stays readable. A disk too full for the next segment is [`LogError::Io`] and poisons nothing.
///
/// **Damage.** A record that was committed, and followed by another frame or by [`close`](Self::close), is never taken
/// for an unfinished write: its damage is [`LogError::Corrupt`]. Damage to the last commit before a crash cannot be told
/// from a write that the crash interrupted, and is given up like one; [`recovery`](Self::recovery) tells how much.
///
/// Dropping the log gives it up without a commit: appended records that were not committed may be lost, as in a crash.
///
/// The format is described in `docs/log-format.md`, the protocol in `docs/log.md`. Sharing a write is the group commit of
/// DeWitt and others (*Implementation Techniques for Main Memory Database Systems*, SIGMOD 1984).
///
/// ```
/// use bedplate::io::{AppendLog, Lsn};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-log-{}", std::process::id()));
/// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
/// assert_eq!(log.append(b"first")?, Lsn::new(1));
/// let second = log.append(b"second")?;
/// assert_eq!(log.commit(second)?, Lsn::new(2));
/// log.append_durable(b"third")?;
/// log.close()?;
///
/// let log = AppendLog::options().open(&dir)?;
/// let mut reader = log.reader()?;
/// assert_eq!(reader.next_record()?.unwrap().data, b"first");
/// assert_eq!(reader.next_record()?.unwrap().data, b"second");
/// assert_eq!(reader.next_record()?.unwrap().data, b"third");
/// assert_eq!(reader.next_record()?, None);
/// # std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AppendLog {
    /// Dropped first: its threads use the rest.
    writers: Option<Writers>,
    shared: Arc<Shared>,
    recovery: Recovery,
    /// Closing it lets another writer open the log.
    _lock: Option<File>,
}

impl AppendLog {
    /// The options of a log.
    pub fn options() -> AppendLogOptions {
        AppendLogOptions::default()
    }

    /// The log in `dir`.
    pub(crate) fn open_in(
        dir: StdArc<dyn Directory>,
        lock: Option<File>,
        options: &AppendLogOptions,
    ) -> Result<Self, LogError> {
        let mut settings = options.settings()?;
        let end = recover::recover(StdArc::clone(&dir), options.segments(settings.segment_size))?;
        let recovery = end.recovery;
        if !end.segment.file.effective().direct {
            // The page cache tells of lost data once, and not each of those whose writes it concerns.
            settings.slots = 1;
        }
        let slots = settings.slots;
        let who = match options.wanted_backend() {
            Some(Backend::Threads(_)) => Who::Threads,
            #[cfg(feature = "io-uring")]
            Some(Backend::Uring) => match Ring::new(slots) {
                Ok(ring) => Who::Ring(Box::new(ring)),
                Err(e) => {
                    options.refused(e)?;
                    Who::Callers
                }
            },
            _ => Who::Callers,
        };
        let threads = matches!(who, Who::Threads);
        let mut shared = Arc::new(Shared::new(dir, end, settings, who)?);
        let mut writers = None;
        if threads {
            let mut started = Writers::new(Arc::clone(&shared));
            match started.start(slots) {
                Ok(()) => writers = Some(started),
                Err(e) => {
                    options.refused(e)?;
                    drop(started);
                    let alone = Arc::get_mut(&mut shared).expect("the threads that were started have ended");
                    alone.become_inline();
                }
            }
        }
        let log = Self { writers, shared, recovery, _lock: lock };
        match log.mark() {
            // No space for it: the next frame bears witness as well, and a log that cannot be opened cannot be trimmed.
            Ok(()) | Err(LogError::Io(_)) => Ok(log),
            Err(e) => Err(e),
        }
    }

    /// Appends a record and tells its number. It is not durable before a commit.
    ///
    /// One copy of the data under the log's lock; allocates only for a record larger than the buffer. May write, or wait
    /// for a write, where the buffer is full.
    ///
    /// # Errors
    ///
    /// [`LogError::TooLarge`], [`LogError::Poisoned`], and [`LogError::Io`] where the next segment cannot be made: the
    /// record was not appended.
    #[inline]
    pub fn append(&self, data: &[u8]) -> Result<Lsn, LogError> {
        self.shared.hold().append(data).map(Lsn::new)
    }

    /// Appends records one behind the other and tells their numbers. They survive a crash all or none, and no other
    /// thread's record comes between.
    ///
    /// One lock for all of them. Allocates two lists of them; the iterator runs before anything else.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), of the batch as a whole: none of it was appended. Its records, with a header of 16
    /// bytes for each and padding to 8, take no more than one record may.
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
    pub fn append_batch<I>(&self, records: I) -> Result<Range<Lsn>, LogError>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        let records: Vec<I::Item> = records.into_iter().collect();
        let slices: Vec<&[u8]> = records.iter().map(AsRef::as_ref).collect();
        let size = slices.iter().map(|record| format::record_size(record.len())).sum();
        let mut held = self.shared.hold();
        if !slices.is_empty() {
            held.append_all(&slices, size)?;
        }
        let end = held.next_lsn;
        drop(held);
        Ok(Lsn::new(end - slices.len() as u64)..Lsn::new(end))
    }

    /// Appends the filled bytes of a block as a record, without a copy: the block is written from where it lies, and goes
    /// back to its pool when it was.
    ///
    /// The data takes whole sectors of 4096 bytes on the disk. It is copied after all, and the block goes back at once,
    /// where it is less than a sector, where the block has no room for the rest of its last one, and where direct writes
    /// need another alignment than the block has; [`stats`](Self::stats) counts these.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), with the block.
    ///
    /// ```
    /// use bedplate::io::AppendLog;
    /// use bedplate::pool::BlockPool;
    ///
    /// let dir = std::env::temp_dir().join(format!("bedplate-log-block-{}", std::process::id()));
    /// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
    /// let pool = BlockPool::builder().block_size(64 << 10).max_blocks(2).build()?;
    /// let mut block = pool.try_acquire()?;
    /// block.set_len(10_000);
    /// block.fill(7);
    /// let lsn = log.append_block(block)?;
    /// log.commit(lsn)?;
    /// assert_eq!(log.stats().blocks, 1);
    /// assert_eq!(log.reader()?.next_record()?.unwrap().data, [7; 10_000]);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append_block(&self, block: Block) -> Result<Lsn, BlockRefused> {
        let size = block.len().next_multiple_of(SECTOR);
        let mut held = self.shared.hold();
        let alignment = held.segment.file.alignment();
        let lies = size <= block.capacity() && alignment.allows(block.as_full().as_ptr().addr(), size, 0);
        if block.len() < SECTOR || !lies {
            return match held.append(&block) {
                Ok(lsn) => {
                    held.stats.copied_blocks += 1;
                    Ok(Lsn::new(lsn))
                }
                Err(error) => Err(BlockRefused { block, error }),
            };
        }
        held.append_block(block, size).map(Lsn::new).map_err(|(block, error)| BlockRefused { block, error })
    }

    /// Returns when record `lsn`, and every record before it, is durable, and tells the last that is.
    ///
    /// Returns at once where it is durable already. Otherwise the calling thread writes what gathered, or waits for the
    /// thread that does.
    ///
    /// # Errors
    ///
    /// [`LogError::Poisoned`]; [`LogError::NotAppended`] for a record that there is not.
    pub fn commit(&self, lsn: Lsn) -> Result<Lsn, LogError> {
        self.commit_deadline(lsn, Deadline::NEVER)
    }

    /// As [`commit`](Self::commit), until a time has passed. A write that the calling thread makes itself is not given up.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit); [`LogError::TimedOut`].
    pub fn commit_timeout(&self, lsn: Lsn, timeout: Duration) -> Result<Lsn, LogError> {
        self.commit_deadline(lsn, Deadline::after(&self.shared.clock, timeout))
    }

    /// As [`commit_timeout`](Self::commit_timeout), until a moment of the log's clock.
    ///
    /// # Errors
    ///
    /// As [`commit_timeout`](Self::commit_timeout).
    pub fn commit_deadline(&self, lsn: Lsn, deadline: Deadline) -> Result<Lsn, LogError> {
        let durable = self.durable_lsn();
        if durable >= lsn {
            return Ok(durable);
        }
        let mut held = self.shared.hold();
        held.check_appended(lsn)?;
        held.stats.commits += 1;
        self.shared.commit(held, lsn.get(), deadline)
    }

    /// Whether record `lsn` is durable; asks for it to be written where it is not, and never waits for the disk.
    ///
    /// With [`Backend::Inline`] nobody writes in the background: the next [`commit`](Self::commit) or
    /// [`flush`](Self::flush) of whichever thread does it. With [`Backend::Threads`] and a ring it needs no other call
    /// than this one.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit).
    pub fn try_commit(&self, lsn: Lsn) -> Result<bool, LogError> {
        if self.shared.progress.durable() >= lsn.get() {
            return Ok(true);
        }
        let mut held = self.shared.hold();
        held.check_appended(lsn)?;
        if held.durable_lsn < lsn.get() {
            held.check()?;
            held.stats.commits += 1;
            self.shared.request(held, lsn.get());
        }
        Ok(self.shared.progress.durable() >= lsn.get())
    }

    /// Calls `f` once, when record `lsn` is durable or can no longer become so, and asks for it to be written as
    /// [`try_commit`](Self::try_commit) does.
    ///
    /// `f` gets the last durable record, or what a commit would have failed with; [`LogError::Closed`] where the log is
    /// dropped before. Closures are called in the order of their records, one at a time, without a lock, by the thread
    /// whose write made the record durable: of the log's own with [`Backend::Threads`], else one that commits, or by the
    /// calling thread where the record is durable already. So a closure should be short, and hand on what is not; one that
    /// commits to this log from a log's own thread may wait for itself. A panic of it is counted, and harms nobody.
    ///
    /// # Errors
    ///
    /// [`LogError::NotAppended`], and `f` is dropped.
    ///
    /// ```
    /// use bedplate::io::{AppendLog, Backend};
    /// use std::sync::mpsc;
    ///
    /// let dir = std::env::temp_dir().join(format!("bedplate-log-callback-{}", std::process::id()));
    /// let log = AppendLog::options().segment_size(1 << 20).backend(Backend::Threads(1)).open(&dir)?;
    /// let lsn = log.append(b"answered when it is safe")?;
    /// let (done, answers) = mpsc::channel();
    /// log.on_durable(lsn, move |result| done.send(result.is_ok()).unwrap())?;
    /// assert!(answers.recv()?);
    /// assert!(log.durable_lsn() >= lsn);
    /// # std::fs::remove_dir_all(dir)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_durable(&self, lsn: Lsn, f: impl FnOnce(Result<Lsn, LogError>) + Send + 'static) -> Result<(), LogError> {
        let mut held = self.shared.hold();
        held.check_appended(lsn)?;
        held.stats.commits += 1;
        held.callbacks.insert(lsn.get(), Box::new(f));
        if held.durable_lsn < lsn.get() && held.poison.is_none() {
            self.shared.request(held, lsn.get());
        } else {
            drop(held);
            self.shared.call_back();
        }
        Ok(())
    }

    /// Commits everything that was appended, and tells the last durable record.
    ///
    /// # Errors
    ///
    /// [`LogError::Poisoned`].
    pub fn flush(&self) -> Result<Lsn, LogError> {
        let mut held = self.shared.hold();
        held.stats.commits += 1;
        let last = held.next_lsn - 1;
        self.shared.commit(held, last, Deadline::NEVER)
    }

    /// Appends a record and returns when it is durable.
    ///
    /// # Errors
    ///
    /// Those of [`append`](Self::append) and [`commit`](Self::commit).
    pub fn append_durable(&self, data: &[u8]) -> Result<Lsn, LogError> {
        let mut held = self.shared.hold();
        let lsn = held.append(data)?;
        held.stats.commits += 1;
        self.shared.commit(held, lsn, Deadline::NEVER)?;
        Ok(Lsn::new(lsn))
    }

    /// The last record known to be durable. Never waits.
    #[must_use]
    pub fn durable_lsn(&self) -> Lsn {
        Lsn::new(self.shared.progress.durable())
    }

    /// The number that the next record would get.
    #[must_use]
    pub fn next_lsn(&self) -> Lsn {
        Lsn::new(self.shared.hold().next_lsn)
    }

    /// The first record that the log still has, or the next one where it has none.
    #[must_use]
    pub fn first_lsn(&self) -> Lsn {
        Lsn::new(self.shared.segments.first_lsn())
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
        LogReader::new(StdArc::clone(&self.shared.dir), lsn, Some(self.durable_lsn()))
    }

    /// Reads the log from record `lsn` on and waits for what becomes durable, until the log is closed or dropped.
    ///
    /// # Errors
    ///
    /// As [`LogReader::open`].
    pub fn follow(&self, lsn: Lsn) -> Result<LogFollower, LogError> {
        LogFollower::new(StdArc::clone(&self.shared.dir), lsn, Arc::clone(&self.shared.progress))
    }

    /// Removes records before `lsn`, as far as they fill segments and are durable, and tells the first that is left.
    /// Files are kept to be used again, up to [`spare_segments`](AppendLogOptions::spare_segments).
    ///
    /// # Errors
    ///
    /// [`LogError::Io`] where the directory cannot be changed; what was removed before is.
    pub fn trim(&self, lsn: Lsn) -> Result<Lsn, LogError> {
        Ok(Lsn::new(self.shared.segments.trim(lsn.min(self.durable_lsn()).get())?))
    }

    /// Makes the next segment ready now, so that no append has to. It is made ready in small steps by those who write
    /// otherwise, so this is for a quiet moment before a burst. Writes up to a segment of zeros.
    ///
    /// # Errors
    ///
    /// [`LogError::Io`], with which the log goes on as before.
    pub fn prepare(&self) -> Result<(), LogError> {
        Ok(self.shared.segments.make_ready()?)
    }

    /// Reads the whole log in `dir` and checks every checksum. Takes no lock and changes nothing.
    ///
    /// # Errors
    ///
    /// [`LogError::Corrupt`] with the first record that cannot be read.
    pub fn verify(dir: impl AsRef<Path>) -> Result<VerifyReport, LogError> {
        verify::verify(dir.as_ref())
    }

    /// Commits everything, and leaves a mark by which damage to this last commit can be told from an interrupted one.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush); [`LogError::Io`] where only the mark, which may need a new segment, failed.
    pub fn close(self) -> Result<(), LogError> {
        self.flush()?;
        self.mark()
    }

    fn mark(&self) -> Result<(), LogError> {
        let marked = self.shared.hold().mark()?;
        marked.map_or(Ok(()), |sequence| self.shared.await_landing(sequence))
    }

    /// What was found at the end of the log when it was opened.
    #[must_use]
    pub fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Whether the current segment is written directly.
    #[must_use]
    pub fn effective(&self) -> Effective {
        self.shared.hold().segment.file.effective()
    }

    /// Who writes.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match &self.shared.who {
            Who::Callers => Backend::Inline,
            Who::Threads => Backend::Threads(self.shared.hold().slots),
            #[cfg(feature = "io-uring")]
            Who::Ring(_) => Backend::Uring,
        }
    }

    /// What the log did since it was opened. Takes the log's lock.
    #[must_use]
    pub fn stats(&self) -> LogStats {
        let counts = self.shared.segments.counts();
        let stats = self.shared.hold().stats;
        LogStats { recycled: counts.recycled, trimmed: counts.trimmed, ..stats }
    }

    /// How times and sizes of the frames were spread since the log was opened.
    #[must_use]
    pub fn histograms(&self) -> LogHistograms {
        LogHistograms {
            write_time: self.shared.write_time.snapshot(),
            queue_time: self.shared.queue_time.snapshot(),
            records: self.shared.records.snapshot(),
        }
    }
}

impl Drop for AppendLog {
    fn drop(&mut self) {
        // Nobody else is in a call; what its own threads are at is waited for.
        drop(self.writers.take());
        #[cfg(feature = "io-uring")]
        self.shared.drain();
        self.shared.hold().ended = true;
        self.shared.progress.end(State::Closed);
        self.shared.call_back();
    }
}
