use std::mem;

use super::contain::contain;
use super::inside::Inside;
use super::state::{Handler, Limits, Sleep, State};
use super::trigger::Trigger;
use super::{BatcherStats, CloseReport, FlushError, PushError};
use crate::primitive::{Mutex, thread};
use crate::sync::EventCount;
use crate::time::{Clock, Deadline};

pub(super) type Size<T> = Box<dyn Fn(&T) -> usize + Send + Sync>;
pub(super) type OnFailed<T> = Box<dyn Fn(Vec<T>) + Send + Sync>;

/// What the callers and the batch thread of one batcher share.
///
/// At any time at most one thread has the handler: the batch thread, or of an inline batcher the caller that took it
/// out of the state. That one takes batches and settles them, one after the other; all others only add items and wait.
pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
    /// The batch thread waits here for a batch that is due. Who makes one due looks at `State::sleep` under the lock
    /// and notifies only a thread that must know.
    work: EventCount,
    /// Pushes wait here for room.
    room: EventCount,
    /// Flushes and closes wait here for batches to be settled and for the batch thread to end.
    settled: EventCount,
    clock: Clock,
    size: Option<Size<T>>,
    on_failed: Option<OnFailed<T>>,
}

/// What a caller has to do once it no longer holds the lock.
#[derive(Clone, Copy)]
enum Call {
    Nothing,
    Wake,
    Lead,
}

