#![allow(unsafe_code)] // Lays items and stamps out in memory by hand, so that they share cache lines.

use std::alloc::{self, Layout, handle_alloc_error};
use std::marker::PhantomData;
use std::mem::{MaybeUninit, offset_of};
use std::ptr::NonNull;

use super::position::{Laps, Stamp};
use crate::primitive::atomic::{AtomicU8, Ordering, fence};

/// Bytes that move between two CPUs at a time.
const LINE: usize = 64;

/// How many slots share a line: as many items as fit with a stamp of one byte each, and one where none would.
///
/// At most 32: what is gained past that is little, and the slots of a line must fit the low bits of a position.
pub(super) const fn per_line<T>() -> usize {
    match LINE / (size_of::<T>() + 1) {
        0 | 1 => 1,
        n if n > 32 => 32,
        n => n,
    }
}

/// The slots of a ring: room for an item each, and a stamp.
///
/// In a line of 64 bytes the items come first, then their stamps, so that what two threads hand over is in one place:
/// for a `u64` that is seven items a line, where a stamp of a word beside each item would leave four. An item too large
/// for two of them in a line has its stamp right behind it.
///
/// The slots know nothing of laps and claims; a place is what [`Laps::place`] says.
pub(super) struct Slots<T> {
    memory: NonNull<u8>,
    lines: usize,
    item: PhantomData<T>,
}

/// A slot of a ring, found once for all that is done to it: after a claim the compiler would have to find it again.
pub(super) struct Slot<'a, T> {
    item: NonNull<T>,
    stamp: &'a AtomicU8,
}

impl<T> Slot<'_, T> {
    /// The stamp. What was done to the slot before the stamp was set is seen after this.
    #[inline]
    pub(super) fn stamp(&self) -> Stamp {
        // Acquire pairs with the Release in `set` and `Slots::set_stamps` (edges "publish" and "vacate").
        Stamp::of(self.stamp.load(Ordering::Acquire))
    }

    /// Sets the stamp, after what was done to the slot.
    #[inline]
    pub(super) fn set(&self, stamp: Stamp) {
        // Release pairs with the Acquire in `stamp` and `Slots::count` (edges "publish" and "vacate").
        self.stamp.store(stamp.byte(), Ordering::Release);
    }

    /// Puts an item in.
    ///
    /// # Safety
    ///
    /// The slot is the caller's alone, and holds no item.
    #[inline]
    pub(super) unsafe fn write(&self, item: T) {
        // SAFETY: the caller keeps all others away from the slot, which lives as long as the stamp is borrowed.
        unsafe { self.item.write(item) };
    }

    /// Moves the item out.
    ///
    /// # Safety
    ///
    /// The slot is the caller's alone, and holds an item, which is not read again.
    #[inline]
    pub(super) unsafe fn read(&self) -> T {
        // SAFETY: as in `write`.
        unsafe { self.item.read() }
    }

    /// The item.
    ///
    /// # Safety
    ///
    /// For `'a` the slot is the caller's alone; it holds an item.
    #[inline]
    pub(super) unsafe fn get_mut<'a>(&self) -> &'a mut T {
        let mut item = self.item;
        // SAFETY: the caller keeps all others away from the slot for 'a.
        unsafe { item.as_mut() }
    }
}

/// An item with a line, or more, of its own.
#[repr(C)]
struct Alone<T> {
    item: MaybeUninit<T>,
    stamp: u8,
}

// SAFETY: a stamp is atomic. Items are reached through methods that are unsafe to call, whose callers own the slot; they
// move from thread to thread: `T: Send`.
unsafe impl<T: Send> Send for Slots<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Slots<T> {}

