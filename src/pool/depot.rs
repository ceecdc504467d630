use std::fmt;

use crossbeam::utils::CachePadded;

use super::{AcquireError, Stats};
use crate::primitive::Mutex;
use crate::sync::EventCount;
use crate::time::{Clock, Deadline};

/// The core every pool shares: the bound, the list of what is idle, who waits, and whether it is closed.
///
/// Three counts keep the bound: items that live (`live`, idle or out), items that are being made (`reserved`), and
/// `max`, which their sum never passes. `idle` is a stack: what came back last is warm in cache and goes out first,
/// and its capacity is never below `live + reserved`, so that giving back allocates nothing.
///
/// No user code runs under the lock: items are made, dropped and reset by the caller, which holds a [`Room`] or a
/// [`Leaving`] meanwhile. Each item or place that becomes free wakes one waiter; a waiter that is woken and finds that
/// another thread was faster listens again.
pub(super) struct Depot<T> {
    state: CachePadded<Mutex<State<T>>>,
    freed: EventCount,
    max: usize,
    clock: Clock,
}

struct State<T> {
    idle: Vec<T>,
    live: usize,
    reserved: usize,
    closed: bool,
    high_water: usize,
    created: u64,
    acquired: u64,
    discarded: u64,
    detached: u64,
    waits: u64,
}

impl<T> fmt::Debug for Depot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Depot").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// What an acquisition found.
pub(super) enum Taken<'a, T> {
    Item(T),
    Room(Room<'a, T>),
}

impl<T> Depot<T> {
    pub(super) fn new(max: usize, clock: Clock) -> Self {
        let state = State {
            idle: Vec::new(),
            live: 0,
            reserved: 0,
            closed: false,
            high_water: 0,
            created: 0,
            acquired: 0,
            discarded: 0,
            detached: 0,
            waits: 0,
        };
        Self { state: CachePadded::new(Mutex::new(state)), freed: EventCount::new(), max, clock }
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// An idle item; `None` where there is none but the bound is not reached by items that live.
    #[inline]
    pub(super) fn try_take(&self) -> Result<Option<T>, AcquireError> {
        let mut state = self.state.lock();
        match state.take()? {
            None if state.live == self.max => Err(AcquireError::Exhausted),
            taken => Ok(taken),
        }
    }

    /// An idle item, or room for up to `n` new ones (at least one).
    #[inline]
    pub(super) fn try_take_or_reserve(&self, n: usize) -> Result<Taken<'_, T>, AcquireError> {
        let mut state = self.state.lock();
        if let Some(item) = state.take()? {
            return Ok(Taken::Item(item));
        }
        let n = n.min(self.max - state.live - state.reserved);
        if n == 0 {
            return Err(AcquireError::Exhausted);
        }
        state.reserve(n)?;
        Ok(Taken::Room(Room { depot: self, count: n }))
    }

    /// Room for `n` items of a depot that has it.
    pub(super) fn reserve(&self, n: usize) -> Result<Room<'_, T>, AcquireError> {
        let mut state = self.state.lock();
        if n > self.max - state.live - state.reserved {
            return Err(AcquireError::Exhausted);
        }
        state.reserve(n)?;
        Ok(Room { depot: self, count: n })
    }

    /// Room for one item while fewer than `target` live or are being made.
    pub(super) fn reserve_below(&self, target: usize) -> Result<Option<Room<'_, T>>, AcquireError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(AcquireError::Closed);
        }
        if state.live + state.reserved >= target.min(self.max) {
            return Ok(None);
        }
        state.reserve(1)?;
        Ok(Some(Room { depot: self, count: 1 }))
    }

    /// Repeats `attempt` until it is anything but exhausted, or the deadline comes. `attempt` runs no user code: this
    /// thread is listed as a waiter meanwhile, and would hold back a wake-up that another could use.
    pub(super) fn wait_for<R>(
        &self,
        deadline: Deadline,
        mut attempt: impl FnMut() -> Result<R, AcquireError>,
    ) -> Result<R, AcquireError> {
        match attempt() {
            Err(AcquireError::Exhausted) => self.wait_slow(deadline, attempt),
            other => other,
        }
    }

    #[cold]
    fn wait_slow<R>(
        &self,
        deadline: Deadline,
        mut attempt: impl FnMut() -> Result<R, AcquireError>,
    ) -> Result<R, AcquireError> {
        self.state.lock().waits += 1;
        loop {
            let listener = self.freed.listen();
            match attempt() {
                Err(AcquireError::Exhausted) => {}
                // The listener is dropped: a wake-up it got meanwhile goes to the next one.
                other => return other,
            }
            let notified = listener.wait_until(&self.clock, deadline);
            match attempt() {
                Err(AcquireError::Exhausted) if notified => {}
                Err(AcquireError::Exhausted) => return Err(AcquireError::Timeout),
                other => return other,
            }
        }
    }

    /// Makes an item that was out idle. A closed depot refuses it.
    #[inline]
    pub(super) fn put(&self, item: T) -> Result<(), T> {
        {
            let mut state = self.state.lock();
            if state.closed {
                return Err(item);
            }
            state.idle.push(item);
        }
        self.freed.notify(1);
        Ok(())
    }

    /// The guard under which `count` items that are out end.
    pub(super) fn leaving(&self, count: usize, end: End) -> Leaving<'_, T> {
        Leaving { depot: self, count, end }
    }

    /// Drops an item that was out, and frees its place after that.
    pub(super) fn discard(&self, item: T) {
        let _leaving = self.leaving(1, End::Discarded);
        drop(item);
    }

    /// Drops the items that were idle longest until at most `keep` are; tells how many that were.
    pub(super) fn trim(&self, keep: usize) -> usize {
        let surplus: Vec<T> = {
            let mut state = self.state.lock();
            let surplus = state.idle.len().saturating_sub(keep);
            state.idle.drain(..surplus).collect()
        };
        let count = surplus.len();
        let _leaving = self.leaving(count, End::Discarded);
        drop(surplus);
        count
    }

    /// Takes out of the idle items those that `select` moves from its argument into what it returns. They no longer
    /// count against the bound.
    pub(super) fn withdraw(&self, select: impl FnOnce(&mut Vec<T>) -> Vec<T>) -> Vec<T> {
        let mut state = self.state.lock();
        let withdrawn = select(&mut state.idle);
        state.live -= withdrawn.len();
        state.discarded += withdrawn.len() as u64;
        withdrawn
    }

    /// From now on every acquisition is refused. Wakes all who wait.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.freed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    pub(super) fn stats(&self) -> Stats {
        let state = self.state.lock();
        Stats {
            max: self.max,
            live: state.live,
            idle: state.idle.len(),
            in_use: state.live - state.idle.len(),
            high_water: state.high_water,
            created: state.created,
            acquired: state.acquired,
            discarded: state.discarded,
            detached: state.detached,
            waits: state.waits,
        }
    }
}

