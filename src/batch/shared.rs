use std::time::Duration;

use super::back::{Back, Handler, Sleep};
use super::contain::contain;
use super::feed::{Feed, Many, One};
use super::front::{Front, Room};
use super::inside::Inside;
use super::limits::Limits;
use super::linger::Linger;
use super::retry::Retry;
use super::stage::Stage;
use super::trigger::Trigger;
use super::watch::watch;
use super::{BatcherStats, CloseReport, FlushError, Overflow, PushError};
use crate::primitive::atomic::{AtomicBool, Ordering};
use crate::primitive::{Arc, Mutex, thread};
use crate::queue::Source;
use crate::sync::{AsymMutex, CachePadded, EventCount};
use crate::time::{Clock, Deadline};

pub(super) type Size<T> = Box<dyn Fn(&T) -> usize + Send + Sync>;
pub(super) type OnFailed<T> = Box<dyn Fn(Vec<T>) + Send + Sync>;

/// What a batcher was asked to be.
pub(super) struct Setup<T> {
    pub(super) limits: Limits,
    pub(super) linger: Linger,
    pub(super) overflow: Overflow,
    pub(super) retry: Retry,
    pub(super) clock: Clock,
    pub(super) size: Option<Size<T>>,
    pub(super) on_failed: Option<OnFailed<T>>,
    /// The handler of an inline batcher; without one a batch thread is to come.
    pub(super) handler: Option<Handler<T>>,
}

/// What the callers and the batch thread of one batcher share.
///
/// Two locks, so that a push and the thread that takes batches meet only where they must: `front` holds the batch that
/// takes new items, `back` the closed ones. Who takes both takes `front` first. A push takes `front` alone, but for the
/// first and the last item of a batch; the batch thread takes `back` alone, but where no closed batch waits.
///
/// At any time at most one thread has the handler: the batch thread, or of an inline batcher the caller that took it
/// out of the back. That one takes batches and settles them, one after the other; all others only add items and wait.
pub(super) struct Shared<T> {
    pub(super) front: CachePadded<AsymMutex<Front<T>>>,
    pub(super) back: CachePadded<Mutex<Back<T>>>,
    /// A hint for a batch thread that has not gone to sleep: there is something to take.
    signal: CachePadded<AtomicBool>,
    /// A hint for pushes that have not gone to sleep: no batch was taken since one found the batcher full.
    full: CachePadded<AtomicBool>,
    /// The batch thread waits here for a batch that is due. Who makes one due looks at `Back::sleep` under the lock
    /// and notifies only a thread that must know. Who waits for the next try of a batch waits here, too.
    pub(super) work: EventCount,
    /// Pushes wait here for room.
    room: EventCount,
    /// Flushes and closes wait here for batches to be settled and for the batch thread to end.
    pub(super) settled: EventCount,
    pub(super) clock: Clock,
    pub(super) overflow: Overflow,
    pub(super) retry: Retry,
    pub(super) size: Option<Size<T>>,
    on_failed: Option<OnFailed<T>>,
}

/// What a caller has to do once it no longer holds a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Nothing,
    Wake,
    Lead,
}

/// How a hand-over ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    Taken,
    Full,
    Closed,
}

impl<T> Shared<T> {
    pub(super) fn new(setup: Setup<T>) -> Self {
        let Setup { limits, linger, overflow, retry, clock, size, on_failed, handler } = setup;
        // With an inline batcher it is a push that finds the linger over.
        let watched = handler.is_some() && linger.is_timed();
        let mut back = Back::new(limits);
        back.served = handler.is_none();
        back.handler = handler;
        Self {
            front: CachePadded::new(AsymMutex::new(Front::new(limits, linger, watched))),
            back: CachePadded::new(Mutex::new(back)),
            signal: CachePadded::new(AtomicBool::new(false)),
            full: CachePadded::new(AtomicBool::new(false)),
            work: EventCount::new(),
            room: EventCount::new(),
            settled: EventCount::new(),
            clock,
            overflow,
            retry,
            size,
            on_failed,
        }
    }

    /// Runs `f` with both sides.
    pub(super) fn both<R>(&self, f: impl FnOnce(&mut Front<T>, &mut Back<T>) -> R) -> R {
        self.front.with(|front| f(front, &mut self.back.lock()))
    }

