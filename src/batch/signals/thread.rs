use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use super::end::End;
use super::{SignalBatch, SignalBatcher, SignalBatcherError, SignalSet, SignalStats, builder};
use crate::batch::contain::contain;
use crate::primitive::thread::{self, JoinHandle};
use crate::primitive::{Arc, Mutex};
use crate::sync::EventCount;
use crate::sys::signal as sys;
use crate::time::{Clock, Deadline};

pub(super) type OnThreadStart = Box<dyn FnOnce() + Send>;
type Handler = Box<dyn FnMut(&SignalBatch) + Send>;

/// A thread that hands batches of signals to a closure, from [`spawn`](super::SignalBatcherBuilder::spawn).
///
/// Dropping it closes it and waits for the handler, five seconds unless
/// [`drop_timeout`](super::SignalBatcherBuilder::drop_timeout) says otherwise; the handler that still runs then
/// finishes its batch, and the thread ends after that. In the handler itself a drop does not wait.
///
/// ```
/// use bedplate::batch::SignalBatcher;
/// use bedplate::batch::signals::{SignalSet, Signo};
/// use std::sync::mpsc;
///
/// let set = SignalSet::from([Signo::TERM, Signo::INT]);
/// let blocked = set.block()?; // before any thread is made
/// let (stop, stopped) = mpsc::channel();
/// let signals = SignalBatcher::builder(set).spawn("signals", move |batch| stop.send(batch[0].signo()).unwrap())?;
///
/// Signo::TERM.send(std::process::id())?;
/// assert_eq!(stopped.recv()?, Signo::TERM);
/// signals.close()?;
/// assert_eq!(signals.stats().received, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping it ends the thread; bind it to a name"]
pub struct SignalThread {
    shared: Arc<Shared>,
    signals: SignalSet,
    /// Until it was joined.
    thread: Mutex<Option<JoinHandle<()>>>,
    drop_timeout: Duration,
}

struct Shared {
    /// Rung where the thread is to end.
    bell: OwnedFd,
    state: Mutex<State>,
    /// Told when the thread has nothing left to do.
    ended: EventCount,
}

struct State {
    stats: SignalStats,
    /// Whether the bell was rung: a thread that never waits, because signals come and come, would not hear it.
    closing: bool,
    ended: bool,
    /// The number of the error that ended the thread.
    error: Option<i32>,
}

impl SignalThread {
    pub(super) fn start(
        name: &str,
        batcher: SignalBatcher,
        handler: Handler,
        on_start: Option<OnThreadStart>,
        drop_timeout: Duration,
    ) -> io::Result<Self> {
        let state = State { stats: SignalStats::default(), closing: false, ended: false, error: None };
        let shared = Arc::new(Shared { bell: sys::bell()?, state: Mutex::new(state), ended: EventCount::new() });
        let signals = batcher.signals();
        let theirs = Arc::clone(&shared);
        let thread =
            thread::Builder::new().name(name.into()).spawn(move || theirs.serve(batcher, handler, on_start))?;
        Ok(Self { shared, signals, thread: Mutex::new(Some(thread)), drop_timeout })
    }

    /// Has the thread take what is pending, hand it to the handler and end, and waits for that.
    ///
    /// Bounded as [`SignalBatcher::close`] is. Called from within the handler it does not wait. A second close waits
    /// like the first one.
    ///
    /// # Errors
    ///
    /// Where the kernel refused the thread to read or to wait, as a system call filter may; the thread ended with that.
    pub fn close(&self) -> io::Result<()> {
        self.close_until(Deadline::NEVER)
    }

    /// [`close`](Self::close) that waits up to `timeout`.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) where the handler still runs then; the thread ends after it all the same.
    /// Otherwise as `close`.
    pub fn close_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.close_until(Deadline::after(&Clock::Monotonic, timeout))
    }

    /// [`close`](Self::close) that does not wait.
    ///
    /// # Errors
    ///
    /// As [`close_timeout`](Self::close_timeout).
    pub fn try_close(&self) -> io::Result<()> {
        self.close_until(Deadline::PAST)
    }

    fn close_until(&self, deadline: Deadline) -> io::Result<()> {
        self.shared.state.lock().closing = true;
        sys::ring(&self.shared.bell);
        let own = |t: &JoinHandle<()>| t.thread().id() == thread::current().id();
        if self.thread.lock().as_ref().is_some_and(own) {
            return Ok(());
        }
        if !self.shared.wait_for_end(deadline) {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let ended = self.thread.lock().take();
        if let Some(ended) = ended {
            // It cannot have panicked: all code of the user is contained.
            let _ = ended.join();
        }
        self.shared.state.lock().error.map_or(Ok(()), |error| Err(io::Error::from_raw_os_error(error)))
    }

    /// Looks again whether every thread blocks the signals: [`SignalBatcher::recheck`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn recheck(&self) -> Result<(), SignalBatcherError> {
        builder::check(self.signals)
    }

    /// What was taken, with the batch in hand, and why batches were handed out.
    #[must_use]
    pub fn stats(&self) -> SignalStats {
        self.shared.state.lock().stats
    }
}

impl Shared {
    /// The thread.
    fn serve(&self, mut batcher: SignalBatcher, mut handler: Handler, on_start: Option<OnThreadStart>) {
        if let Some(on_start) = on_start
            && !contain(on_start)
        {
            batcher.count_panic();
        }
        let result = self.hand_over(&mut batcher, &mut handler);
        // Both before anybody hears of the end.
        if !contain(|| drop(handler)) {
            batcher.count_panic();
        }
        let stats = batcher.stats();
        drop(batcher);
        let mut state = self.state.lock();
        state.stats = stats;
        state.error = result.err().map(|error| error.raw_os_error().unwrap_or_default());
        state.ended = true;
        drop(state);
        self.ended.notify_all();
    }

    fn hand_over(&self, batcher: &mut SignalBatcher, handler: &mut Handler) -> io::Result<()> {
        let mut each = |batcher: &mut SignalBatcher| {
            self.state.lock().stats = batcher.stats();
            if !contain(|| handler(batcher.batch())) {
                batcher.count_panic();
                self.state.lock().stats = batcher.stats();
            }
        };
        loop {
            let end = batcher.gather(Deadline::NEVER, Some(self.bell.as_fd()))?;
            if !batcher.batch().is_empty() {
                each(batcher);
            }
            if end == End::Close || self.state.lock().closing {
                return batcher.drain(each);
            }
        }
    }

    /// Whether the thread has nothing left to do, by the deadline.
    fn wait_for_end(&self, deadline: Deadline) -> bool {
        let ended = || self.state.lock().ended;
        loop {
            if ended() {
                return true;
            }
            let listener = self.ended.listen();
            if ended() {
                return true;
            }
            if !listener.wait_until(&Clock::Monotonic, deadline) {
                return ended();
            }
        }
    }
}

impl Drop for SignalThread {
    fn drop(&mut self) {
        // The handler may never come back; it is not waited for any longer, and the thread ends after it.
        let _ = self.close_until(Deadline::after(&Clock::Monotonic, self.drop_timeout));
    }
}

impl fmt::Debug for SignalThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalThread")
            .field("signals", &self.signals)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
