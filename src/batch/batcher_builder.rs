use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::Batcher;
use super::shared::{OnFailed, Shared, Size};
use super::state::{Handler, Limits};
use crate::primitive::{Arc, thread};
use crate::time::Clock;

pub(super) type OnThreadStart = Box<dyn FnOnce() + Send>;

/// The options of a [`Batcher`], from [`Batcher::builder`]; [`spawn`](Self::spawn) or [`inline`](Self::inline) ends
/// them.
///
/// ```
/// use bedplate::batch::Batcher;
/// use std::io::Write;
/// use std::time::Duration;
///
/// let mut file = Vec::new();
/// let lines = Batcher::builder()
///     .max_items(1_000)
///     .max_bytes(64 * 1024, |line: &String| line.len())
///     .linger(Duration::from_millis(5))
///     .capacity(10_000)
///     .on_failed(|lines| eprintln!("{} lines were not written", lines.len()))
///     .spawn("lines", move |batch| {
///         // A batch that cannot be written stays in the vector, and so goes to `on_failed`.
///         if batch.iter().try_for_each(|line| file.write_all(line.as_bytes())).is_ok() {
///             batch.clear();
///         }
///     })?;
/// lines.push("one\n".into()).unwrap();
/// lines.push("two\n".into()).unwrap();
/// assert_eq!(lines.close().handled, 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "call `spawn` or `inline` to get the batcher"]
pub struct BatcherBuilder<T> {
    max_items: Option<usize>,
    max_bytes: Option<(usize, Size<T>)>,
    linger: Option<Duration>,
    capacity: Option<usize>,
    clock: Clock,
    on_failed: Option<OnFailed<T>>,
    on_thread_start: Option<OnThreadStart>,
    drop_timeout: Option<Duration>,
}

impl<T> BatcherBuilder<T> {
    /// How many full batches wait at most: room for a handler that is late now and then, at the price of as many
    /// vectors.
    const BATCHES: usize = 8;
    /// As much as eight batches of 1024.
    const CAPACITY: usize = 8_192;
    /// What a process that is going down can wait for one commit.
    const DROP_TIMEOUT: Duration = Duration::from_secs(5);

    pub(super) fn new() -> Self {
        Self {
            max_items: None,
            max_bytes: None,
            linger: None,
            capacity: None,
            clock: Clock::default(),
            on_failed: None,
            on_thread_start: None,
            drop_timeout: None,
        }
    }

    /// How many items make a batch full; not set, the capacity.
    pub fn max_items(mut self, n: usize) -> Self {
        self.max_items = Some(n);
        self
    }

    /// How many bytes make a batch full, as `size` measures each item; not set, bytes do not matter.
    ///
    /// An item with which the batch would go past `n` begins the next one, so no batch is larger, save that an item
    /// larger than `n` by itself goes alone. `size` is called once for each push, in the caller and outside the lock.
    pub fn max_bytes(mut self, n: usize, size: impl Fn(&T) -> usize + Send + Sync + 'static) -> Self {
        self.max_bytes = Some((n, Box::new(size)));
        self
    }

