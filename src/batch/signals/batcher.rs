use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::end::End;
use super::{
    PossibleLoss, Signal, SignalBatch, SignalBatcherBuilder, SignalBatcherError, SignalSet, SignalStats, builder, proc,
};
use crate::sys::signal::{self as sys, Info, Wait};
use crate::time::{Clock, Deadline, Instant};

/// Takes POSIX signals from the kernel many at a time, as ordinary values in an ordinary thread.
///
/// The signals have to be blocked in every thread ([`SignalSet::block`] in `main`). A batch is handed out when it holds
/// [`max_items`](SignalBatcherBuilder::max_items) signals, 50, or when its first one has waited for the
/// [`linger`](SignalBatcherBuilder::linger), 10 ms; time is the monotonic clock's. While nothing comes the caller
/// sleeps in `ppoll(2)`, without a tick. The [page of the module](super) says what may be lost, in which order signals
/// come, and what becomes of those that are pending when the batcher goes.
///
/// For a loop over many files, the batcher is [`AsFd`]: readable while a signal is pending, then
/// [`try_next_batch`](Self::try_next_batch). It is closed on `exec`; the child of a `fork` must not read from it, as it
/// would take its own signals with it.
///
/// A batch that was handed out is the batcher's until the next call, so that nothing is allocated once it has grown.
///
/// ```
/// use bedplate::batch::SignalBatcher;
/// use bedplate::batch::signals::{SignalSet, Signo};
///
/// let set = SignalSet::from([Signo::TERM, Signo::USR1]);
/// let blocked = set.block()?; // before any thread is made
/// let mut signals = SignalBatcher::builder(set).build()?;
///
/// Signo::USR1.send(std::process::id())?;
/// Signo::USR1.send(std::process::id())?;
/// let batch = signals.next_batch()?;
/// assert_eq!(batch.len(), 1, "standard signals merge");
/// assert_eq!(batch[0].signo(), Signo::USR1);
/// assert_eq!(batch[0].pid(), Some(std::process::id()));
/// assert!(batch.possible_loss().merged.contains(Signo::USR1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SignalBatcher {
    fd: OwnedFd,
    signals: SignalSet,
    max_items: usize,
    linger: Duration,
    batch: SignalBatch,
    /// Where the kernel writes to.
    chunk: Box<[Info]>,
    /// When the queue of pending signals may be looked at again.
    next_look: Instant,
    stats: SignalStats,
}

/// How many signals one read takes: 8 KiB, beyond which the system call is a small part of what its signals cost.
const CHUNK: usize = 64;

/// How long to leave the queue alone after a look, which costs more than the signals of a batch do.
const LOOK: Duration = Duration::from_millis(10);

/// Beside those in the queue one of each number may be pending.
const NUMBERS: u64 = 128;

/// The clock of all waits: the signals come in real time, so no other would do.
const CLOCK: Clock = Clock::Monotonic;

impl SignalBatcher {
    /// The options to choose from, of a batcher that takes `signals`.
    ///
    /// # Panics
    ///
    /// Where `signals` is empty.
    pub fn builder(signals: SignalSet) -> SignalBatcherBuilder {
        SignalBatcherBuilder::new(signals)
    }

    pub(super) fn new(fd: OwnedFd, signals: SignalSet, max_items: usize, linger: Duration) -> Self {
        let chunk = vec![Info::default(); max_items.min(CHUNK)].into_boxed_slice();
        let batch = SignalBatch::default();
        let next_look = Instant::from_nanos(0);
        Self { fd, signals, max_items, linger, batch, chunk, next_look, stats: SignalStats::default() }
    }

    /// The next batch, of at least one signal; waits for it.
    ///
    /// # Errors
    ///
    /// Where the kernel refuses to read or to wait, as a system call filter may. No signal is lost by that.
    pub fn next_batch(&mut self) -> io::Result<&SignalBatch> {
        // Without a deadline it ends with a signal.
        self.gather(Deadline::NEVER, None)?;
        Ok(&self.batch)
    }

    /// The next batch, if there is a signal within `timeout`. It is handed out by then as it is, whatever the linger.
    ///
    /// # Errors
    ///
    /// As [`next_batch`](Self::next_batch).
    pub fn next_batch_timeout(&mut self, timeout: Duration) -> io::Result<Option<&SignalBatch>> {
        self.gather(Deadline::after(&CLOCK, timeout), None)?;
        Ok((!self.batch.is_empty()).then_some(&self.batch))
    }

    /// What is pending now, up to a full batch, if anything is.
    ///
    /// # Errors
    ///
    /// As [`next_batch`](Self::next_batch).
    pub fn try_next_batch(&mut self) -> io::Result<Option<&SignalBatch>> {
        self.gather(Deadline::PAST, None)?;
        Ok((!self.batch.is_empty()).then_some(&self.batch))
    }

