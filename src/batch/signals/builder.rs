use std::fmt;
use std::time::Duration;

use super::thread::OnThreadStart;
use super::{SignalBatch, SignalBatcher, SignalBatcherError, SignalSet, SignalThread, proc};
use crate::sys::signal as sys;

/// The options of a [`SignalBatcher`], from [`SignalBatcher::builder`]; [`build`](Self::build) or
/// [`spawn`](Self::spawn) ends them.
#[must_use = "call `build` or `spawn` to get the batcher"]
pub struct SignalBatcherBuilder {
    signals: SignalSet,
    max_items: Option<usize>,
    linger: Option<Duration>,
    assume_blocked: bool,
    on_thread_start: Option<OnThreadStart>,
    drop_timeout: Option<Duration>,
}

impl SignalBatcherBuilder {
    /// What KOS batches its signals by.
    const MAX_ITEMS: usize = 50;
    /// As that.
    const LINGER: Duration = Duration::from_millis(10);
    /// As a `Batcher` waits.
    const DROP_TIMEOUT: Duration = Duration::from_secs(5);

    pub(super) fn new(signals: SignalSet) -> Self {
        assert!(!signals.is_empty(), "a signal batcher needs a signal to take");
        Self {
            signals,
            max_items: None,
            linger: None,
            assume_blocked: false,
            on_thread_start: None,
            drop_timeout: None,
        }
    }

    /// How many signals make a batch full; not set, 50.
    ///
    /// # Panics
    ///
    /// Where it is zero.
    pub fn max_items(mut self, n: usize) -> Self {
        assert!(n > 0, "a batch holds at least one signal");
        self.max_items = Some(n);
        self
    }

    /// How long the first signal of a batch waits for others, at most; not set, 10 ms.
    ///
    /// With zero a batch is what is pending when it is asked for; with [`Duration::MAX`] it is always full.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = Some(linger);
        self
    }

    /// Goes without the check that every thread blocks the signals, for processes that cannot read `/proc`.
    ///
    /// Where a thread does not block one after all, the kernel may deliver it there, and the batcher never sees it.
    pub fn assume_blocked(mut self) -> Self {
        self.assume_blocked = true;
        self
    }

    /// What the thread of [`spawn`](Self::spawn) does before anything else, such as binding itself to a CPU.
    pub fn on_thread_start(mut self, f: impl FnOnce() + Send + 'static) -> Self {
        self.on_thread_start = Some(Box::new(f));
        self
    }

    /// How long a drop of the [`SignalThread`] waits for the handler; not set, five seconds.
    pub fn drop_timeout(mut self, timeout: Duration) -> Self {
        self.drop_timeout = Some(timeout);
        self
    }

    /// Makes a batcher that the caller asks for batches, without a thread.
    ///
    /// The check reads two small files of `/proc` a thread, some 20 us. Threads that are just being made block
    /// everything for a moment, and may unblock some of it then: they are waited for, up to a second.
    ///
    /// # Errors
    ///
    /// [`SignalBatcherError::Unblocked`] where a thread does not block all of the signals,
    /// [`SignalBatcherError::Unreadable`] where that cannot be told, and [`SignalBatcherError::System`] where the
    /// kernel gives no file.
    pub fn build(self) -> Result<SignalBatcher, SignalBatcherError> {
        if !self.assume_blocked {
            check(self.signals)?;
        }
        let fd = sys::open(self.signals.bits()).map_err(SignalBatcherError::System)?;
        let max_items = self.max_items.unwrap_or(Self::MAX_ITEMS);
        Ok(SignalBatcher::new(fd, self.signals, max_items, self.linger.unwrap_or(Self::LINGER)))
    }

    /// Starts a thread called `name` that calls `handler` with one batch at a time.
    ///
    /// The thread inherits the caller's mask. A panic in the handler is caught and counted, and the next batch is
    /// handed to it as before.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build), with [`SignalBatcherError::System`] also where the system starts no thread.
    ///
    /// # Panics
    ///
    /// Where `name` contains a NUL byte.
    pub fn spawn(
        mut self,
        name: &str,
        handler: impl FnMut(&SignalBatch) + Send + 'static,
    ) -> Result<SignalThread, SignalBatcherError> {
        let on_start = self.on_thread_start.take();
        let drop_timeout = self.drop_timeout.unwrap_or(Self::DROP_TIMEOUT);
        let batcher = self.build()?;
        SignalThread::start(name, batcher, Box::new(handler), on_start, drop_timeout)
            .map_err(SignalBatcherError::System)
    }
}

/// Refuses where a thread does not block all of `signals`.
pub(super) fn check(signals: SignalSet) -> Result<(), SignalBatcherError> {
    match proc::unblocked_threads(signals) {
        Ok(threads) if threads.is_empty() => Ok(()),
        Ok(threads) => Err(SignalBatcherError::Unblocked(threads)),
        Err(error) => Err(SignalBatcherError::Unreadable(error)),
    }
}

impl fmt::Debug for SignalBatcherBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignalBatcherBuilder")
            .field("signals", &self.signals)
            .field("max_items", &self.max_items)
            .field("linger", &self.linger)
            .field("assume_blocked", &self.assume_blocked)
            .finish_non_exhaustive()
    }
}
