use std::fmt;
use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::back::Handler;
use super::limits::Limits;
use super::linger::Linger;
use super::retry::Retry;
use super::shared::{OnFailed, Setup, Shared, Size};
use super::{Batcher, Overflow};
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
    adaptive: bool,
    capacity: Option<usize>,
    overflow: Option<Overflow>,
    stage: Option<usize>,
    retry: Retry,
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
    /// A hand-over waits for lines that the batch thread has: 64 at a time came to 9.6 ns an item, 256 to 5.1 (`u64`,
    /// one pinned producer, 2026-11-22).
    const STAGE: usize = 256;

    pub(super) fn new() -> Self {
        Self {
            max_items: None,
            max_bytes: None,
            linger: None,
            adaptive: false,
            capacity: None,
            overflow: None,
            stage: None,
            retry: Retry::default(),
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
    /// A batch thread asks to be woken for the end of it as much earlier as the kernel has been late before, up to 200
    /// µs and an eighth of the linger, and stays awake until then.
    ///
    /// With zero, a batch is handed over as soon as the handler is free: a batch is then what gathered while the
    /// handler was busy with the one before, which is one item when little comes and many when much does.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.linger = Some(linger);
        self
    }

    /// As [`linger`](Self::linger), of which a batch uses what is worth while: it waits in steps, and a step in which
    /// no item came is the last.
    ///
    /// Steps begin at an eighth of `most`. They double, up to a quarter of it, where they bring items, and halve where
    /// they bring none, until nothing is waited for at all; then every 16th batch in which several items met without a
    /// wait is followed by one with a step of a 64th. So a caller who pushes and then waits for the handler is soon not
    /// kept waiting for others who do not come, and a stream of items comes in full batches. What is in the stage of a
    /// [`Producer`](super::Producer) is taken out after `most`, or at once where nothing is waited for.
    ///
    /// ```
    /// use bedplate::batch::Batcher;
    /// use bedplate::time::Manual;
    /// use std::time::Duration;
    ///
    /// let time = Manual::new();
    /// let batcher = Batcher::builder()
    ///     .max_items(100)
    ///     .adaptive_linger(Duration::from_millis(8))
    ///     .clock(time.clone())
    ///     .inline(|batch: &mut Vec<u64>| batch.clear());
    /// batcher.push(1).unwrap();
    /// time.advance(Duration::from_millis(1)); // An eighth, in which nothing came.
    /// batcher.poll();
    /// assert_eq!(batcher.stats().handled, 1);
    /// ```
    pub fn adaptive_linger(mut self, most: Duration) -> Self {
        self.linger = Some(most);
        self.adaptive = true;
        self
    }

    /// What a push does where the batcher is full; not set, [`Overflow::Block`] without an end.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = Some(overflow);
        self
    }

    /// How many items a [`Producer`](super::Producer) gathers before it hands them over; not set, 256, or `max_items`
    /// where that is less.
    pub fn stage(mut self, items: usize) -> Self {
        self.stage = Some(items);
        self
    }

    /// Hands what the handler leaves in its vector to it again, up to `times`, before it fails: after `backoff` first,
    /// then twice as long each time. Not set, what is left fails at once.
    ///
    /// The batch stays in its place, so the order of items is kept, and those behind it wait. A handler that panics is
    /// not tried again. A close or a drop whose time is up ends the tries. On an [`inline`](Self::inline) batcher it is
    /// the caller who waits.
    ///
    /// ```
    /// use bedplate::batch::Batcher;
    /// use std::time::Duration;
    ///
    /// let mut calls = 0;
    /// let batcher = Batcher::builder().retry(3, Duration::from_micros(10)).inline(move |batch: &mut Vec<u64>| {
    ///     calls += 1;
    ///     if calls > 2 {
    ///         batch.clear();
    ///     }
    /// });
    /// batcher.push(1).unwrap();
    /// let stats = batcher.stats();
    /// assert_eq!((stats.handled, stats.failed, stats.retries), (1, 0, 2));
    /// ```
    pub fn retry(mut self, times: u32, backoff: Duration) -> Self {
        self.retry = Retry { times, backoff };
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
    /// Where `max_items`, `max_bytes`, `capacity` or `stage` is zero, where `capacity` is less than `max_items`, and
    /// where `name` contains a NUL byte.
    pub fn spawn(self, name: &str, handler: impl FnMut(&mut Vec<T>) + Send + 'static) -> io::Result<Batcher<T>>
    where
        T: Send + 'static,
    {
        let name = name.into();
        let (setup, rest) = self.finish(None);
        let shared = Arc::new(Shared::new(setup));
        let handler: Handler<T> = Box::new(handler);
        let theirs = Arc::clone(&shared);
        let on_start = rest.on_thread_start;
        let thread = thread::Builder::new().name(name).spawn(move || {
            exact_timers();
            theirs.serve(handler, on_start);
        })?;
        Ok(Batcher::new(shared, Some(thread), rest.drop_timeout, rest.stage))
    }

    /// Makes a batcher without a thread: the caller whose push, flush or poll makes a batch due calls `handler` for it,
    /// and for every other batch that becomes due meanwhile, while the others go on pushing.
    ///
    /// The contract of `handler` is that of [`spawn`](Self::spawn). Nobody watches the time: that a linger is over is
    /// seen by the next push, which reads the clock for it, or by [`poll`](Batcher::poll).
    ///
    /// # Panics
    ///
    /// Where `max_items`, `max_bytes`, `capacity` or `stage` is zero, and where `capacity` is less than `max_items`.
    pub fn inline(self, handler: impl FnMut(&mut Vec<T>) + Send + 'static) -> Batcher<T> {
        let (setup, rest) = self.finish(Some(Box::new(handler)));
        Batcher::new(Arc::new(Shared::new(setup)), None, rest.drop_timeout, rest.stage)
    }

    fn finish(self, handler: Option<Handler<T>>) -> (Setup<T>, Rest) {
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
        let stage = nonzero("stage", self.stage).unwrap_or(Self::STAGE.min(max_items));
        let linger = self.linger.unwrap_or_default();
        let setup = Setup {
            limits: Limits { max_items, max_bytes, capacity },
            linger: if self.adaptive { Linger::adaptive(linger) } else { Linger::fixed(linger) },
            overflow: self.overflow.unwrap_or(Overflow::Block(Duration::MAX)),
            retry: self.retry,
            clock: self.clock,
            size,
            on_failed: self.on_failed,
            handler,
        };
        let drop_timeout = self.drop_timeout.unwrap_or(Self::DROP_TIMEOUT);
        (setup, Rest { on_thread_start: self.on_thread_start, drop_timeout, stage })
    }
}

/// What the shared part of a batcher need not know.
struct Rest {
    on_thread_start: Option<OnThreadStart>,
    drop_timeout: Duration,
    stage: usize,
}

/// Has the kernel wake the calling thread at the end of its timeouts, rather than up to 50 us later.
fn exact_timers() {
    #[cfg(all(target_os = "linux", not(any(bedplate_loom, bedplate_shuttle))))]
    crate::sys::timer::exact();
}

impl<T> fmt::Debug for BatcherBuilder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatcherBuilder")
            .field("max_items", &self.max_items)
            .field("max_bytes", &self.max_bytes.as_ref().map(|(n, _)| n))
            .field("linger", &self.linger)
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .field("retry", &self.retry)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