    pub(super) fn stats(&self) -> BatcherStats {
        self.both(|front, back| back.stats(front.len(), front.staged_len()))
    }

    pub(super) fn is_closed(&self) -> bool {
        self.front.with(|front| front.is_closed())
    }

    /// Whether the calling thread runs this batcher's handler at this moment.
    #[inline]
    pub(super) fn is_inside(&self) -> bool {
        Inside::any() && self.is_runner()
    }

    #[cold]
    fn is_runner(&self) -> bool {
        self.back.lock().runner == Some(thread::current().id())
    }

    /// What `item` measures. Outside all locks: measuring is the user's code.
    #[inline]
    pub(super) fn measure(&self, item: &T) -> usize {
        self.size.as_ref().map_or(0, |size| size(item))
    }

    /// Takes `item` by the batcher's own rule for when it is full.
    #[inline]
    pub(super) fn push(&self, item: T) -> Result<(), PushError<T>> {
        if self.size.is_some() || Inside::any() {
            return self.push_by(item, self.overflow);
        }
        match self.front.with(|front| front.admit(item)) {
            Ok(()) => Ok(()),
            Err(item) => self.push_slow(item, 0, self.overflow, None),
        }
    }

    /// Takes `item` by the rule `overflow`.
    pub(super) fn push_by(&self, item: T, overflow: Overflow) -> Result<(), PushError<T>> {
        if self.is_inside() {
            return Err(PushError::Reentrant(item));
        }
        let bytes = self.measure(&item);
        match self.front.with(|front| front.admit_sized(item, bytes)) {
            Ok(()) => Ok(()),
            Err(item) => self.push_slow(item, bytes, overflow, None),
        }
    }

    /// Takes `item` and makes its batch due.
    pub(super) fn push_urgent(&self, item: T) -> Result<(), PushError<T>> {
        if self.is_inside() {
            return Err(PushError::Reentrant(item));
        }
        let bytes = self.measure(&item);
        self.push_slow(item, bytes, self.overflow, Some(Trigger::Urgent))
    }

    #[cold]
    fn push_slow(
        &self,
        item: T,
        bytes: usize,
        overflow: Overflow,
        urgent: Option<Trigger>,
    ) -> Result<(), PushError<T>> {
        let mut one = One::new(item, bytes);
        let offer = self.hand_in(&mut one, overflow, urgent);
        match (offer, one.item) {
            (Offer::Taken, _) | (_, None) => Ok(()),
            (Offer::Full, Some(item)) => Err(PushError::Full(item)),
            (Offer::Closed, Some(item)) => Err(PushError::Closed(item)),
        }
    }

    /// Takes all items of `source` by the rule `overflow`.
    pub(super) fn push_all<S: Source<T>>(&self, source: &mut S) -> Result<(), PushError<()>> {
        if self.is_inside() {
            return Err(PushError::Reentrant(()));
        }
        let mut many = Many::new(source, self.size.as_ref());
        match self.hand_in(&mut many, self.overflow, None) {
            Offer::Taken => {
                let mut dropped = Vec::new();
                many.move_to(many.len(), &mut dropped);
                Ok(())
            }
            Offer::Full => Err(PushError::Full(())),
            Offer::Closed => Err(PushError::Closed(())),
        }
    }

    /// Hands all of `feed` in by the rule `overflow`. What is left in it where all was taken is to be dropped.
    pub(super) fn hand_in(&self, feed: &mut impl Feed<T>, overflow: Overflow, urgent: Option<Trigger>) -> Offer {
        let room = if overflow == Overflow::DropOldest { Room::Evicting } else { Room::Bounded };
        let offer = self.offer(feed, room, urgent);
        if offer != Offer::Full {
            return offer;
        }
        match overflow {
            Overflow::Block(timeout) if !timeout.is_zero() => {
                self.wait_for_room(timeout, || self.offer(feed, Room::Bounded, urgent))
            }
            Overflow::DropNewest => {
                self.both(|_, back| back.count_dropped_newest(feed.len()));
                Offer::Taken
            }
            _ => offer,
        }
    }

