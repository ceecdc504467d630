#![allow(unsafe_code)] // Stands in for `slots.rs`, whose callers own the slots they touch.

//! The slots of a ring under loom and shuttle, whose atomics and cells are no plain memory: the same names, a vector
//! underneath, and short lines, so that small rings have several.

use std::mem::MaybeUninit;

use super::position::{Laps, Stamp};
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicU8, Ordering};

pub(super) const fn per_line<T>() -> usize {
    2
}

pub(super) struct Slots<T>(Vec<(AtomicU8, UnsafeCell<MaybeUninit<T>>)>);

pub(super) struct Slot<'a, T>(&'a (AtomicU8, UnsafeCell<MaybeUninit<T>>));

impl<T> Slot<'_, T> {
    pub(super) fn stamp(&self) -> Stamp {
        Stamp::of(self.0.0.load(Ordering::Acquire))
    }

    pub(super) fn set(&self, stamp: Stamp) {
        self.0.0.store(stamp.byte(), Ordering::Release);
    }

    pub(super) unsafe fn write(&self, item: T) {
        // SAFETY: the caller's.
        self.0.1.with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item)) });
    }

    pub(super) unsafe fn read(&self) -> T {
        // SAFETY: the caller's.
        self.0.1.with_mut(|slot| unsafe { (*slot).assume_init_read() })
    }

    pub(super) unsafe fn get_mut<'a>(&self) -> &'a mut T {
        // SAFETY: the caller's.
        self.0.1.with_mut(|slot| unsafe { &mut *slot.cast::<T>() })
    }
}

// SAFETY: as in `slots.rs`.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as in `slots.rs`.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    pub(super) fn new(capacity: usize, stamp: Stamp) -> Self {
        let slot = |_| (AtomicU8::new(stamp.byte()), UnsafeCell::new(MaybeUninit::uninit()));
        Self((0..capacity.next_multiple_of(per_line::<T>())).map(slot).collect())
    }

    pub(super) fn at(&self, place: usize) -> Slot<'_, T> {
        Slot(&self.0[place])
    }

    pub(super) fn count(&self, place: usize, n: usize, stamp: Stamp) -> usize {
        (place..place + n).take_while(|&place| self.at(place).stamp() == stamp).count()
    }

    pub(super) unsafe fn write_all(&self, place: usize, from: *const T, n: usize, stamp: Option<Stamp>) {
        for at in 0..n {
            // SAFETY: the caller's.
            unsafe { self.at(place + at).write(from.add(at).read()) };
            stamp.into_iter().for_each(|stamp| self.at(place + at).set(stamp));
        }
    }

    pub(super) unsafe fn read_all(&self, place: usize, to: *mut T, n: usize, stamp: Option<Stamp>) {
        for at in 0..n {
            // SAFETY: the caller's.
            unsafe { to.add(at).write(self.at(place + at).read()) };
            stamp.into_iter().for_each(|stamp| self.at(place + at).set(stamp));
        }
    }
}

const _: () = assert!(Laps::<u8>::BITS == 1, "a place is an index where lines are of two");
