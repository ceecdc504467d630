//! Getting at what lies in other threads' magazines: to take it, to wait for it, to end it.
#![allow(unsafe_code)] // Revoked magazines are touched under the depot's lock.

use super::Item;
use super::depot::Depot;
use super::magazine::CAPACITY;
use super::revocation::{Reason, Revocation};
use super::stock::{Found, Stock, Taken};
use crate::pool::AcquireError;
use crate::primitive::MutexGuard;
use crate::sync::{Patience, fence};
use crate::time::Deadline;

impl<I: Item> Stock<I> {
    /// As [`take_or_reserve`](Self::take_or_reserve), once what lies in other threads' magazines was moved to the depot.
    pub(super) fn take_from_magazines(&self, n: usize) -> Result<Taken<'_, I>, AcquireError> {
        let mut depot = self.lock();
        // What was released before this call, in the order that the program can tell, is in `len`, or came here since.
        let found = if !depot.idle.is_empty() {
            self.take_from(depot, n)?
        } else if !depot.retired && self.magazines.len() > 0 {
            // Until this thread has had its turn.
            let _revocation = self.revoke(&mut depot, Reason::Reclaim);
            drop(depot);
            self.collect(|| true);
            self.take_from_depot(n)?
        } else {
            return Err(AcquireError::Exhausted);
        };
        match found {
            Found::Taken(taken) => Ok(taken),
            Found::Nothing { .. } => Err(AcquireError::Exhausted),
        }
    }

    /// Repeats `attempt` until it is anything but exhausted, or the deadline comes. `attempt` runs no user code: this
    /// thread is listed as a waiter meanwhile, and would hold back a wake-up that another could use.
    #[cold]
    pub(in crate::pool) fn wait_for<R>(
        &self,
        deadline: Deadline,
        mut attempt: impl FnMut() -> Result<R, AcquireError>,
    ) -> Result<R, AcquireError> {
        let _waiting = {
            let mut depot = self.lock();
            depot.counts.waits += 1;
            self.revoke(&mut depot, Reason::Wait)
        };
        let mut patience = Patience::new();
        self.collect(|| {
            patience.pause();
            deadline.is_past(&self.clock)
        });
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

    /// Takes out of the idle items, wherever they lie, those that `select` moves from its argument, where those that came
    /// last stand last, into what it returns. They are out then: to be ended under a [`Leaving`]. An item in a magazine whose
    /// owner was preempted in the middle of a visit may be left.
    pub(in crate::pool) fn withdraw(&self, select: impl FnOnce(&mut Vec<I>) -> Vec<I>) -> Vec<I> {
        let (_revocation, mut depot) = self.gather();
        let withdrawn = select(&mut depot.idle);
        depot.low_water = depot.low_water.min(depot.idle.len());
        withdrawn
    }

    /// Withdraws as many of the items that were idle longest as the depot was never without since this was last called.
    pub(in crate::pool) fn withdraw_unneeded(&self) -> Vec<I> {
        let (_revocation, mut depot) = self.gather();
        let unneeded = depot.low_water.min(depot.idle.len());
        depot.low_water = depot.idle.len() - unneeded;
        depot.idle.drain(..unneeded).collect()
    }

    /// Moves what magazines hold to the depot, and locks it.
    fn gather(&self) -> (Revocation<'_, I>, MutexGuard<'_, Depot<I>>) {
        let revocation = self.revoke(&mut self.lock(), Reason::Trim);
        let mut patience = Patience::new();
        self.collect(|| {
            patience.pause();
            !patience.lasts()
        });
        (revocation, self.lock())
    }

    /// From now on every acquisition is refused, and items that come back are too. Wakes all who wait. Waits for visits to
    /// magazines to end, a few instructions each.
    pub(in crate::pool) fn close(&self) {
        let _revocation = {
            let mut depot = self.lock();
            depot.closed = true;
            self.revoke(&mut depot, Reason::Trim)
        };
        self.freed.notify_all();
        let mut patience = Patience::new();
        self.collect(|| {
            patience.pause();
            false
        });
    }

    /// Revokes the magazines, to be emptied by [`collect`](Self::collect) once the lock is released.
    fn revoke(&self, depot: &mut Depot<I>, reason: Reason) -> Revocation<'_, I> {
        // First, so that under loom its fence is not taken for the one between `access` and the magazines.
        self.shelf.lock(true);
        if !self.magazines.access.is_revoked() {
            self.magazines.access.revoke();
            depot.counts.revocations += 1;
            if !matches!(reason, Reason::Trim) {
                depot.rest.begin(self.magazines.popped());
            }
        }
        match reason {
            Reason::Wait => depot.waiters += 1,
            Reason::Reclaim | Reason::Trim => depot.revokers += 1,
        }
        Revocation::new(self, reason)
    }

    /// Gives the shelf back to all, if nobody wants everything in the depot any more.
    pub(super) fn unlock_shelf(&self, depot: &Depot<I>) {
        if !depot.is_wanted() {
            self.shelf.lock(false);
        }
    }

    /// Moves what lies on the shelf and in the magazines to the depot, until no magazine is being visited, or `give_up` says
    /// so. By a thread that has a [`Revocation`].
    fn collect(&self, mut give_up: impl FnMut() -> bool) {
        {
            let mut depot = self.lock();
            let came = self.shelf.clear(|item| depot.idle.push(item));
            // Magazines are opened under the lock, and none is while they are revoked.
            depot.quiet |= self.magazines.used().next().is_none();
            let quiet = depot.quiet;
            self.unlock(depot, came);
            if quiet {
                return;
            }
        }
        // Pairs with the light fence in `Access::admits` (edge "revoke").
        if !fence::heavy() {
            self.lock().retired = true;
            return;
        }
        loop {
            let mut depot = self.lock();
            let before = depot.idle.len();
            let mut busy = false;
            for magazine in self.magazines.used() {
                if magazine.is_busy() {
                    busy = true;
                } else {
                    // SAFETY: the lock is held, and the magazines were revoked before the heavy fence and are still. So a
                    // visit that may touch this one began before the fence, and was seen to be over.
                    unsafe { magazine.take_lowest(CAPACITY, |item| depot.idle.push(item)) };
                }
            }
            depot.quiet |= !busy;
            let came = depot.idle.len() - before;
            self.unlock(depot, came);
            if !busy || give_up() {
                return;
            }
        }
    }
}
