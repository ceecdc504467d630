//! The side of a batcher that has the handler: takes batches, hands them over and settles them.

use std::mem;

use super::ahead::Ahead;
use super::back::{Batch, Handler, Sleep};
use super::contain::contain;
use super::front::Room;
use super::inside::Inside;
use super::shared::{Call, Shared};
use super::trigger::Trigger;
use super::watch::{watch, watch_until};
use crate::primitive::thread;
use crate::sync::fence;
use crate::time::Deadline;

impl<T> Shared<T> {
    /// The life of the batch thread.
    pub(super) fn serve(&self, mut handler: Handler<T>, on_start: Option<Box<dyn FnOnce() + Send>>) {
        // Ends last, when the handler is gone: its destructor, too, may be what drops or closes the batcher.
        let _end = End(self);
        let _inside = Inside::enter();
        self.back.lock().runner = Some(thread::current().id());
        if let Some(on_start) = on_start
            && !contain(on_start)
        {
            self.back.lock().count_panics(1);
        }
        let mut stay_awake = false;
        let mut ahead = Ahead::default();
        while let Some(batch) = self.next(stay_awake, &mut ahead) {
            // More is likely to come within the moment where a batch was full, or, where nothing lingers, had several items.
            stay_awake = batch.trigger.is_full()
                || batch.items.len() > 1 && self.front.with(|front| front.lingers_for_nothing());
            self.hand_over(&mut handler, batch, Deadline::NEVER);
        }
        contain(|| drop(handler));
    }

    /// Sleeps until a batch is due; `None` once the batcher is closed and empty.
    fn next(&self, mut stay_awake: bool, ahead: &mut Ahead) -> Option<Batch<T>> {
        loop {
            self.clear_signal();
            if let Some(batch) = self.take() {
                return Some(batch);
            }
            if mem::take(&mut stay_awake) && watch(|| self.is_signalled()) {
                continue;
            }
            let listener = self.work.listen();
            let wait = self.both(|front, back| {
                let due = back.has_sealed() || front.due(&self.clock).is_some() || front.is_staged_due(&self.clock);
                if due || front.is_closed() {
                    return (due, None);
                }
                let end = front.linger_end();
                back.sleep = if front.is_empty() { Sleep::ForItem } else { Sleep::ForLinger(end) };
                (due, Some(end))
            });
            match wait {
                (true, _) => continue,
                (false, None) => return None,
                (false, Some(deadline)) => {
                    let asked = ahead.before(&self.clock, deadline);
                    let told = listener.wait_until(&self.clock, asked);
                    self.back.lock().sleep = Sleep::Awake;
                    if !told {
                        ahead.learn(&self.clock, asked);
                    }
                    if !told && asked < deadline {
                        watch_until(&self.clock, deadline, || self.is_signalled());
                    }
                }
            }
        }
    }

    /// Takes the oldest batch that is due.
    fn take(&self) -> Option<Batch<T>> {
        if let Some(batch) = self.back.lock().take() {
            return Some(batch);
        }
        let staged = self.front.with(|front| front.is_staged_due(&self.clock));
        if staged {
            self.collect_due();
        }
        self.both(|front, back| {
            // One may have been closed meanwhile, and is older.
            if !back.has_sealed() {
                let trigger = front.due(&self.clock)?;
                front.seal(back, trigger);
            }
            back.take()
        })
    }

    /// Takes everything out of the stages into the open batch, if the first of what they hold has waited long enough.
    fn collect_due(&self) {
        let due = self.front.with(|front| {
            // What producers told of may have been handed over since.
            let first = front.stages.iter().filter_map(|stage| stage.since()).min();
            front.set_staged(first);
            front.is_staged_due(&self.clock)
        });
        if due {
            self.collect();
            self.both(|front, _| front.make_due(Trigger::Linger));
        }
    }

    /// Takes everything out of the stages into the open batch. What a producer puts there meanwhile is told of by that
    /// producer, or found here.
    pub(super) fn collect(&self) {
        if !self.move_staged() {
            return;
        }
        // Pairs with the light fence of a producer (edge "stage word"): of "item counted, then word read" there and
        // "word changed, then count read" here, at least one side sees the other's write.
        let fenced = fence::heavy();
        let (closing, call) = self.both(|front, back| {
            let closing = front.is_closing();
            if !closing && (!fenced || front.staged_len() > 0) {
                // Told of here, where their producers may not.
                let now = front.note_staged(&self.clock);
                front.stages.iter().filter(|stage| !fenced || stage.len() > 0).for_each(|stage| stage.set_since(now));
            }
            (closing, self.call(front, back))
        });
        if call == Call::Wake {
            self.work.notify(1);
        }
        if closing {
            self.move_staged();
        }
    }

