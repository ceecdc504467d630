use std::collections::VecDeque;

use super::BatcherStats;
use super::limits::Limits;
use super::trigger::Trigger;
use crate::primitive::thread::ThreadId;
use crate::time::Deadline;

/// The user's code that a batch goes to.
pub(super) type Handler<T> = Box<dyn FnMut(&mut Vec<T>) + Send>;

/// A batch on its way to the handler.
pub(super) struct Batch<T> {
    pub(super) items: Vec<T>,
    pub(super) trigger: Trigger,
}

/// What the batch thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sleep {
    /// For nothing: it is awake, or there is no such thread.
    Awake,
    /// For a first item.
    ForItem,
    /// For the end of a linger, or a batch that is due earlier.
    ForLinger(Deadline),
}

/// The part of a batcher behind the open batch: closed batches, the one in flight, and what was counted. No code of the
/// user's runs under its lock.
///
/// Items are counted by their place in the order they were pushed: those before `head` were taken for the handler or
/// dropped as the oldest.
pub(super) struct Back<T> {
    limits: Limits,
    /// Closed batches, oldest first. A vector becomes a deque and back without a copy, unless its oldest were dropped.
    sealed: VecDeque<(VecDeque<T>, Trigger)>,
    /// How many items are in `sealed`.
    waiting: usize,
    /// Empty vectors whose memory is used again.
    spare: Vec<Vec<T>>,
    head: u64,
    /// The place of the first item in flight, while there is one.
    flight: u64,
    /// The place from which on items were given back.
    cut: Option<u64>,
    by_trigger: [u64; Trigger::COUNT],
    /// Without `pushed` and `pending`, to which the open batch belongs.
    stats: BatcherStats,
    pub(super) sleep: Sleep,
    /// The handler of an inline batcher while no caller runs it.
    pub(super) handler: Option<Handler<T>>,
    /// The thread that runs the handler: the batch thread, or the caller that does now.
    pub(super) runner: Option<ThreadId>,
    /// Whether a batch thread is still there.
    pub(super) served: bool,
    /// No batch is handed to the handler a second time any more.
    pub(super) no_retry: bool,
}

impl<T> Back<T> {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            sealed: VecDeque::new(),
            waiting: 0,
            spare: Vec::new(),
            head: 0,
            flight: 0,
            cut: None,
            by_trigger: [0; Trigger::COUNT],
            stats: BatcherStats::default(),
            sleep: Sleep::Awake,
            handler: None,
            runner: None,
            served: false,
            no_retry: false,
        }
    }

    /// How many items wait in closed batches.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Takes a batch that is closed, and gives a vector for the next one.
    pub(super) fn seal(&mut self, items: Vec<T>, trigger: Trigger) -> Vec<T> {
        self.waiting += items.len();
        self.sealed.push_back((items.into(), trigger));
        self.spare.pop().unwrap_or_else(|| Vec::with_capacity(self.limits.vec_capacity::<T>()))
    }

    /// Whether a closed batch waits.
    pub(super) fn has_sealed(&self) -> bool {
        !self.sealed.is_empty()
    }

    /// Takes the oldest item out of the closed batches, of which there is one.
    pub(super) fn drop_oldest(&mut self) -> Option<T> {
        let (items, _) = self.sealed.front_mut()?;
        let item = items.pop_front();
        if items.is_empty()
            && let Some((emptied, _)) = self.sealed.pop_front()
        {
            self.keep(emptied.into());
        }
        self.waiting -= 1;
        self.head += 1;
        self.stats.dropped_oldest += 1;
        item
    }

    pub(super) fn count_dropped_newest(&mut self, n: usize) {
        self.stats.dropped_newest += n as u64;
    }

    /// Takes the oldest closed batch out for the handler.
    pub(super) fn take(&mut self) -> Option<Batch<T>> {
        let (items, trigger) = self.sealed.pop_front()?;
        debug_assert!(!items.is_empty() && self.stats.in_flight == 0);
        self.by_trigger[trigger as usize] += 1;
        self.stats.batches += 1;
        self.stats.in_flight = items.len();
        self.waiting -= items.len();
        self.flight = self.head;
        self.head += items.len() as u64;
        Some(Batch { items: items.into(), trigger })
    }

    /// Ends the batch in flight, of which `failed` items were not handled. `vec` is its vector, for another batch.
    pub(super) fn settle(&mut self, failed: usize, vec: Vec<T>) {
        let len = std::mem::take(&mut self.stats.in_flight);
        debug_assert!(failed <= len && vec.is_empty());
        self.stats.handled += (len - failed) as u64;
        self.stats.failed += failed as u64;
        self.keep(vec);
    }

    /// Keeps an empty vector for another batch.
    fn keep(&mut self, vec: Vec<T>) {
        // A handler may have kept the vector it was given, and left another.
        if vec.capacity() >= self.limits.vec_capacity::<T>() && self.spare.len() < self.limits.spares() {
            self.spare.push(vec);
        }
    }

    /// Takes out everything that waits: the closed batches and then the items of `open`. They count as left over, or as
    /// failed.
    pub(super) fn take_out(&mut self, open: Vec<T>, left_over: bool) -> Vec<T> {
        let mut all: Vec<T> = Vec::with_capacity(self.waiting + open.len());
        all.extend(self.sealed.drain(..).flat_map(|(items, _)| items));
        all.extend(open);
        self.waiting = 0;
        if left_over {
            self.cut = self.cut.or(Some(self.head));
            self.stats.left_over += all.len() as u64;
        } else {
            self.head += all.len() as u64;
            self.stats.failed += all.len() as u64;
        }
        all
    }

    /// Whether all items before place `target` were handled, have failed or were dropped; `None` where some of them
    /// never will be, since they were given back.
    pub(super) fn is_settled(&self, target: u64) -> Option<bool> {
        if self.cut.is_some_and(|cut| target > cut) {
            return None;
        }
        Some(target <= if self.stats.in_flight == 0 { self.head } else { self.flight })
    }

    /// How many items wait in closed batches or are in flight.
    pub(super) fn inside(&self) -> usize {
        self.waiting + self.stats.in_flight
    }

    /// Counts items that came after the close as failed.
    pub(super) fn count_late(&mut self, n: usize) {
        self.head += n as u64;
        self.stats.failed += n as u64;
    }

    pub(super) fn count_wait(&mut self) {
        self.stats.waits += 1;
    }

    pub(super) fn count_panics(&mut self, n: u64) {
        self.stats.panics += n;
    }

    pub(super) fn count_retry(&mut self) {
        self.stats.retries += 1;
    }

    /// What was counted, with an open batch of `open` items behind it.
    pub(super) fn stats(&self, open: usize, staged: usize) -> BatcherStats {
        let [by_items, by_bytes, by_linger, by_urgent, by_flush, by_close] = self.by_trigger;
        let pending = self.waiting + open;
        // All that have left count in `head`, but for those given back.
        let pushed = self.head + self.stats.left_over + pending as u64;
        BatcherStats {
            pushed,
            pending,
            staged,
            by_items,
            by_bytes,
            by_linger,
            by_urgent,
            by_flush,
            by_close,
            ..self.stats
        }
    }
}
