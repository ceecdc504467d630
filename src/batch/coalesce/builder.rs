use std::fmt;
use std::io;
use std::time::Duration;

use super::Coalescer;
use super::arrival::Merge;
use super::pairs::{OnFailed, Pairs};
use super::slot::Slot;
use crate::batch::linger::Linger;
use crate::batch::{BatcherBuilder, Overflow};
use crate::primitive::Arc;
use crate::time::Clock;

/// The options of a [`Coalescer`], from [`Coalescer::builder`]; [`spawn`](Self::spawn) or [`inline`](Self::inline) ends
/// them.
///
/// They are those of a [`BatcherBuilder`], with keys for items.
///
/// ```
/// use bedplate::batch::Coalescer;
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
///
/// let rows = Arc::new(Mutex::new(HashMap::new()));
/// let store = Arc::clone(&rows);
/// // Of each row only the last version is written.
/// let writes = Coalescer::builder(|row: &mut String, newer| *row = newer)
///     .max_items(500)
///     .linger(Duration::from_millis(5))
///     .capacity(10_000)
///     .on_failed(|rows| eprintln!("{} rows were not written", rows.len()))
///     .spawn("rows", move |batch| store.lock().unwrap().extend(batch.drain(..)))?;
/// (0..1_000).for_each(|n| writes.push(n % 10, format!("version {n}")).unwrap());
/// assert_eq!(writes.close().failed, 0);
/// assert_eq!(rows.lock().unwrap()[&7], "version 997");
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "call `spawn` or `inline` to get the coalescer"]
pub struct CoalescerBuilder<K, V> {
    slots: BatcherBuilder<Slot>,
    merge: Merge<V>,
    on_failed: Option<OnFailed<K, V>>,
    /// Whether the linger needs a clock.
    timed: bool,
}

impl<K, V> CoalescerBuilder<K, V> {
    pub(super) fn new(merge: Merge<V>) -> Self {
        Self { slots: BatcherBuilder::new(), merge, on_failed: None, timed: false }
    }

    fn with(self, option: impl FnOnce(BatcherBuilder<Slot>) -> BatcherBuilder<Slot>) -> Self {
        Self { slots: option(self.slots), ..self }
    }

    /// How many distinct keys make a batch full; not set, the capacity.
    pub fn max_items(self, keys: usize) -> Self {
        self.with(|slots| slots.max_items(keys))
    }

    /// How long the first key of a batch waits for others, at most, from its first push on; not set, zero.
    ///
    /// With zero, a batch is handed over as soon as the handler is free: what comes while the handler is busy is
    /// merged.
    pub fn linger(mut self, linger: Duration) -> Self {
        self.timed = Linger::fixed(linger).is_timed();
        self.with(|slots| slots.linger(linger))
    }

    /// As [`linger`](Self::linger), of which each batch uses what it is likely to need; see
    /// [`BatcherBuilder::adaptive_linger`]. The pace is that of new keys.
    pub fn adaptive_linger(mut self, most: Duration) -> Self {
        self.timed = Linger::adaptive(most).is_timed();
        self.with(|slots| slots.adaptive_linger(most))
    }

    /// How many distinct keys may wait for the handler, beside those it works on; not set, eight times `max_items`, or
    /// 8192 without that.
    pub fn capacity(self, keys: usize) -> Self {
        self.with(|slots| slots.capacity(keys))
    }

    /// What a push of a new key does where the coalescer is full; not set, [`Overflow::Block`] without an end. A value
    /// for a key that waits is merged all the same.
    ///
    /// [`Overflow::DropOldest`] drops the key whose first push is the longest ago, with **all** that was merged into
    /// it: where some keys keep coming and others come once, that is as likely to be one of the former.
    /// [`dropped_merged`](super::CoalescerStats::dropped_merged) tells how many pushes went with them.
    pub fn overflow(self, overflow: Overflow) -> Self {
        self.with(|slots| slots.overflow(overflow))
    }

    /// Hands what the handler leaves in its vector to it again, up to `times`, before it fails: after `backoff` first,
    /// then twice as long each time. Not set, what is left fails at once.
    ///
    /// The batch stays in its place. What comes for one of its keys meanwhile waits behind it, and is not merged into
    /// it.
    pub fn retry(self, times: u32, backoff: Duration) -> Self {
        self.with(|slots| slots.retry(times, backoff))
    }