    /// Takes all that is pending and ends the batcher. To be called before the mask is restored, so that nothing that
    /// was sent until now meets the default action.
    ///
    /// Bounded where somebody goes on sending: by what can be pending at one moment (`RLIMIT_SIGPENDING`).
    ///
    /// # Errors
    ///
    /// As [`next_batch`](Self::next_batch).
    pub fn close(mut self) -> io::Result<SignalBatch> {
        self.batch.clear();
        let mut left = self.most_pending();
        while left > 0 {
            match self.read(self.chunk.len()) {
                Ok(0) => break,
                Ok(n) => left = left.saturating_sub(n as u64),
                Err(error) if self.batch.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        self.batch.set_loss(PossibleLoss::of(&self.batch));
        Ok(self.batch)
    }

    /// Looks again whether every thread blocks the signals, for threads that were made since.
    ///
    /// # Errors
    ///
    /// [`SignalBatcherError::Unblocked`] where one does not, [`SignalBatcherError::Unreadable`] where that cannot be
    /// told.
    pub fn recheck(&self) -> Result<(), SignalBatcherError> {
        builder::check(self.signals)
    }

    /// What was taken, and why batches were handed out.
    #[must_use]
    pub fn stats(&self) -> SignalStats {
        self.stats
    }

    pub(super) fn signals(&self) -> SignalSet {
        self.signals
    }

    pub(super) fn batch(&self) -> &SignalBatch {
        &self.batch
    }

    pub(super) fn count_panic(&mut self) {
        self.stats.panics += 1;
    }

    /// Takes what is pending, as [`close`](Self::close) does, in batches that `each` is called for.
    pub(super) fn drain(&mut self, mut each: impl FnMut(&mut Self)) -> io::Result<()> {
        let mut left = self.most_pending();
        while left > 0 {
            self.gather_as(End::Close, Deadline::PAST, None)?;
            if self.batch.is_empty() {
                break;
            }
            left = left.saturating_sub(self.batch.len() as u64);
            each(self);
        }
        Ok(())
    }

    /// The most that can be pending at one moment.
    fn most_pending(&self) -> u64 {
        sys::pending_limit().saturating_add(NUMBERS)
    }

    /// Fills the batch, until it has to be handed out, or until `until`, or until the bell is rung. Empty in the latter
    /// two cases where nothing came.
    pub(super) fn gather(&mut self, until: Deadline, bell: Option<BorrowedFd<'_>>) -> io::Result<End> {
        self.gather_as(End::Caller, until, bell)
    }

    /// `late` is what it is called when `until` comes first.
    fn gather_as(&mut self, late: End, until: Deadline, bell: Option<BorrowedFd<'_>>) -> io::Result<End> {
        self.batch.clear();
        let end = match self.fill(until, bell) {
            Ok(End::Caller) => late,
            Ok(end) => end,
            Err(error) if self.batch.is_empty() => return Err(error),
            // What was read has left the kernel, so it is handed out. The next call meets the error again.
            Err(_) => late,
        };
        if !self.batch.is_empty() {
            self.count(end);
        }
        Ok(end)
    }

    fn fill(&mut self, until: Deadline, bell: Option<BorrowedFd<'_>>) -> io::Result<End> {
        let mut linger_end = None;
        loop {
            let room = (self.max_items - self.batch.len()).min(self.chunk.len());
            let n = self.read(room)?;
            if self.batch.len() == self.max_items {
                return Ok(End::Items);
            }
            if n == room {
                continue;
            }
            // Nothing is pending right now.
            if !self.batch.is_empty() && linger_end.is_none() {
                linger_end = Some(Deadline::after(&CLOCK, self.linger));
            }
            let (deadline, end) = match linger_end {
                Some(linger) if linger < until => (linger, End::Linger),
                _ => (until, End::Caller),
            };
            if deadline.is_past(&CLOCK) {
                return Ok(end);
            }
            if sys::wait(self.fd.as_fd(), bell, deadline.remaining(&CLOCK))? == Wait::Bell {
                return Ok(End::Close);
            }
        }
    }

    /// Takes up to `room` signals into the batch, which `chunk` has room for; fewer where fewer are pending.
    fn read(&mut self, room: usize) -> io::Result<usize> {
        self.stats.reads += 1;
        let n = sys::read(self.fd.as_fd(), &mut self.chunk[..room])?;
        self.batch.extend(self.chunk[..n].iter().copied().map(Signal::new));
        Ok(n)
    }

    /// Counts the batch, and what may be missing in it.
    fn count(&mut self, end: End) {
        let mut loss = PossibleLoss::of(&self.batch);
        let real_time = self.batch.iter().filter(|signal| signal.signo().is_real_time()).count() as u64;
        if end == End::Items && real_time > 0 {
            loss.queue_full = self.queue_was_full();
        }
        self.batch.set_loss(loss);

        let stats = &mut self.stats;
        stats.received += self.batch.len() as u64;
        stats.real_time += real_time;
        stats.standard += self.batch.len() as u64 - real_time;
        stats.stripped += loss.stripped as u64;
        stats.queue_full += u64::from(loss.queue_full);
        stats.batches += 1;
        match end {
            End::Items => stats.by_items += 1,
            End::Linger => stats.by_linger += 1,
            End::Caller => stats.by_caller += 1,
            End::Close => stats.by_close += 1,
        }
    }

    /// Whether the queue was full before this batch was taken out of it, as far as one can tell afterwards.
    fn queue_was_full(&mut self) -> bool {
        let now = CLOCK.now();
        if now < self.next_look {
            return false;
        }
        self.next_look = now + LOOK;
        proc::pending_queue().is_ok_and(|(used, limit)| used.saturating_add(self.batch.len() as u64) >= limit)
    }
}

impl AsFd for SignalBatcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl fmt::Debug for SignalBatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalBatcher")
            .field("signals", &self.signals)
            .field("stats", &self.stats)
            .finish_non_exhaustive()
    }
}
