use std::sync::Arc as StdArc;
use std::time::Duration;

use super::progress::{Progress, State};
use super::storage::Directory;
use super::{LogError, LogReader, Lsn, Record};
use crate::primitive::Arc;
use crate::time::{Clock, Deadline};

/// Reads the records of a log that is being written, as they become durable: made by
/// [`AppendLog::follow`](super::AppendLog::follow).
///
/// It sleeps while there is nothing to read, and is woken by the thread that brings the next record to the disk; it never
/// polls. It reads from the disk, with a buffer of its own, and does not hold the log up or open. A follower that comes too
/// late for what was [trimmed](super::AppendLog::trim) gets [`LogError::Trimmed`].
///
/// ```
/// use bedplate::io::{AppendLog, Lsn};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-log-follower-{}", std::process::id()));
/// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
/// let mut follower = log.follow(Lsn::new(1))?;
/// let follows = std::thread::spawn(move || {
///     let mut data = Vec::new();
///     while let Some(record) = follower.next()? {
///         data.push(record.data.to_vec());
///     }
///     Ok::<_, bedplate::io::LogError>(data)
/// });
/// log.append_durable(b"one")?;
/// log.append_durable(b"two")?;
/// log.close()?;
/// assert_eq!(follows.join().unwrap()?, [b"one", b"two"]);
/// std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a follower reads nothing before it is asked for a record"]
pub struct LogFollower {
    reader: LogReader,
    progress: Arc<Progress>,
}

/// What a look found.
enum Found {
    Record,
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come.
    End,
}

impl LogFollower {
    pub(super) fn new(dir: StdArc<dyn Directory>, from: Lsn, progress: Arc<Progress>) -> Result<Self, LogError> {
        let durable = Lsn::new(progress.durable());
        Ok(Self { reader: LogReader::new(dir, from, Some(durable))?, progress })
    }

    /// The next record if it is durable by now. Reads the disk, but waits for no writer.
    ///
    /// `None` is final if [`is_ended`](Self::is_ended) was true before.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    pub fn try_next(&mut self) -> Result<Option<Record<'_>>, LogError> {
        match look(&mut self.reader, &self.progress)? {
            Found::Record => self.reader.record(),
            Found::Nothing | Found::End => Ok(None),
        }
    }

    /// The next record, as soon as it is durable. `None` when the log was closed or dropped and every record that became
    /// durable was given out.
    ///
    /// # Errors
    ///
    /// [`LogError::Poisoned`] when a write failed and every record that became durable before was given out; otherwise as
    /// [`LogReader::next_record`].
    #[allow(clippy::should_implement_trait)] // The record is lent, which no iterator can.
    pub fn next(&mut self) -> Result<Option<Record<'_>>, LogError> {
        self.next_deadline(Deadline::NEVER)
    }

    /// As [`next`](Self::next), but waits no longer than `timeout`: [`LogError::TimedOut`] then, after which it may be
    /// called again.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next), and [`LogError::TimedOut`].
    pub fn next_timeout(&mut self, timeout: Duration) -> Result<Option<Record<'_>>, LogError> {
        self.next_deadline(Deadline::after(&Clock::Monotonic, timeout))
    }

    /// As [`next_timeout`](Self::next_timeout), to a moment of the monotonic clock.
    ///
    /// # Errors
    ///
    /// As [`next_timeout`](Self::next_timeout).
    pub fn next_deadline(&mut self, deadline: Deadline) -> Result<Option<Record<'_>>, LogError> {
        let Self { reader, progress } = self;
        let mut found = look(reader, progress)?;
        let mut in_time = true;
        while matches!(found, Found::Nothing) {
            if !in_time {
                return Err(LogError::TimedOut);
            }
            let listener = progress.listen();
            // What came before the listener was there.
            found = look(reader, progress)?;
            if matches!(found, Found::Nothing) {
                in_time = listener.wait_until(&Clock::Monotonic, deadline);
                found = look(reader, progress)?;
            }
        }
        match found {
            Found::Record => self.reader.record(),
            Found::Nothing | Found::End => Ok(None),
        }
    }

    /// Whether the log was closed or dropped, or failed. What became durable before can still be read.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        !matches!(self.progress.state(), State::Open)
    }
}

fn look(reader: &mut LogReader, progress: &Progress) -> Result<Found, LogError> {
    if reader.advance()? {
        return Ok(Found::Record);
    }
    // The state first: after its end nothing becomes durable any more.
    let state = progress.state();
    let durable = progress.durable();
    if durable > reader.last() {
        reader.extend(durable);
        if reader.advance()? {
            return Ok(Found::Record);
        }
    }
    match state {
        State::Open => Ok(Found::Nothing),
        State::Closed => Ok(Found::End),
        State::Failed(e) => Err(LogError::Poisoned(e)),
    }
}
