//! What the handles and the guards of an [`ObjectPool`](super::ObjectPool) share.
#![allow(unsafe_code)] // Slots change hands by the stock's protocol.

use std::error::Error;
use std::fmt;
use std::mem;
use std::time::Duration;

use super::eviction::Eviction;
use super::home::{Shared, Way};
use super::sites::Sites;
use super::slot::Slot;
use super::stock::{End, Look, Room, Stock, Taken};
use super::{AcquireError, Recycle};
use crate::time::Deadline;

pub(super) type Create<T> = Box<dyn Fn() -> Result<T, Box<dyn Error + Send + Sync>> + Send + Sync>;
pub(super) type RecycleHook<T> = Box<dyn Fn(&mut T) -> Recycle + Send + Sync>;
pub(super) type Validate<T> = Box<dyn Fn(&mut T) -> bool + Send + Sync>;

/// The objects of a pool and what the builder was told about them.
pub(super) struct Objects<T> {
    pub(super) stock: Stock<Slot<T>>,
    pub(super) create: Create<T>,
    pub(super) recycle: Option<RecycleHook<T>>,
    pub(super) validate: Option<Validate<T>>,
    pub(super) eviction: Option<Eviction>,
    pub(super) sites: Sites,
}

impl<T> Objects<T> {
    /// An idle object, or a new one. Does not wait.
    #[inline]
    pub(super) fn try_take(&self) -> Result<Slot<T>, AcquireError> {
        let slot = match self.stock.try_take() {
            Some(slot) if self.validate.is_none() => slot,
            taken => self.try_take_slow(taken)?,
        };
        Ok(self.acquired(slot))
    }

    /// An object goes out.
    #[inline]
    pub(super) fn acquired(&self, mut slot: Slot<T>) -> Slot<T> {
        // SAFETY: the slot was just acquired, by this call alone.
        self.sites.acquired(unsafe { slot.mark_mut() }, self.stock.clock());
        slot
    }

    /// An object has come back from its guard.
    ///
    /// # Safety
    ///
    /// - The object is out, and its guard is gone.
    #[inline]
    pub(super) unsafe fn returned(&self, mut slot: Slot<T>) {
        // SAFETY: the guard that had the only access gave it up.
        self.sites.returned(unsafe { slot.mark_mut() });
    }

    /// Apart, so that what is inlined wherever a pool is used is short.
    #[inline(never)]
    fn try_take_slow(&self, taken: Option<Slot<T>>) -> Result<Slot<T>, AcquireError> {
        if self.validate.is_none() {
            match self.stock.look() {
                Look::Item(slot) => return Ok(slot),
                Look::Nothing => return Err(AcquireError::Exhausted),
                Look::Further => {}
            }
        }
        self.take_by(taken, || self.stock.take_or_reserve(1))
    }

    /// An idle object, or a new one, or the first that comes back before the deadline.
    #[inline]
    pub(super) fn take(&self, deadline: Deadline) -> Result<Slot<T>, AcquireError> {
        let slot = match self.stock.try_take() {
            Some(slot) if self.validate.is_none() => slot,
            taken => self.take_slow(taken, deadline)?,
        };
        Ok(self.acquired(slot))
    }

    #[inline(never)]
    fn take_slow(&self, taken: Option<Slot<T>>, deadline: Deadline) -> Result<Slot<T>, AcquireError> {
        if self.validate.is_none()
            && let Look::Item(slot) = self.stock.look()
        {
            return Ok(slot);
        }
        self.take_by(taken, || match self.stock.take_or_reserve(1) {
            Err(AcquireError::Exhausted) => self.stock.wait_for(deadline, || self.stock.take_or_reserve(1)),
            other => other,
        })
    }

    /// Up to `n` objects to `to`; tells how many, at least one. Does not wait. The caller notes the acquisitions.
    pub(super) fn try_take_many(&self, n: usize, mut to: impl FnMut(Slot<T>)) -> Result<usize, AcquireError> {
        let mut taken = match &self.validate {
            None => self.stock.take_many(n, &mut to),
            Some(_) => 0,
        };
        while taken < n {
            let first = self.validate.as_ref().and_then(|_| self.stock.try_take());
            match self.try_take_slow(first) {
                Ok(slot) => to(slot),
                Err(_) if taken > 0 => break,
                Err(refused) => return Err(refused),
            }
            taken += 1;
        }
        Ok(taken)
    }

