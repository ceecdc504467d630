use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use super::BatcherStats;
use super::open_batch::OpenBatch;
use super::trigger::Trigger;
use crate::primitive::thread::ThreadId;
use crate::time::{Clock, Deadline, Instant};

/// The user's code that a batch goes to.
pub(super) type Handler<T> = Box<dyn FnMut(&mut Vec<T>) + Send>;

/// What bounds a batch and a batcher.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_items: usize,
    pub(super) max_bytes: usize,
    pub(super) linger: Duration,
    /// At least `max_items`: whenever it is reached, a full batch is there to be taken.
    pub(super) capacity: usize,
}

/// What the batch thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sleep {
    /// For nothing: it is awake, or there is no such thread.
    Awake,
    /// For a first item.
    ForItem,
    /// For the end of the linger, or a batch that is due earlier.
    ForLinger,
}

/// The part of a batcher under its lock: what waits, and what was counted. No code of the user runs in here.
///
/// Batches are handed over whole by moving their vector, in the order their items came.
pub(super) struct State<T> {
    limits: Limits,
    /// Full batches, oldest first, with the reason each was closed.
    sealed: VecDeque<(Vec<T>, Trigger)>,
    open: OpenBatch<T>,
    /// Empty vectors whose memory is used again.
    spare: Vec<Vec<T>>,
    by_trigger: [u64; Trigger::COUNT],
    stats: BatcherStats,
    pub(super) closed: bool,
    pub(super) sleep: Sleep,
    /// The handler of an inline batcher while no caller runs it.
    pub(super) handler: Option<Handler<T>>,
    /// The thread that runs the handler: the batch thread, or the caller that does now.
    pub(super) runner: Option<ThreadId>,
    /// Whether a batch thread is still there.
    pub(super) served: bool,
}