impl<T> Slots<T> {
    const PER_LINE: usize = per_line::<T>();
    /// Bytes from a line to the next.
    const SIZE: usize = if Self::PER_LINE > 1 { LINE } else { size_of::<Alone<T>>() };
    const ALIGN: usize = if Self::PER_LINE > 1 { LINE } else { align_of::<Alone<T>>() };
    /// Where in a line the stamps begin.
    const STAMPS: usize =
        if Self::PER_LINE > 1 { Self::PER_LINE * size_of::<T>() } else { offset_of!(Alone<T>, stamp) };

    /// Room for `capacity` items, and that many stamps.
    ///
    /// # Panics
    ///
    /// If the slots do not fit the address space.
    pub(super) fn new(capacity: usize, stamp: Stamp) -> Self {
        let lines = capacity.div_ceil(Self::PER_LINE);
        let layout = Self::layout(lines);
        // SAFETY: a line is not of size zero, for it holds a stamp, and there is at least one.
        let memory = unsafe { alloc::alloc(layout) };
        let Some(memory) = NonNull::new(memory) else { handle_alloc_error(layout) };
        let slots = Self { memory, lines, item: PhantomData };
        for line in 0..lines {
            for slot in 0..Self::PER_LINE {
                // SAFETY: within the allocation, and nobody else knows of it yet.
                unsafe { slots.memory.add(line * Self::SIZE + Self::STAMPS + slot).write(stamp.byte()) };
            }
        }
        slots
    }

    fn layout(lines: usize) -> Layout {
        let size = lines.checked_mul(Self::SIZE).expect("the capacity is past the address space");
        Layout::from_size_align(size, Self::ALIGN).expect("the capacity is past the address space")
    }

    /// The line of a place, and the slot in it.
    #[inline]
    fn split(&self, place: usize) -> (NonNull<u8>, usize) {
        let (line, slot) = (place >> Laps::<T>::BITS, place & ((1 << Laps::<T>::BITS) - 1));
        debug_assert!(line < self.lines && slot < Self::PER_LINE);
        // SAFETY: places come from `Laps` of the same capacity, whose lines are those of this allocation.
        (unsafe { self.memory.add(line * Self::SIZE) }, slot)
    }

    #[inline]
    fn stamp(&self, place: usize) -> &AtomicU8 {
        let (line, slot) = self.split(place);
        // SAFETY: a stamp was written there by `new`, and is read and written as an atomic only, for as long as `self`
        // lives.
        unsafe { line.add(Self::STAMPS + slot).cast().as_ref() }
    }

    #[inline]
    fn item(&self, place: usize) -> NonNull<T> {
        let (line, slot) = self.split(place);
        // SAFETY: the items come first in a line; it has room for `PER_LINE` of them.
        unsafe { line.cast::<T>().add(slot) }
    }