    /// The clock of the linger and of all timeouts; not set, [`Clock::Monotonic`]. It is read once for each batch, and
    /// not at all with a linger of zero.
    pub fn clock(self, clock: impl Into<Clock>) -> Self {
        self.with(|slots| slots.clock(clock))
    }

    /// Who gets the pairs that were not handled: what the handler left in its vector, whether it returned or panicked,
    /// and what still waits when the coalescer is dropped and the time for that is up. Not set, they are dropped, and
    /// counted as failed like all of these.
    ///
    /// It is called on the thread that ran the handler, or that drops the coalescer. A panic in it is counted and goes
    /// no further.
    pub fn on_failed(mut self, f: impl Fn(Vec<(K, V)>) + Send + Sync + 'static) -> Self {
        self.on_failed = Some(Box::new(f));
        self
    }

    /// What the thread does before anything else, such as binding itself to a CPU. An [`inline`](Self::inline)
    /// coalescer has no thread and drops it.
    pub fn on_thread_start(self, f: impl FnOnce() + Send + 'static) -> Self {
        self.with(|slots| slots.on_thread_start(f))
    }

    /// How long a drop of the coalescer waits for what is still inside, on its clock; not set, five seconds.
    pub fn drop_timeout(self, timeout: Duration) -> Self {
        self.with(|slots| slots.drop_timeout(timeout))
    }

    /// Starts a thread called `name` that calls `handler` with one batch at a time.
    ///
    /// The handler takes the pairs out of the vector (`drain(..)`) and leaves the vector itself, whose memory serves
    /// another batch.
    /// **What it leaves in there has failed** and goes to [`on_failed`](Self::on_failed), as with [`BatcherBuilder::spawn`].
    ///
    /// # Errors
    ///
    /// What the system says where it starts no thread.
    ///
    /// # Panics
    ///
    /// Where `max_items` or `capacity` is zero, where `capacity` is less than `max_items`, and where `name` contains a
    /// NUL byte.
    pub fn spawn(
        self,
        name: &str,
        mut handler: impl FnMut(&mut Vec<(K, V)>) + Send + 'static,
    ) -> io::Result<Coalescer<K, V>>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let (slots, pairs, merge) = self.finish();
        let theirs = Arc::clone(&pairs);
        let batcher = slots.spawn(name, move |slots| theirs.hand_over(slots, &mut handler))?;
        Ok(Coalescer::new(pairs, batcher, merge, false))
    }

    /// Makes a coalescer without a thread: the caller whose push, flush or poll makes a batch due calls `handler` for
    /// it, and for every other batch that becomes due meanwhile, while the others go on pushing and merging.
    ///
    /// The contract of `handler` is that of [`spawn`](Self::spawn). Nobody watches the time: that a linger is over is
    /// seen by the next push, of whatever key, which reads the clock for it, or by [`poll`](Coalescer::poll).
    ///
    /// # Panics
    ///
    /// Where `max_items` or `capacity` is zero, and where `capacity` is less than `max_items`.
    pub fn inline(self, mut handler: impl FnMut(&mut Vec<(K, V)>) + Send + 'static) -> Coalescer<K, V>
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let timed = self.timed;
        let (slots, pairs, merge) = self.finish();
        let theirs = Arc::clone(&pairs);
        let batcher = slots.inline(move |slots| theirs.hand_over(slots, &mut handler));
        Coalescer::new(pairs, batcher, merge, timed)
    }

    /// The batcher of slots that is to be, the pairs that it stands for, and what merges them.
    fn finish(self) -> (BatcherBuilder<Slot>, Arc<Pairs<K, V>>, Merge<V>)
    where
        K: Send + 'static,
        V: Send + 'static,
    {
        let pairs = Arc::new(Pairs::new(self.on_failed));
        let theirs = Arc::clone(&pairs);
        (self.slots.on_failed(move |slots| theirs.fail(&slots)), pairs, self.merge)
    }
}

impl<K, V> fmt::Debug for CoalescerBuilder<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoalescerBuilder").field("keys", &self.slots).finish_non_exhaustive()
    }
}