    /// Takes back the `n` objects that `slot` gives by number, and whose return was noted.
    ///
    /// # Safety
    ///
    /// - The objects are out, and the caller's slots are not used again.
    pub(super) unsafe fn put_many(&self, n: usize, slot: impl Fn(usize) -> Slot<T>) {
        if let Err(from) = self.stock.put_many(n, &slot) {
            // SAFETY: the stock did not take them: they are out, and this is the last use of them.
            unsafe { self.discard_all((from..n).map(slot)) };
        }
    }

    pub(super) fn deadline(&self, timeout: Duration) -> Deadline {
        Deadline::after(self.stock.clock(), timeout)
    }

    /// `first`, or what `next` gives, that is valid.
    fn take_by<'a>(
        &'a self,
        first: Option<Slot<T>>,
        mut next: impl FnMut() -> Result<Taken<'a, Slot<T>>, AcquireError>,
    ) -> Result<Slot<T>, AcquireError> {
        let mut taken = first.map(Taken::Item);
        loop {
            let found = match taken.take() {
                Some(taken) => taken,
                None => next()?,
            };
            match found {
                Taken::Item(slot) => {
                    if self.check(slot) {
                        return Ok(slot);
                    }
                }
                Taken::Room(room) => {
                    let slot = Slot::try_new(&self.create)?;
                    room.fill_out();
                    return Ok(slot);
                }
            }
        }
    }

    /// Whether an object that was idle may go out. One that may not is dropped.
    pub(super) fn check(&self, slot: Slot<T>) -> bool {
        let Some(validate) = &self.validate else { return true };
        let mut unchecked = Unfinished { way: self, slot, end: End::Rejected };
        // SAFETY: the slot was just acquired, by this call alone.
        let valid = validate(unsafe { unchecked.slot.get_mut() });
        if valid {
            mem::forget(unchecked);
        }
        valid
    }

    /// A new object waits in the pool.
    pub(super) fn keep_new(&self, room: Room<'_, Slot<T>>, slot: Slot<T>) -> Result<(), AcquireError> {
        room.fill_idle(std::iter::once(slot)).map_err(|slots| {
            for slot in slots {
                // SAFETY: the stock did not take it: it is out, and this is the last use of it.
                unsafe { self.end(slot, End::Discarded) };
            }
            AcquireError::Closed
        })
    }

    /// Drops an object that is out, and frees its place after that.
    ///
    /// # Safety
    ///
    /// - The object is out, and the caller's slot is not used again.
    pub(super) unsafe fn end(&self, slot: Slot<T>, end: End) {
        let _leaving = self.stock.leaving(1, end);
        // SAFETY: the caller's promise.
        drop(unsafe { slot.into_inner() });
    }

    /// Drops objects that are out, as [`end`](Self::end) does; where one panics, the others all the same.
    ///
    /// # Safety
    ///
    /// - The objects are out, and no copies of the slots are used again.
    pub(super) unsafe fn discard_all(&self, slots: impl Iterator<Item = Slot<T>>) -> usize {
        struct Rest<'a, T, S: Iterator<Item = Slot<T>>>(&'a Objects<T>, S);
        impl<T, S: Iterator<Item = Slot<T>>> Drop for Rest<'_, T, S> {
            fn drop(&mut self) {
                // SAFETY: the promise of the caller of `discard_all`.
                self.1.by_ref().for_each(|slot| unsafe { self.0.end(slot, End::Discarded) });
            }
        }
        let mut rest = Rest(self, slots);
        // SAFETY: the caller's promise.
        rest.1.by_ref().map(|slot| unsafe { self.end(slot, End::Discarded) }).count()
    }

    /// Drops idle objects, those idle longest first, until at most `keep` are left.
    pub(super) fn trim(&self, keep: usize) -> usize {
        let surplus = self.stock.withdraw(|idle| {
            let surplus = idle.len().saturating_sub(keep);
            idle.drain(..surplus).collect()
        });
        // SAFETY: what was withdrawn is out, and nobody else's.
        unsafe { self.discard_all(surplus.into_iter()) }
    }

    /// Drops the objects that nobody needed in the period that has ended, if one has.
    pub(super) fn evict_idle(&self) -> usize {
        match &self.eviction {
            // SAFETY: what was withdrawn is out, and nobody else's.
            Some(eviction) if eviction.is_due(self.stock.clock()) => unsafe {
                self.discard_all(self.stock.withdraw_unneeded().into_iter())
            },
            _ => 0,
        }
    }

    pub(super) fn close(&self) {
        self.stock.close();
        // SAFETY: what was withdrawn is out, and nobody else's. Of a closed stock the list itself may be taken.
        unsafe { self.discard_all(self.stock.withdraw(mem::take).into_iter()) };
    }
}