    /// Waits for room, up to `timeout`, until `offer` is not told that there is none.
    #[cold]
    pub(super) fn wait_for_room(&self, timeout: Duration, mut offer: impl FnMut() -> Offer) -> Offer {
        let deadline = Deadline::after(&self.clock, timeout);
        self.back.lock().count_wait();
        loop {
            // Relaxed: a hint.
            if watch(|| !self.full.load(Ordering::Relaxed)) {
                let answer = offer();
                if answer != Offer::Full {
                    return answer;
                }
            }
            let listener = self.room.listen();
            let answer = offer();
            if answer != Offer::Full {
                return answer;
            }
            if !listener.wait_until(&self.clock, deadline) {
                return offer();
            }
        }
    }

    /// Hands in as much of `feed` as there is room for.
    pub(super) fn offer(&self, feed: &mut impl Feed<T>, room: Room, urgent: Option<Trigger>) -> Offer {
        let (offer, call) = self.offer_unanswered(feed, room, urgent);
        self.answer(call);
        offer
    }

    /// As [`offer`](Self::offer) for a caller who holds a lock of its own, and is to [answer](Self::answer) once it no
    /// longer does.
    pub(super) fn offer_unanswered(
        &self,
        feed: &mut impl Feed<T>,
        room: Room,
        urgent: Option<Trigger>,
    ) -> (Offer, Call) {
        self.both(|front, back| {
            if front.is_closed() {
                return (Offer::Closed, Call::Nothing);
            }
            front.admit_slow(back, feed, room, &self.clock);
            if feed.len() > 0 {
                // Relaxed: a hint. Where it is behind the batch that made room, the push sleeps by `room`, which is
                // exact.
                self.full.store(true, Ordering::Relaxed);
                return (Offer::Full, self.call(front, back));
            }
            feed.end();
            if let Some(trigger) = urgent {
                front.make_due(trigger);
            }
            (Offer::Taken, self.call(front, back))
        })
    }

    /// What a change asks of the caller that made it.
    pub(super) fn call(&self, front: &mut Front<T>, back: &mut Back<T>) -> Call {
        // Exactly one of the two kinds of batcher has anything to do here: `sleep` is `Awake` for ever without a batch
        // thread, and `handler` is `None` for ever with one.
        let due = back.has_sealed() || front.is_due_at_any_time();
        let wake = match back.sleep {
            Sleep::Awake => {
                // Relaxed: a hint.
                if due && !self.signal.load(Ordering::Relaxed) {
                    self.signal.store(true, Ordering::Relaxed);
                }
                false
            }
            // It knows of no item, and so of no time to wait for.
            Sleep::ForItem => !front.is_empty() || back.has_sealed() || front.is_closed(),
            Sleep::ForLinger(end) => due || front.is_closed() || front.linger_end() < end,
        };
        if wake {
            // Nobody else needs to wake it again.
            back.sleep = Sleep::Awake;
            Call::Wake
        } else if back.handler.is_some()
            && (due || front.due(&self.clock).is_some() || front.is_staged_due(&self.clock))
        {
            Call::Lead
        } else {
            Call::Nothing
        }
    }

    pub(super) fn answer(&self, call: Call) {
        match call {
            Call::Nothing => {}
            Call::Wake => self.work.notify(1),
            Call::Lead => self.lead(Deadline::NEVER),
        }
    }

    /// Whether there seems to be something to take.
    pub(super) fn is_signalled(&self) -> bool {
        // Relaxed: a hint.
        self.signal.load(Ordering::Relaxed)
    }

    /// Takes the hint back, before a look under the locks.
    pub(super) fn clear_signal(&self) {
        // Relaxed: a hint. Where a store of `call` is overtaken by this one, the look that follows finds what it told
        // of, or the thread sleeps by `Back::sleep`, which is exact.
        if self.is_signalled() {
            self.signal.store(false, Ordering::Relaxed);
        }
    }

    /// Tells pushes that wait that `n` items have left.
    pub(super) fn notify_room(&self, n: usize) {
        // Relaxed: a hint.
        if self.full.load(Ordering::Relaxed) {
            self.full.store(false, Ordering::Relaxed);
        }
        self.room.notify(n);
    }