impl<T> State<T> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            sealed: VecDeque::new(),
            open: OpenBatch::default(),
            spare: Vec::new(),
            by_trigger: [0; Trigger::COUNT],
            stats: BatcherStats::default(),
            closed: false,
            sleep: Sleep::Awake,
            handler: None,
            runner: None,
            served: false,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.stats.pending >= self.limits.capacity
    }

    /// Whether no item is inside.
    pub(super) fn is_drained(&self) -> bool {
        self.stats.pending == 0 && self.stats.in_flight == 0
    }

    /// Takes an item that measures `bytes`. Reads the clock only for the first item of a batch, and not without linger.
    pub(super) fn push(&mut self, item: T, bytes: usize, clock: &Clock) {
        debug_assert!(!self.closed && !self.is_full());
        if !self.open.items.is_empty() && self.open.bytes.saturating_add(bytes) > self.limits.max_bytes {
            self.seal(Trigger::Bytes);
        }
        if self.open.items.is_empty() && !self.limits.linger.is_zero() {
            self.open.since = clock.now();
        }
        self.open.items.push(item);
        self.open.bytes = self.open.bytes.saturating_add(bytes);
        self.stats.pushed += 1;
        self.stats.pending += 1;
        if self.open.items.len() >= self.limits.max_items {
            self.seal(Trigger::Items);
        } else if self.open.bytes >= self.limits.max_bytes {
            self.seal(Trigger::Bytes);
        }
    }

    fn seal(&mut self, trigger: Trigger) {
        let next = OpenBatch { items: self.spare.pop().unwrap_or_default(), ..OpenBatch::default() };
        self.sealed.push_back((mem::replace(&mut self.open, next).items, trigger));
    }

    /// Makes the open batch due, if it holds anything.
    pub(super) fn make_due(&mut self, trigger: Trigger) {
        if !self.open.items.is_empty() {
            self.open.due.get_or_insert(trigger);
        }
    }

    /// Whether there is a batch to hand over now.
    pub(super) fn is_due(&self, clock: &Clock) -> bool {
        !self.sealed.is_empty() || self.open_due(clock).is_some()
    }

    /// Whether there is a batch to hand over whatever the time is.
    pub(super) fn is_due_at_any_time(&self) -> bool {
        !self.sealed.is_empty() || self.open.due.is_some()
    }

    fn open_due(&self, clock: &Clock) -> Option<Trigger> {
        if self.open.items.is_empty() {
            return None;
        }
        self.open.due.or_else(|| {
            // Without linger there is nothing to ask the clock.
            (self.limits.linger.is_zero() || self.linger_end().is_past(clock)).then_some(Trigger::Linger)
        })
    }

    /// When the linger of the open batch ends; never where nothing is in it. Has no meaning with a linger of zero.
    pub(super) fn linger_end(&self) -> Deadline {
        if self.open.items.is_empty() {
            return Deadline::NEVER;
        }
        match self.open.since + self.limits.linger {
            Instant::MAX => Deadline::NEVER,
            end => Deadline::at(end),
        }
    }

    /// Takes the oldest batch that is due out for the handler.
    pub(super) fn take(&mut self, clock: &Clock) -> Option<Vec<T>> {
        if self.sealed.is_empty() {
            self.seal(self.open_due(clock)?);
        }
        let (items, trigger) = self.sealed.pop_front()?;
        debug_assert!(!items.is_empty() && self.stats.in_flight == 0);
        self.by_trigger[trigger as usize] += 1;
        self.stats.batches += 1;
        self.stats.pending -= items.len();
        self.stats.in_flight = items.len();
        Some(items)
    }

    /// Ends the batch in flight, of which `failed` items were not handled. `vec` is its vector, for another batch.
    pub(super) fn settle(&mut self, failed: usize, panics: u64, vec: Vec<T>) {
        let len = mem::take(&mut self.stats.in_flight);
        debug_assert!(failed <= len && vec.is_empty());
        self.stats.handled += (len - failed) as u64;
        self.stats.failed += failed as u64;
        self.stats.panics += panics;
        // As many as there are batches when the batcher is full, the open one and the one in flight. More come up
        // only where batches end at their bytes.
        if self.spare.len() < self.limits.capacity / self.limits.max_items + 2 {
            self.spare.push(vec);
        }
    }

    /// Takes out everything that waits, in the order it came.
    pub(super) fn take_pending(&mut self) -> Vec<T> {
        let mut all: Vec<T> = Vec::with_capacity(self.stats.pending);
        for (mut items, _) in self.sealed.drain(..) {
            all.append(&mut items);
        }
        all.append(&mut mem::take(&mut self.open).items);
        self.stats.pending = 0;
        all
    }

    /// The count of items pushed so far, by which a flush knows what it waits for.
    pub(super) fn pushed(&self) -> u64 {
        self.stats.pushed
    }

    /// Whether the first `target` items were handled or have failed; `None` where some of them never will be, since
    /// they were taken out.
    pub(super) fn is_settled(&self, target: u64) -> Option<bool> {
        // Batches are taken in order and items are taken out from the end, so the settled ones are the first ones.
        let settled = self.stats.handled + self.stats.failed;
        let inside = (self.stats.pending + self.stats.in_flight) as u64;
        if target > settled + inside { None } else { Some(target <= settled) }
    }

    pub(super) fn count_wait(&mut self) {
        self.stats.waits += 1;
    }

    pub(super) fn count_panics(&mut self, n: u64) {
        self.stats.panics += n;
    }

    /// Counts items that were taken out as given back to the caller of a close.
    pub(super) fn count_left_over(&mut self, n: usize) {
        self.stats.left_over += n as u64;
    }

    /// Counts items that were taken out as failed. Nothing may be in flight behind them that a flush still waits for.
    pub(super) fn count_failed(&mut self, n: usize) {
        self.stats.failed += n as u64;
    }

    pub(super) fn stats(&self) -> BatcherStats {
        let [by_items, by_bytes, by_linger, by_flush, by_close] = self.by_trigger;
        BatcherStats { by_items, by_bytes, by_linger, by_flush, by_close, ..self.stats }
    }
}