impl<T> Shared for Objects<T> {
    fn abandon(&self) {
        self.stock.abandon();
        self.close();
    }

    fn is_over(&self) -> bool {
        self.stock.is_over()
    }
}

impl<T> fmt::Debug for Objects<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("stock", &self.stock).finish_non_exhaustive()
    }
}

/// Takes an object back from its guard.
///
/// # Safety
///
/// - The object is out, `way` leads to its pool, and the caller's slot is not used again.
#[inline]
pub(super) unsafe fn release<T, W: Way<Objects<T>>>(way: W, slot: Slot<T>) {
    // SAFETY: the object is out; it stays so until a visit has it, and after that neither this nor the magazine is used.
    let objects = unsafe { way.shared() };
    // SAFETY: the caller's promise.
    unsafe { objects.returned(slot) };
    if objects.recycle.is_none()
        && let Some(mut visit) = objects.stock.visit()
        && visit.push_top(slot).is_ok()
    {
        return;
    }
    // SAFETY: the object is still out.
    unsafe { release_slow(way, slot) };
}

/// Apart, so that what is inlined wherever a guard is dropped is short.
///
/// # Safety
///
/// - As for [`release`].
#[inline(never)]
unsafe fn release_slow<T, W: Way<Objects<T>>>(way: W, slot: Slot<T>) {
    // SAFETY: the object is out; it stays so until a visit has it, and after that neither this nor the magazine is used.
    let objects = unsafe { way.shared() };
    if let Some(hook) = &objects.recycle {
        let mut unfinished = Unfinished { way, slot, end: End::Discarded };
        // SAFETY: the guard that had the only access gave it up.
        match hook(unsafe { unfinished.slot.get_mut() }) {
            Recycle::Discard => return,
            Recycle::Keep => mem::forget(unfinished),
        }
    }
    if let Some(mut visit) = objects.stock.visit_slow()
        && visit.push(slot).is_ok()
    {
        return;
    }
    // SAFETY: the object is still out.
    unsafe { put(way, slot) };
}

/// Lets an object go for good. Its place is free before the caller has it.
///
/// # Safety
///
/// - As for [`release`].
pub(super) unsafe fn detach<T, W: Way<Objects<T>>>(way: W, slot: Slot<T>) -> T {
    // SAFETY: the object is out, and this is the last use of its slot.
    unsafe {
        way.enter(|objects| {
            objects.returned(slot);
            let object = slot.into_inner();
            drop(objects.stock.leaving(1, End::Detached));
            object
        })
    }
}

/// # Safety
///
/// - As for [`release`].
#[cold]
unsafe fn put<T, W: Way<Objects<T>>>(way: W, slot: Slot<T>) {
    // SAFETY: the object is out.
    unsafe {
        way.enter(|objects| {
            if let Err(slot) = objects.stock.put(slot) {
                // SAFETY: the object is still out, and this is the last use of it.
                objects.end(slot, End::Discarded);
            }
            objects.evict_idle();
        });
    }
}

/// An object that is out while user code looks at it. Dropped, by that code's word or panic, it ends the object.
struct Unfinished<T, W: Way<Objects<T>>> {
    way: W,
    slot: Slot<T>,
    end: End,
}

impl<T, W: Way<Objects<T>>> Drop for Unfinished<T, W> {
    fn drop(&mut self) {
        // SAFETY: the object is out, and this is the last use of its slot.
        unsafe { self.way.enter(|objects| objects.end(self.slot, self.end)) };
    }
}