    /// The slot at a place.
    #[inline]
    pub(super) fn at(&self, place: usize) -> Slot<'_, T> {
        Slot { item: self.item(place), stamp: self.stamp(place) }
    }

    /// How many of the `n` slots from `place` on, all of one lap, have this stamp before the first that has not. Orders
    /// as [`Slot::stamp`] does.
    #[inline]
    pub(super) fn count(&self, place: usize, n: usize, stamp: Stamp) -> usize {
        let mut found = 0;
        self.each_line(place, n, |place, n| {
            let stamps = self.stamp(place);
            // SAFETY: the n slots are of one line, whose stamps follow each other.
            let is = |slot| unsafe { &*std::ptr::from_ref(stamps).add(slot) }.load(Ordering::Relaxed) == stamp.byte();
            let run = if n == Self::PER_LINE && (0..Self::PER_LINE).fold(true, |all, slot| all & is(slot)) {
                n
            } else {
                (0..n).take_while(|&slot| is(slot)).count()
            };
            found += run;
            run == n
        });
        // Pairs with the Release in `Slot::set` and `set_stamps` (edges "publish" and "vacate"), for all the loads.
        fence(Ordering::Acquire);
        found
    }

    /// Sets the stamps of `n` slots of one line from `place` on, after what was done to them.
    #[inline]
    fn set_stamps(&self, place: usize, n: usize, stamp: Stamp) {
        let stamps = self.stamp(place);
        // Release pairs with the Acquire in `Slot::stamp` and `count` (edges "publish" and "vacate").
        let set = |slot| {
            // SAFETY: the n slots are of one line, whose stamps follow each other.
            unsafe { &*std::ptr::from_ref(stamps).add(slot) }.store(stamp.byte(), Ordering::Release);
        };
        // A count that the compiler knows makes straight code of most of a bulk operation.
        if n == Self::PER_LINE { (0..Self::PER_LINE).for_each(set) } else { (0..n).for_each(set) }
    }

    /// Calls `f` with the part of each line that the `n` slots from `place` on have in it, until it says false.
    #[inline]
    fn each_line(&self, place: usize, n: usize, mut f: impl FnMut(usize, usize) -> bool) {
        let slot = place & ((1 << Laps::<T>::BITS) - 1);
        let (mut place, mut left, mut room) = (place, n, Self::PER_LINE - slot);
        while left > 0 {
            let part = left.min(room);
            if !f(place, part) {
                return;
            }
            left -= part;
            place = ((place >> Laps::<T>::BITS) + 1) << Laps::<T>::BITS;
            room = Self::PER_LINE;
        }
    }

    /// Puts `n` items into the slots from `place` on, and sets each one's stamp after it, if there is one to set.
    ///
    /// # Safety
    ///
    /// - The slots are of one lap, the caller's alone, and hold no item.
    /// - `from` points to `n` items, which the caller forgets.
    #[inline]
    pub(super) unsafe fn write_all(&self, place: usize, from: *const T, n: usize, stamp: Option<Stamp>) {
        let mut from = from;
        self.each_line(place, n, |place, n| {
            // SAFETY: the caller owns the items and the slots; those of one line follow each other.
            unsafe {
                copy::<T>(from, self.item(place).as_ptr(), n);
                from = from.add(n);
            }
            if let Some(stamp) = stamp {
                self.set_stamps(place, n, stamp);
            }
            true
        });
    }

    /// Moves the items out of the `n` slots from `place` on, and sets each one's stamp after that, if there is one to
    /// set.
    ///
    /// # Safety
    ///
    /// - The slots are of one lap, the caller's alone, and hold items, which are not read again.
    /// - `to` points to room for `n` items.
    #[inline]
    pub(super) unsafe fn read_all(&self, place: usize, to: *mut T, n: usize, stamp: Option<Stamp>) {
        let mut to = to;
        self.each_line(place, n, |place, n| {
            // SAFETY: the caller owns the items and the room; the slots of one line follow each other.
            unsafe {
                copy::<T>(self.item(place).as_ptr(), to, n);
                to = to.add(n);
            }
            if let Some(stamp) = stamp {
                self.set_stamps(place, n, stamp);
            }
            true
        });
    }
}

/// Copies `n` items, at most a line of them.
///
/// In pieces of lengths that the compiler knows: for a few items a call of `memcpy` takes longer than the copy
/// (`bulk8 1p1c` of `peers`).
///
/// # Safety
///
/// As `ptr::copy_nonoverlapping`.
#[inline]
unsafe fn copy<T>(from: *const T, to: *mut T, n: usize) {
    if n == per_line::<T>() {
        // SAFETY: the caller's.
        unsafe { to.copy_from_nonoverlapping(from, per_line::<T>()) };
        return;
    }
    let mut at = 0;
    for piece in [16, 8, 4, 2, 1] {
        if n & piece != 0 {
            // SAFETY: the caller's: the pieces of a number below 32 add up to it.
            unsafe { to.add(at).copy_from_nonoverlapping(from.add(at), piece) };
            at += piece;
        }
    }
}

impl<T> Drop for Slots<T> {
    /// Frees the memory. Items are not dropped: the ring knows where they are.
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with the same layout.
        unsafe { alloc::dealloc(self.memory.as_ptr(), Self::layout(self.lines)) };
    }
}
