use std::mem;

use super::back::Back;
use super::feed::Feed;
use super::limits::Limits;
use super::linger::Linger;
use super::stage::Stage;
use super::trigger::Trigger;
use crate::primitive::Arc;
use crate::time::{Clock, Deadline, Instant};

/// The part of a batcher that every push goes through: the batch that takes new items. No code of the user's runs under
/// its lock.
///
/// Nearly all pushes find `items` shorter than `free` and look at nothing else. All that may have to be done at times,
/// the clock of a first item, a full batch, a full batcher, a close, is behind that one comparison.
pub(super) struct Front<T> {
    items: Vec<T>,
    /// Up to which length `items` grows without a look at anything else: one less than makes a batch full, less where
    /// the capacity is nearer, and zero while it is empty.
    free: usize,
    /// What the items measure, saturating; zero where nothing measures them.
    bytes: usize,
    limits: Limits,
    linger: Linger,
    /// When the first item came; means something only while there is one and batches are timed.
    since: Instant,
    /// Set by a flush, a close or an urgent push: the batch is due, yet takes items until the handler is free for it.
    due: Option<Trigger>,
    closing: bool,
    closed: bool,
    /// No push may do without the slow path: the caller looks at the time itself.
    watched: bool,
    /// The stages of the producers.
    pub(super) stages: Vec<Arc<Stage<T>>>,
    /// When the first of the items came that are still in stages, as far as producers have told.
    staged: Option<Instant>,
}

/// Whether a hand-over heeds the capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// It stops where the batcher is full.
    Bounded,
    /// It drops the oldest to make room.
    Evicting,
    /// It takes all: what comes from stages has been accepted already.
    Unbounded,
}

impl<T> Front<T> {
    pub(super) fn new(limits: Limits, linger: Linger, watched: bool) -> Self {
        Self {
            items: Vec::with_capacity(limits.vec_capacity::<T>()),
            free: 0,
            bytes: 0,
            limits,
            linger,
            since: Instant::default(),
            due: None,
            closing: false,
            closed: false,
            watched,
            stages: Vec::new(),
            staged: None,
        }
    }

    /// Takes an item of a batcher that measures none, if there is nothing else to do about it.
    #[inline]
    pub(super) fn admit(&mut self, item: T) -> Result<(), T> {
        if self.items.len() >= self.free {
            return Err(item);
        }
        self.items.push(item);
        Ok(())
    }

    /// As [`admit`](Self::admit), of a batcher that measures its items.
    #[inline]
    pub(super) fn admit_sized(&mut self, item: T, bytes: usize) -> Result<(), T> {
        let total = self.bytes.saturating_add(bytes);
        if total >= self.limits.max_bytes {
            return Err(item);
        }
        self.admit(item)?;
        self.bytes = total;
        Ok(())
    }

    /// Takes as many items of `feed` as there is room for.
    pub(super) fn admit_slow(&mut self, back: &mut Back<T>, feed: &mut impl Feed<T>, room: Room, clock: &Clock) {
        debug_assert!(!self.closed);
        let told = feed.since();
        while feed.len() > 0 {
            let waiting = back.waiting() + self.items.len();
            let room = match room {
                Room::Unbounded => usize::MAX,
                _ if waiting < self.limits.capacity => self.limits.capacity - waiting,
                Room::Bounded => break,
                Room::Evicting => match back.drop_oldest() {
                    Some(item) => {
                        feed.evict(item);
                        continue;
                    }
                    // There is a closed batch wherever the capacity is reached.
                    None => break,
                },
            };
            if !self.items.is_empty() && self.bytes.saturating_add(feed.bytes(0)) > self.limits.max_bytes {
                self.seal(back, Trigger::Bytes);
            }
            if self.items.is_empty() {
                self.begin(told, clock);
            } else if let Some(told) = told {
                self.since = self.since.min(told);
            }
            let most = feed.len().min(room).min(self.limits.max_items - self.items.len());
            let (n, bytes) = self.fitting(feed, most);
            feed.move_to(n, &mut self.items);
            self.bytes = bytes;
            if self.items.len() >= self.limits.max_items {
                self.seal(back, Trigger::Items);
            } else if self.bytes >= self.limits.max_bytes {
                self.seal(back, Trigger::Bytes);
            }
        }
        if told.is_some() && told == self.staged {
            self.staged = self.stages.iter().filter_map(|stage| stage.since()).min();
        }
        self.set_free(back);
    }