impl<T> State<T> {
    #[inline]
    fn take(&mut self) -> Result<Option<T>, AcquireError> {
        if self.closed {
            return Err(AcquireError::Closed);
        }
        let item = self.idle.pop();
        if item.is_some() {
            self.went_out();
        }
        Ok(item)
    }

    #[inline]
    fn went_out(&mut self) {
        self.acquired += 1;
        self.high_water = self.high_water.max(self.live - self.idle.len());
    }

    fn reserve(&mut self, n: usize) -> Result<(), AcquireError> {
        let needed = self.live + self.reserved + n;
        self.idle.try_reserve(needed - self.idle.len()).map_err(|_| AcquireError::out_of_memory())?;
        self.reserved += n;
        Ok(())
    }
}

/// Places of the bound that are held for items being made. Dropped, by an error or a panic of the maker, it frees them
/// and wakes as many waiters.
#[must_use = "the places are free again when this is dropped"]
pub(super) struct Room<'a, T> {
    depot: &'a Depot<T>,
    count: usize,
}

impl<T> Room<'_, T> {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One item was made and goes straight out.
    pub(super) fn fill_out(mut self) {
        debug_assert_eq!(self.count, 1);
        let mut state = self.depot.state.lock();
        self.count = 0;
        state.reserved -= 1;
        state.live += 1;
        state.created += 1;
        state.went_out();
    }

    /// One item was made and waits in the depot. Handed back, and counted as an item that is out, where that was closed
    /// meanwhile.
    pub(super) fn fill_idle(mut self, item: T) -> Result<(), T> {
        debug_assert_eq!(self.count, 1);
        {
            let mut state = self.depot.state.lock();
            self.count = 0;
            state.reserved -= 1;
            state.live += 1;
            state.created += 1;
        }
        self.depot.put(item)
    }

    /// All of them were made and wait in the depot; the last goes out first.
    pub(super) fn fill_all(mut self, items: impl ExactSizeIterator<Item = T>) {
        debug_assert_eq!(self.count, items.len());
        let count = std::mem::take(&mut self.count);
        {
            let mut state = self.depot.state.lock();
            state.reserved -= count;
            state.live += count;
            state.created += count as u64;
            state.idle.extend(items);
        }
        self.depot.freed.notify(count);
    }
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        if self.count != 0 {
            self.depot.state.lock().reserved -= self.count;
            self.depot.freed.notify(self.count);
        }
    }
}

/// How an item that was out ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    Discarded,
    Detached,
}

/// Items that are out and end. Dropped, also by a panic of what ends them, it frees their places and wakes as many
/// waiters.
#[must_use = "the places are free when this is dropped"]
pub(super) struct Leaving<'a, T> {
    depot: &'a Depot<T>,
    count: usize,
    end: End,
}

impl<T> Leaving<'_, T> {
    /// They do not end after all.
    pub(super) fn stay(mut self) {
        self.count = 0;
    }
}

impl<T> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        if self.count == 0 {
            return;
        }
        {
            let mut state = self.depot.state.lock();
            state.live -= self.count;
            match self.end {
                End::Discarded => state.discarded += self.count as u64,
                End::Detached => state.detached += self.count as u64,
            }
        }
        self.depot.freed.notify(self.count);
    }
}
