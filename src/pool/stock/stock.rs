//! Idle items of a bounded number.
#![allow(unsafe_code)] // Under the depot's lock a thread touches magazines.

use std::fmt;
use std::ops::Range;

use super::Item;
use super::depot::Depot;
use super::leaving::{End, Leaving};
use super::magazine::{CAPACITY, Magazine, Visit};
use super::magazines::Magazines;
use super::room::Room;
use super::shelf::Shelf;
use crate::pool::{AcquireError, Stats};
use crate::primitive::{Mutex, MutexGuard};
use crate::sync::{CachePadded, EventCount, fence, known_thread_slot, thread_slot};
use crate::time::Clock;

/// The core every pool shares: the bound, what is idle, who waits, and whether it is closed.
///
/// An item is an address or an index: the owner of the stock makes what it names, and ends it. An idle item lies in the
/// magazine of a thread, or in the depot, which a lock guards. A thread takes from its magazine and puts into it without a
/// locked instruction; where that is empty or full it goes to the depot, and moves half a magazine at a time. After Bonwick
/// and Adams, "Magazines and Vmem" (2001); the fences by which another thread gets at a magazine are `sync::fence`. The page
/// `docs/pools` has the protocol.
///
/// No user code runs under the lock or in a visit to a magazine: items are made and ended by the caller, which holds a
/// [`Room`] or a [`Leaving`] meanwhile. Each item or place that becomes free wakes one waiter; a waiter that is woken and
/// finds that another thread was faster listens again.
pub(in crate::pool) struct Stock<I: Item> {
    /// Read by every operation, written hardly ever: on lines of its own.
    pub(super) magazines: CachePadded<Magazines<I>>,
    /// What is idle while the magazines rest, but for what is in the depot.
    pub(super) shelf: Shelf<I>,
    depot: CachePadded<Mutex<Depot<I>>>,
    pub(super) freed: EventCount,
    max: usize,
    /// How many items a magazine may hold.
    limit: usize,
    pub(super) clock: Clock,
}

/// Of so many items that a thread takes, one is not taken from the shelf.
const SHELF_TURN: u64 = 64;

/// What an acquisition found.
pub(in crate::pool) enum Taken<'a, I: Item> {
    Item(I),
    Room(Room<'a, I>),
}

/// What a look at the magazine, or at the shelf, came to.
pub(in crate::pool) enum Look<I> {
    Item(I),
    /// There is nothing there, nor elsewhere.
    Nothing,
    /// There may be something elsewhere.
    Further,
}

/// What the depot had.
pub(super) enum Found<'a, I: Item> {
    Taken(Taken<'a, I>),
    /// The depot is empty and the bound is reached.
    Nothing {
        /// There may be items in other threads' magazines.
        but_magazines: bool,
    },
}

impl<I: Item> Stock<I> {
    /// At most `max` items; each thread's magazine holds up to `magazine` of them, and none where that is 0.
    pub(in crate::pool) fn new(max: usize, magazine: usize, clock: Clock) -> Self {
        let limit = magazine.min(CAPACITY).min(max);
        let magazines = Magazines::new(limit > 0 && fence::prepare());
        let mut depot = Depot::new();
        if limit == 0 {
            depot.retired = true;
            depot.quiet = true;
        } else {
            depot.resume(&magazines.access, || 0);
        }
        Self {
            magazines: CachePadded::new(magazines),
            shelf: Shelf::new(),
            depot: CachePadded::new(Mutex::new(depot)),
            freed: EventCount::new(),
            max,
            limit,
            clock,
        }
    }

    pub(in crate::pool) fn max(&self) -> usize {
        self.max
    }

    pub(in crate::pool) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Depot<I>> {
        let depot = self.depot.lock();
        self.shelf.set_bare(false);
        depot
    }