    /// How long the first item of a batch waits for others, at most; not set, zero.
    ///
    /// With zero, a batch is handed over as soon as the handler is free: a batch is then what gathered while the handler
    /// was busy with the one before, which is one item when little comes and many when much does.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = Some(linger);
        self
    }

    /// How many items may wait for the handler, beside those it works on; not set, eight times `max_items`, or 8192
    /// without that.
    pub fn capacity(mut self, items: usize) -> Self {
        self.capacity = Some(items);
        self
    }

    /// The clock of the linger and of all timeouts; not set, [`Clock::Monotonic`]. It is read once for each batch, and
    /// not at all with a linger of zero.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Who gets the items that were not handled: what the handler left in its vector, whether it returned or panicked,
    /// and what still waits when the batcher is dropped and the time for that is up. Not set, they are dropped, and
    /// counted as failed like all of these.
    ///
    /// It is called on the thread that ran the handler, or that drops the batcher. A panic in it is counted and goes no
    /// further.
    pub fn on_failed(mut self, f: impl Fn(Vec<T>) + Send + Sync + 'static) -> Self {
        self.on_failed = Some(Box::new(f));
        self
    }

    /// What the batch thread does before anything else, such as binding itself to a CPU. An [`inline`](Self::inline)
    /// batcher has no thread and drops it.
    pub fn on_thread_start(mut self, f: impl FnOnce() + Send + 'static) -> Self {
        self.on_thread_start = Some(Box::new(f));
        self
    }

    /// How long a drop of the batcher waits for what is still inside, on the batcher's clock; not set, five seconds.
    pub fn drop_timeout(mut self, timeout: Duration) -> Self {
        self.drop_timeout = Some(timeout);
        self
    }

    /// Starts a thread called `name` that calls `handler` with one batch at a time.
    ///
    /// The handler takes the items out of the vector (`drain(..)`) and leaves the vector itself, whose memory serves
    /// another batch. **What it leaves in there has failed** and goes to [`on_failed`](Self::on_failed): so a handler
    /// that cannot do its work simply returns, and one that panics loses nothing.
    ///
    /// # Errors
    ///
    /// What the system says where it starts no thread.
    ///
    /// # Panics
    ///
    /// Where `max_items`, `max_bytes` or `capacity` is zero, where `capacity` is less than `max_items`, and where `name`
    /// contains a NUL byte.
    pub fn spawn(self, name: &str, handler: impl FnMut(&mut Vec<T>) + Send + 'static) -> io::Result<Batcher<T>>
    where
        T: Send + 'static,
    {
        let (shared, on_start, drop_timeout) = self.finish();
        shared.expect_thread();
        let handler: Handler<T> = Box::new(handler);
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name(name.into()).spawn(move || theirs.serve(handler, on_start))?;
        Ok(Batcher::new(shared, Some(thread), drop_timeout))
    }

    /// Makes a batcher without a thread: the caller whose push, flush or poll makes a batch due calls `handler` for it,
    /// and for every other batch that becomes due meanwhile, while the others go on pushing.
    ///
    /// The contract of `handler` is that of [`spawn`](Self::spawn). Nobody watches the time: that a linger is over is
    /// seen by the next push, which reads the clock for it, or by [`poll`](Batcher::poll).
    ///
    /// # Panics
    ///
    /// Where `max_items`, `max_bytes` or `capacity` is zero, and where `capacity` is less than `max_items`.
    pub fn inline(self, handler: impl FnMut(&mut Vec<T>) + Send + 'static) -> Batcher<T> {
        let (shared, _, drop_timeout) = self.finish();
        shared.adopt(Box::new(handler));
        Batcher::new(shared, None, drop_timeout)
    }

    fn finish(self) -> (Arc<Shared<T>>, Option<OnThreadStart>, Duration) {
        let nonzero = |what: &str, n: Option<usize>| {
            n.map(|n| NonZeroUsize::new(n).unwrap_or_else(|| panic!("the {what} of a batcher is zero")).get())
        };
        let max_items = nonzero("max_items", self.max_items);
        let capacity = nonzero("capacity", self.capacity)
            .unwrap_or_else(|| max_items.map_or(Self::CAPACITY, |n| n.saturating_mul(Self::BATCHES)));
        let max_items = max_items.unwrap_or(capacity);
        assert!(
            max_items <= capacity,
            "a batcher of capacity {capacity} never holds the {max_items} items that make a batch full",
        );
        let (max_bytes, size) = self.max_bytes.map_or((None, None), |(n, size)| (Some(n), Some(size)));
        let max_bytes = nonzero("max_bytes", max_bytes).unwrap_or(usize::MAX);
        let limits = Limits { max_items, max_bytes, linger: self.linger.unwrap_or_default(), capacity };
        let shared = Arc::new(Shared::new(limits, self.clock, size, self.on_failed));
        (shared, self.on_thread_start, self.drop_timeout.unwrap_or(Self::DROP_TIMEOUT))
    }
}

impl<T> fmt::Debug for BatcherBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatcherBuilder")
            .field("max_items", &self.max_items)
            .field("max_bytes", &self.max_bytes.as_ref().map(|(n, _)| n))
            .field("linger", &self.linger)
            .field("capacity", &self.capacity)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