    /// Whether any stage's word was changed.
    fn move_staged(&self) -> bool {
        let call = self.both(|front, back| {
            // After the close nobody takes what would be moved; what is still in a stage then, by a fence that the
            // kernel has come to refuse, fails when its producer goes.
            if front.stages.is_empty() || front.is_closed() {
                return None;
            }
            let mut changed = front.is_closing();
            let stages = mem::take(&mut front.stages);
            for stage in &stages {
                if stage.len() > 0 {
                    front.admit_slow(back, &mut stage.contents(), Room::Unbounded, &self.clock);
                    changed = true;
                }
            }
            front.stages = stages;
            front.set_staged(None);
            changed.then(|| self.call(front, back))
        });
        if call == Some(Call::Wake) {
            self.work.notify(1);
        }
        call.is_some()
    }

    /// Runs the handler for one batch that was taken, and settles it. It is not tried again past `deadline`.
    fn hand_over(&self, handler: &mut Handler<T>, batch: Batch<T>, deadline: Deadline) {
        let mut items = batch.items;
        let len = items.len();
        // The batch no longer counts as waiting.
        self.notify_room(len);
        let mut tries = 0;
        let mut panics = 0;
        loop {
            if !contain(|| handler(&mut items)) {
                panics = 1;
                break;
            }
            if items.is_empty() || tries == self.retry.times || !self.wait_to_retry(tries, deadline) {
                break;
            }
            tries += 1;
        }
        // A handler may have added items of its own; the figures are about those that were pushed.
        let failed = items.len().min(len);
        if !items.is_empty() {
            panics += u64::from(!self.fail(mem::take(&mut items)));
        }
        {
            let mut back = self.back.lock();
            back.count_panics(panics);
            back.settle(failed, items);
        }
        self.settled.notify_all();
    }

    /// Waits for the time of the next try; false where there is to be none.
    #[cold]
    fn wait_to_retry(&self, tries: u32, deadline: Deadline) -> bool {
        let next = Deadline::after(&self.clock, self.retry.wait(tries));
        loop {
            let listener = self.work.listen();
            {
                let mut back = self.back.lock();
                if back.no_retry || deadline.is_past(&self.clock) {
                    return false;
                }
                if next.is_past(&self.clock) {
                    back.count_retry();
                    return true;
                }
            }
            listener.wait_until(&self.clock, next.min(deadline));
        }
    }

    /// Hands over batches of an inline batcher until none is due or `deadline` is past. Does nothing where another
    /// thread has the handler: it looks for due batches, and gives the handler back, under one hold of the lock.
    #[cold]
    pub(super) fn lead(&self, deadline: Deadline) {
        let mut handler = {
            let mut back = self.back.lock();
            let Some(handler) = back.handler.take() else { return };
            back.runner = Some(thread::current().id());
            handler
        };
        let _inside = Inside::enter();
        loop {
            let in_time = !deadline.is_past(&self.clock);
            let batch = if in_time { self.take() } else { None };
            let Some(batch) = batch else {
                let (ours, due) = self.both(|front, back| {
                    let due = back.has_sealed() || front.due(&self.clock).is_some() || front.is_staged_due(&self.clock);
                    if due && in_time {
                        return (Some(handler), true);
                    }
                    back.runner = None;
                    if front.is_closed() && !due {
                        return (Some(handler), false);
                    }
                    back.handler = Some(handler);
                    (None, false)
                });
                match ours {
                    Some(ours) if due => handler = ours,
                    // Nothing comes any more.
                    Some(ours) => {
                        contain(|| drop(ours));
                        return;
                    }
                    None => return,
                }
                continue;
            };
            self.hand_over(&mut handler, batch, deadline);
        }
    }

    /// Hands over what is due of an inline batcher and says when the next batch will be.
    pub(super) fn poll(&self) -> Deadline {
        self.lead(Deadline::NEVER);
        self.both(|front, back| if back.handler.is_some() { front.linger_end() } else { Deadline::NEVER })
    }
}

/// Tells the closers that the batch thread is done, however it ends.
struct End<'a, T>(&'a Shared<T>);

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        {
            let mut back = self.0.back.lock();
            back.served = false;
            back.runner = None;
        }
        self.0.settled.notify_all();
    }
}