    /// The calling thread's magazine; `None` where it has none, or where all are revoked. Calls nothing.
    ///
    /// Who puts an item into it by which it kept the stock alive may not use the stock after that, and the magazine not after
    /// the visit.
    #[inline]
    pub(in crate::pool) fn visit(&self) -> Option<Visit<'_, I>> {
        self.magazines.visit()
    }

    /// The item on top of the calling thread's magazine, if the top is not free. Calls nothing, and is short, so that it is
    /// inlined wherever a pool is used.
    #[inline]
    pub(in crate::pool) fn try_take(&self) -> Option<I> {
        self.visit()?.pop_top()
    }

    /// Up to `n` idle items, those of the calling thread's magazine first, to `to`; tells how many. Does not look into
    /// other threads' magazines.
    #[inline]
    pub(in crate::pool) fn take_many(&self, n: usize, mut to: impl FnMut(I)) -> usize {
        let taken = self.magazines.visit().map_or(0, |mut visit| visit.pop_many(n, &mut to));
        if taken < n { taken + self.take_many_slow(n - taken, to) } else { taken }
    }

    #[cold]
    fn take_many_slow(&self, n: usize, to: impl FnMut(I)) -> usize {
        let mut depot = self.lock();
        if depot.closed {
            return 0;
        }
        let (_, emptied) = self.come(&mut depot);
        let n = n.min(depot.idle.len());
        let rest = depot.idle.len() - n;
        depot.idle.drain(rest..).rev().for_each(to);
        depot.low_water = depot.low_water.min(rest);
        depot.counts.acquired += n as u64;
        self.unlock(depot, emptied);
        n
    }

    /// Where [`try_take`](Self::try_take) found nothing: an idle item wherever it lies, or room for up to `n` new ones (at
    /// least one). Does not wait, and so may miss an item in a magazine that is being visited at that instant.
    #[cold]
    pub(in crate::pool) fn take_or_reserve(&self, n: usize) -> Result<Taken<'_, I>, AcquireError> {
        match self.look() {
            Look::Item(item) => return Ok(Taken::Item(item)),
            Look::Nothing => return Err(AcquireError::Exhausted),
            Look::Further => {}
        }
        match self.take_from_depot(n)? {
            Found::Taken(taken) => Ok(taken),
            Found::Nothing { but_magazines: false } => Err(AcquireError::Exhausted),
            Found::Nothing { but_magazines: true } => self.take_from_magazines(n),
        }
    }

    /// An item of the calling thread's magazine, or where that is revoked, of the shelf. Takes no lock.
    #[inline]
    pub(in crate::pool) fn look(&self) -> Look<I> {
        if self.magazines.access.is_revoked() {
            return self.look_at_shelf();
        }
        self.visit().and_then(|mut visit| visit.pop()).map_or(Look::Further, Look::Item)
    }

    /// As [`visit`](Self::visit), for those who found that it may be in vain.
    #[inline]
    pub(in crate::pool) fn visit_slow(&self) -> Option<Visit<'_, I>> {
        if self.magazines.access.is_revoked() { None } else { self.visit() }
    }

    /// Where [`look`](Self::look) found nothing: an idle item of the depot. Does not look into other threads' magazines.
    #[cold]
    pub(in crate::pool) fn take_idle(&self) -> Result<Option<I>, AcquireError> {
        match self.take_from_depot(0)? {
            Found::Taken(Taken::Item(item)) => Ok(Some(item)),
            _ => Ok(None),
        }
    }

    /// An item from the shelf, but for now and then, when the thread is to go to the depot and see whether the magazines have
    /// rested.
    fn look_at_shelf(&self) -> Look<I> {
        let own = known_thread_slot().and_then(|slot| Some((slot, self.magazines.get(slot)?)));
        match own {
            Some((slot, magazine)) if !magazine.popped().is_multiple_of(SHELF_TURN) => match self.shelf.take(slot) {
                Some(item) => {
                    magazine.count_popped(1);
                    Look::Item(item)
                }
                None if self.shelf.is_bare() => Look::Nothing,
                None => Look::Further,
            },
            _ => Look::Further,
        }
    }

    pub(super) fn take_from_depot(&self, n: usize) -> Result<Found<'_, I>, AcquireError> {
        self.take_from(self.lock(), n)
    }

    pub(super) fn take_from<'a>(
        &'a self,
        mut depot: MutexGuard<'a, Depot<I>>,
        n: usize,
    ) -> Result<Found<'a, I>, AcquireError> {
        depot.check_open()?;
        let (own, mut came) = self.come(&mut depot);
        // A thread may find items in its magazine that had looked in vain: those of a dead thread whose slot it was given just
        // now, or those below one that was not valid.
        let held = self.in_use(own).and_then(|magazine| {
            // SAFETY: the lock is held, and the magazine is the calling thread's.
            unsafe { magazine.pop() }
        });
        if held.is_none() && depot.idle.is_empty() {
            came += self.shelf.clear(|item| depot.idle.push(item));
        }
        if let Some(item) = held.or_else(|| depot.take()) {
            match own {
                Some(magazine) => magazine.count_popped(1),
                None => depot.counts.acquired += 1,
            }
            if let Some(magazine) = self.in_use(own)
                && held.is_none()
            {
                // Half, so that neither what is acquired nor what is released next comes back here at once.
                let keep = depot.idle.len().saturating_sub(self.limit / 2);
                depot.low_water = depot.low_water.min(keep);
                // SAFETY: the lock is held, and the magazine is the calling thread's.
                let push = |item: &I| unsafe { magazine.push(*item) }.is_ok();
                let moved = depot.idle[keep..].iter().take_while(|item| push(item)).count();
                depot.idle.drain(keep..keep + moved);
            }
            self.unlock(depot, came);
            return Ok(Found::Taken(Taken::Item(item)));
        }
        let room = self.max - depot.live - depot.reserved;
        let n = n.min(room);
        if n == 0 {
            let but_magazines = !depot.quiet && !depot.retired;
            self.shelf.set_bare(room == 0 && !but_magazines);
            return Ok(Found::Nothing { but_magazines });
        }
        depot.reserve(n)?;
        Ok(Found::Taken(Taken::Room(Room::new(self, n))))
    }

    /// Room for one item while fewer than `target` live or are being made.
    pub(in crate::pool) fn reserve_below(&self, target: usize) -> Result<Option<Room<'_, I>>, AcquireError> {
        let mut depot = self.lock();
        depot.check_open()?;
        if depot.live + depot.reserved >= target.min(self.max) {
            return Ok(None);
        }
        depot.reserve(1)?;
        Ok(Some(Room::new(self, 1)))
    }

    /// Makes an item that was out idle, where its thread's magazine does not take it. A closed stock gives it back.
    #[cold]
    pub(in crate::pool) fn put(&self, mut item: I) -> Result<(), I> {
        // A guess. Whatever it is, everything is found where it lies.
        if self.magazines.access.is_revoked()
            && let Some(slot) = known_thread_slot()
        {
            match self.shelf.put(slot, item) {
                Ok(()) => return Ok(()),
                Err(left) => item = left,
            }
        }
        let mut depot = self.lock();
        if depot.closed {
            return Err(item);
        }
        let (own, emptied) = self.come(&mut depot);
        match self.in_use(own) {
            Some(magazine) => {
                // SAFETY: the lock is held, and the magazine is the calling thread's.
                if let Err(item) = unsafe { magazine.push(item) } {
                    let half = self.limit.div_ceil(2);
                    // SAFETY: as above.
                    unsafe { magazine.take_lowest(half, |item| depot.idle.push(item)) };
                    // SAFETY: as above.
                    if let Err(item) = unsafe { magazine.push(item) } {
                        depot.idle.push(item);
                    }
                }
                self.unlock(depot, emptied);
            }
            None => {
                depot.idle.push(item);
                self.unlock(depot, emptied + 1);
            }
        }
        Ok(())
    }

    /// Makes `n` items that were out idle, which `item` gives by number from 0. A closed stock takes only those before the
    /// number that is the error. By number, and not from an iterator, because the loop is then a straight copy.
    #[inline]
    pub(in crate::pool) fn put_many(&self, n: usize, item: impl Fn(usize) -> I) -> Result<(), usize> {
        let put = self.magazines.visit().map_or(0, |mut visit| visit.push_many(n, &item));
        if put < n { self.put_many_slow(put..n, item) } else { Ok(()) }
    }

    #[cold]
    fn put_many_slow(&self, rest: Range<usize>, item: impl Fn(usize) -> I) -> Result<(), usize> {
        let mut depot = self.lock();
        if depot.closed {
            return Err(rest.start);
        }
        let (_, emptied) = self.come(&mut depot);
        let came = emptied + rest.len();
        depot.idle.extend(rest.map(item));
        self.unlock(depot, came);
        Ok(())
    }

    /// The guard under which `count` items that are out end.
    pub(in crate::pool) fn leaving(&self, count: usize, end: End) -> Leaving<'_, I> {
        Leaving::new(self, count, end)
    }

    /// `n` items or places are free: wakes as many waiters.
    pub(super) fn freed(&self, n: usize) {
        self.freed.notify(n);
    }

    /// Unlocks the depot, where `came` items came since it was locked.
    pub(super) fn unlock(&self, depot: MutexGuard<'_, Depot<I>>, came: usize) {
        let wake = if depot.waiters > 0 { came } else { 0 };
        drop(depot);
        if wake > 0 {
            self.freed(wake);
        }
    }

    /// What each thread does that comes to the depot: resumes the magazines if they may be, and where they are not, empties
    /// its own. Gives that, and how many items it held.
    fn come(&self, depot: &mut Depot<I>) -> (Option<&Magazine<I>>, usize) {
        depot.resume(&self.magazines.access, || self.magazines.popped());
        let own = thread_slot().and_then(|slot| Some((slot, self.magazines.get(slot)?)));
        let Some((slot, magazine)) = own else { return (None, 0) };
        self.magazines.meet(slot);
        let held = magazine.len();
        if self.in_use(Some(magazine)).is_some() {
            magazine.set_limit(self.limit);
            return (Some(magazine), 0);
        }
        if held > 0 {
            // SAFETY: the lock is held, and the magazine is the calling thread's.
            unsafe { magazine.take_lowest(held, |item| depot.idle.push(item)) };
        }
        (Some(magazine), held)
    }

    /// The calling thread's magazine, if it may be filled and emptied; under the lock.
    fn in_use<'a>(&self, own: Option<&'a Magazine<I>>) -> Option<&'a Magazine<I>> {
        own.filter(|_| !self.magazines.access.is_revoked())
    }

    pub(in crate::pool) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// The last handle of a closed stock is gone.
    pub(in crate::pool) fn abandon(&self) {
        self.lock().abandoned = true;
    }

    /// Whether the last handle is gone, and all items have ended.
    pub(in crate::pool) fn is_over(&self) -> bool {
        let depot = self.lock();
        depot.abandoned && depot.live == 0
    }

    pub(in crate::pool) fn stats(&self) -> Stats {
        let depot = self.lock();
        let idle = (depot.idle.len() + self.magazines.len() + self.shelf.len()).min(depot.live);
        Stats {
            max: self.max,
            live: depot.live,
            idle,
            in_use: depot.live - idle,
            high_water: depot.counts.high_water,
            created: depot.counts.created,
            acquired: depot.counts.acquired.wrapping_add(self.magazines.popped()).wrapping_sub(depot.counts.rejected),
            discarded: depot.counts.discarded,
            detached: depot.counts.detached,
            waits: depot.counts.waits,
            revocations: depot.counts.revocations,
        }
    }
}

impl<I: Item> fmt::Debug for Stock<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stock").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