    /// Ends `stage`, whose producer goes. What is inside is taken; after a close, it fails.
    pub(super) fn part(&self, stage: &Arc<Stage<T>>) {
        let (late, call) = self.both(|front, back| {
            front.stages.retain(|other| !Arc::ptr_eq(other, stage));
            let mut late = Vec::new();
            if front.is_closed() {
                let mut contents = stage.contents();
                contents.move_to(contents.len(), &mut late);
                back.count_late(late.len());
            } else {
                front.admit_slow(back, &mut stage.contents(), Room::Unbounded, &self.clock);
            }
            (late, self.call(front, back))
        });
        self.answer(call);
        if !late.is_empty() && !self.fail(late) {
            self.back.lock().count_panics(1);
        }
    }

    /// Gives items that were not handled to the one who asked for them; false where that panicked.
    pub(super) fn fail(&self, items: Vec<T>) -> bool {
        contain(|| match &self.on_failed {
            Some(on_failed) => on_failed(items),
            None => drop(items),
        })
    }

    /// Makes everything due that was pushed before, and waits until it is settled.
    pub(super) fn flush(&self, deadline: Deadline) -> Result<(), FlushError> {
        if self.is_inside() {
            return Err(FlushError::Reentrant);
        }
        self.collect();
        let (target, call) = self.both(|front, back| {
            front.make_due(Trigger::Flush);
            (back.stats(front.len(), 0).pushed, self.call(front, back))
        });
        self.answer(call);
        let look = || match self.back.lock().is_settled(target) {
            None => Some(Err(FlushError::Closed)),
            Some(settled) => settled.then_some(Ok(())),
        };
        loop {
            if let Some(done) = look() {
                return done;
            }
            let listener = self.settled.listen();
            if let Some(done) = look() {
                return done;
            }
            if !listener.wait_until(&self.clock, deadline) {
                return look().unwrap_or(Err(FlushError::TimedOut));
            }
        }
    }

    /// Refuses pushes from now on, waits until everything is settled and the batch thread has ended, and takes out
    /// what is left at the deadline. From within the handler the deadline counts as past.
    pub(super) fn close(&self, deadline: Deadline) -> CloseReport<T> {
        let in_time = self.shut(deadline);
        let (left_over, stats) = self.end(in_time, true);
        let BatcherStats { handled, failed, in_flight, dropped_newest, dropped_oldest, .. } = stats;
        CloseReport { handled, failed, in_flight, dropped: dropped_newest + dropped_oldest, left_over }
    }

    /// [`close`](Self::close) for when nobody is there to take what is left: it goes to `on_failed`.
    pub(super) fn abandon(&self, deadline: Deadline) {
        let in_time = self.shut(deadline);
        let (items, _) = self.end(in_time, false);
        if !items.is_empty() && !self.fail(items) {
            self.back.lock().count_panics(1);
        }
    }

    /// Takes out what is left. Where it is not `in_time`, the batch in hand is not tried again, from the moment on in
    /// which nothing is behind it.
    fn end(&self, in_time: bool, left_over: bool) -> (Vec<T>, BatcherStats) {
        let (items, stats, handler) = self.both(|front, back| {
            back.no_retry |= !in_time;
            let items = back.take_out(front.take_out(), left_over);
            (items, back.stats(0, 0), back.handler.take())
        });
        if !in_time {
            self.work.notify_all();
        }
        // Nothing is left for it. Its destructor is the user's.
        contain(|| drop(handler));
        // A flush may be waiting for what was just taken out.
        self.settled.notify_all();
        (items, stats)
    }

    /// Refuses pushes from now on, and waits until everything is settled; false where the time was up before.
    fn shut(&self, deadline: Deadline) -> bool {
        self.both(|front, _| front.close_stages());
        self.collect();
        let call = self.both(|front, back| {
            front.close();
            self.call(front, back)
        });
        // Not led: what is due is handed over below, as far as the time allows.
        if call == Call::Wake {
            self.work.notify(1);
        }
        self.room.notify_all();
        if self.is_inside() {
            return false;
        }
        let quiet = || self.both(|front, back| front.len() + back.inside() == 0 && !back.served);
        loop {
            // Of an inline batcher this caller is the one who hands over, unless another is at it.
            self.lead(deadline);
            if quiet() {
                return true;
            }
            let listener = self.settled.listen();
            if quiet() {
                return true;
            }
            if !listener.wait_until(&self.clock, deadline) {
                return false;
            }
        }
    }

    /// Whether the batch thread has ended, or there never was one.
    pub(super) fn is_unserved(&self) -> bool {
        !self.back.lock().served
    }
}