impl<T> Shared<T> {
    pub(super) fn new(limits: Limits, clock: Clock, size: Option<Size<T>>, on_failed: Option<OnFailed<T>>) -> Self {
        Self {
            state: Mutex::new(State::new(limits)),
            work: EventCount::new(),
            room: EventCount::new(),
            settled: EventCount::new(),
            clock,
            size,
            on_failed,
        }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn stats(&self) -> BatcherStats {
        self.state.lock().stats()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Whether the calling thread runs this batcher's handler at this moment.
    pub(super) fn is_inside(&self) -> bool {
        Inside::any() && self.state.lock().runner == Some(thread::current().id())
    }

    /// Takes `item` or says why not; waits for room until the deadline, which is asked for only where there is a wait.
    pub(super) fn push(&self, item: T, deadline: impl FnOnce(&Clock) -> Deadline) -> Result<(), PushError<T>> {
        let (item, bytes) = self.enter(item)?;
        match self.offer(item, bytes) {
            Err(PushError::Full(item)) => self.push_slow(item, bytes, deadline(&self.clock)),
            done => done,
        }
    }

    /// [`push`](Self::push) that does not wait.
    pub(super) fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        let (item, bytes) = self.enter(item)?;
        self.offer(item, bytes)
    }

    /// Refuses an item that comes from within the handler; measures any other. Once for each item, and outside the
    /// lock: measuring is the user's code.
    fn enter(&self, item: T) -> Result<(T, usize), PushError<T>> {
        if self.is_inside() {
            return Err(PushError::Reentrant(item));
        }
        let bytes = self.size.as_ref().map_or(0, |size| size(&item));
        Ok((item, bytes))
    }

    #[cold]
    fn push_slow(&self, mut item: T, bytes: usize, deadline: Deadline) -> Result<(), PushError<T>> {
        let mut waits = false;
        loop {
            let listener = self.room.listen();
            item = match self.offer(item, bytes) {
                Err(PushError::Full(item)) => item,
                done => return done,
            };
            if !mem::replace(&mut waits, true) {
                self.state.lock().count_wait();
            }
            if !listener.wait_until(&self.clock, deadline) {
                return self.offer(item, bytes);
            }
        }
    }

    fn offer(&self, item: T, bytes: usize) -> Result<(), PushError<T>> {
        let call = {
            let mut state = self.state.lock();
            if state.closed {
                return Err(PushError::Closed(item));
            }
            if state.is_full() {
                return Err(PushError::Full(item));
            }
            state.push(item, bytes, &self.clock);
            self.call(&mut state)
        };
        self.answer(call);
        Ok(())
    }

    /// What a change of the state asks of the caller that made it.
    fn call(&self, state: &mut State<T>) -> Call {
        // Exactly one of the two kinds of batcher has anything to do here: `sleep` is `Awake` for ever without a batch
        // thread, and `handler` is `None` for ever with one.
        let wake = match state.sleep {
            Sleep::Awake => false,
            // It knows of no item, and so of no time to wait for.
            Sleep::ForItem => !state.is_drained() || state.closed,
            Sleep::ForLinger => state.is_due_at_any_time() || state.closed,
        };
        if wake {
            // Nobody else needs to wake it again.
            state.sleep = Sleep::Awake;
            Call::Wake
        } else if state.handler.is_some() && state.is_due(&self.clock) {
            Call::Lead
        } else {
            Call::Nothing
        }
    }

    fn answer(&self, call: Call) {
        match call {
            Call::Nothing => {}
            Call::Wake => self.work.notify(1),
            Call::Lead => self.lead(Deadline::NEVER),
        }
    }

    /// Hands over batches of an inline batcher until none is due or `deadline` is past. Does nothing where another
    /// thread has the handler: it looks for due batches, and gives the handler back, under one hold of the lock.
    #[cold]
    fn lead(&self, deadline: Deadline) {
        let mut handler = {
            let mut state = self.state.lock();
            let Some(handler) = state.handler.take() else { return };
            state.runner = Some(thread::current().id());
            handler
        };
        let _inside = Inside::enter();
        loop {
            let batch = {
                let mut state = self.state.lock();
                let batch = if deadline.is_past(&self.clock) { None } else { state.take(&self.clock) };
                let Some(batch) = batch else {
                    state.handler = Some(handler);
                    state.runner = None;
                    return;
                };
                batch
            };
            self.hand_over(&mut handler, batch);
        }
    }

    /// Hands over what is due of an inline batcher and says when the next batch will be.
    pub(super) fn poll(&self) -> Deadline {
        self.lead(Deadline::NEVER);
        let state = self.state.lock();
        if state.handler.is_some() { state.linger_end() } else { Deadline::NEVER }
    }

    /// Gives the state the handler of an inline batcher.
    pub(super) fn adopt(&self, handler: Handler<T>) {
        self.state.lock().handler = Some(handler);
    }

    /// Notes that a batch thread is about to start, so that a close waits for it.
    pub(super) fn expect_thread(&self) {
        self.state.lock().served = true;
    }

    /// The life of the batch thread.
    pub(super) fn serve(&self, mut handler: Handler<T>, on_start: Option<Box<dyn FnOnce() + Send>>) {
        // Ends last, when the handler is gone: its destructor, too, may be what drops or closes the batcher.
        let _end = End(self);
        let _inside = Inside::enter();
        self.state.lock().runner = Some(thread::current().id());
        if let Some(on_start) = on_start
            && !contain(on_start)
        {
            self.state.lock().count_panics(1);
        }
        while let Some(batch) = self.next() {
            self.hand_over(&mut handler, batch);
        }
        contain(|| drop(handler));
    }

    /// Sleeps until a batch is due; `None` once the batcher is closed and empty.
    fn next(&self) -> Option<Vec<T>> {
        loop {
            {
                let mut state = self.state.lock();
                state.sleep = Sleep::Awake;
                if let Some(batch) = state.take(&self.clock) {
                    return Some(batch);
                }
                if state.closed {
                    return None;
                }
            }
            let listener = self.work.listen();
            let deadline = {
                let mut state = self.state.lock();
                if state.is_due(&self.clock) || state.closed {
                    continue;
                }
                let end = state.linger_end();
                state.sleep = if state.is_drained() { Sleep::ForItem } else { Sleep::ForLinger };
                end
            };
            listener.wait_until(&self.clock, deadline);
        }
    }

    /// Runs the handler for one batch that was taken, and settles it.
    fn hand_over(&self, handler: &mut Handler<T>, mut batch: Vec<T>) {
        let len = batch.len();
        // The batch no longer counts as waiting.
        self.room.notify(len);
        let mut panics = u64::from(!contain(|| handler(&mut batch)));
        // A handler may have added items of its own; the figures are about those that were pushed.
        let failed = batch.len().min(len);
        if !batch.is_empty() {
            panics += u64::from(!self.fail(mem::take(&mut batch)));
        }
        self.state.lock().settle(failed, panics, batch);
        self.settled.notify_all();
    }

    /// Gives items that were not handled to the one who asked for them; false where that panicked.
    fn fail(&self, items: Vec<T>) -> bool {
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
        let (target, call) = {
            let mut state = self.state.lock();
            state.make_due(Trigger::Flush);
            (state.pushed(), self.call(&mut state))
        };
        self.answer(call);
        let look = || match self.state.lock().is_settled(target) {
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
        self.shut(deadline);
        let report = {
            let mut state = self.state.lock();
            let left_over = state.take_pending();
            state.count_left_over(left_over.len());
            let BatcherStats { handled, failed, in_flight, .. } = state.stats();
            CloseReport { handled, failed, in_flight, left_over }
        };
        // A flush may be waiting for what was just taken out.
        self.settled.notify_all();
        report
    }

    /// [`close`](Self::close) for when nobody is there to take what is left: it goes to `on_failed`.
    pub(super) fn abandon(&self, deadline: Deadline) {
        self.shut(deadline);
        let items = {
            let mut state = self.state.lock();
            let items = state.take_pending();
            state.count_failed(items.len());
            items
        };
        if !items.is_empty() {
            self.fail(items);
        }
    }

    fn shut(&self, deadline: Deadline) {
        let call = {
            let mut state = self.state.lock();
            state.closed = true;
            state.make_due(Trigger::Close);
            self.call(&mut state)
        };
        if let Call::Wake = call {
            self.work.notify(1);
        }
        self.room.notify_all();
        if self.is_inside() {
            return;
        }
        let quiet = || {
            let state = self.state.lock();
            state.is_drained() && !state.served
        };
        loop {
            // Of an inline batcher this caller is the one who hands over, unless another is at it.
            self.lead(deadline);
            if quiet() {
                return;
            }
            let listener = self.settled.listen();
            if quiet() || !listener.wait_until(&self.clock, deadline) {
                return;
            }
        }
    }

    /// Whether the batch thread has ended, or there never was one.
    pub(super) fn is_unserved(&self) -> bool {
        !self.state.lock().served
    }
}

/// Tells the closers that the batch thread is done, however it ends.
struct End<'a, T>(&'a Shared<T>);

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        {
            let mut state = self.0.state.lock();
            state.served = false;
            state.runner = None;
        }
        self.0.settled.notify_all();
    }
}