    /// How many of the first `most` items of `feed` go into the open batch, at least one where it is empty, and what it
    /// measures then.
    fn fitting(&self, feed: &impl Feed<T>, most: usize) -> (usize, usize) {
        if self.limits.max_bytes == usize::MAX {
            return (most, self.bytes);
        }
        let mut bytes = self.bytes;
        for n in 0..most {
            let with = bytes.saturating_add(feed.bytes(n));
            if with > self.limits.max_bytes && (n > 0 || !self.items.is_empty()) {
                return (n, bytes);
            }
            bytes = with;
            if bytes >= self.limits.max_bytes {
                return (n + 1, bytes);
            }
        }
        (most, bytes)
    }

    /// Takes notice of a first item, of which is known when it came, or which comes now. Reads the clock only where
    /// batches are timed.
    fn begin(&mut self, told: Option<Instant>, clock: &Clock) {
        if self.linger.is_timed() {
            self.since = told.unwrap_or_else(|| clock.now());
            self.linger.begin(self.since);
        }
    }

    fn set_free(&mut self, back: &Back<T>) {
        let waiting = back.waiting() + self.items.len();
        let room = self.limits.capacity.saturating_sub(waiting);
        self.free = if self.items.is_empty() || self.watched || self.closed {
            0
        } else {
            (self.limits.max_items - 1).min(self.items.len() + room)
        };
    }

    /// Closes the open batch, if it holds anything.
    pub(super) fn seal(&mut self, back: &mut Back<T>, trigger: Trigger) {
        if !self.items.is_empty() {
            self.linger.learn(trigger, self.items.len());
            let next = back.seal(mem::take(&mut self.items), trigger);
            self.items = next;
        }
        self.bytes = 0;
        self.due = None;
        self.free = 0;
    }

    /// Makes the open batch due, if it holds anything.
    pub(super) fn make_due(&mut self, trigger: Trigger) {
        if !self.items.is_empty() {
            self.due.get_or_insert(trigger);
        }
    }

    /// Whether anything is to be handed over whatever the time is.
    pub(super) fn is_due_at_any_time(&self) -> bool {
        self.due.is_some() || (!self.is_empty() && self.linger.is_zero())
    }

    /// Whether a first item is due at once.
    pub(super) fn lingers_for_nothing(&self) -> bool {
        self.linger.is_zero()
    }

    /// Why the open batch is to be handed over now, if it is.
    pub(super) fn due(&mut self, clock: &Clock) -> Option<Trigger> {
        if self.items.is_empty() {
            return None;
        }
        self.due.or_else(|| {
            // Without linger there is nothing to ask the clock.
            let timed = self.linger.is_timed();
            let over = self.linger.is_zero() || timed && self.linger.is_over(clock.now(), self.since, self.items.len());
            over.then_some(Trigger::Linger)
        })
    }

    /// Whether the items in stages have waited long enough.
    pub(super) fn is_staged_due(&self, clock: &Clock) -> bool {
        self.staged.is_some_and(|since| self.linger.is_zero() || self.linger.last_end(since).is_past(clock))
    }

    /// When to look again, at the open batch or at what is in stages.
    pub(super) fn linger_end(&self) -> Deadline {
        let open = if self.items.is_empty() { Deadline::NEVER } else { self.linger.end(self.since) };
        open.min(self.staged.map_or(Deadline::NEVER, |since| self.linger.last_end(since)))
    }

    /// Takes notice that an item came into a stage that was empty.
    pub(super) fn note_staged(&mut self, clock: &Clock) -> Instant {
        let now = if self.linger.is_timed() { clock.now() } else { Instant::default() };
        self.staged = Some(self.staged.map_or(now, |first| first.min(now)));
        now
    }

    /// Sets when the first of the items came that are in stages.
    pub(super) fn set_staged(&mut self, since: Option<Instant>) {
        self.staged = since;
    }

    /// Whether nothing is here, in the open batch or, as far as is known, in stages.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.staged.is_none()
    }

    /// How many items are in the open batch.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// How many items are in stages.
    pub(super) fn staged_len(&self) -> usize {
        self.stages.iter().map(|stage| stage.len()).sum()
    }

    /// Takes the items of the open batch out.
    pub(super) fn take_out(&mut self) -> Vec<T> {
        self.free = 0;
        self.bytes = 0;
        self.due = None;
        mem::take(&mut self.items)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether stages take nothing more.
    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Has stages refuse items from now on.
    pub(super) fn close_stages(&mut self) {
        self.closing = true;
        self.stages.iter().for_each(|stage| stage.close());
    }

    /// Refuses items from now on. What came from stages must be here by then: a batch thread that finds nothing due
    /// ends.
    pub(super) fn close(&mut self) {
        debug_assert!(self.closing);
        self.closed = true;
        self.free = 0;
        self.make_due(Trigger::Close);
    }
}
