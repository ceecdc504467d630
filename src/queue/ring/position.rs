//! The arithmetic of a ring of lines, whose words count laps, so that an old word never looks like a new one.

use std::marker::PhantomData;

use super::slots::per_line;

/// In the tail word: no further push may claim. The top bit, so that a place needs no shift.
pub(in crate::queue) const CLOSED: usize = 1 << (usize::BITS - 1);

/// Bits of a lap that a stamp has room for. Two laps would do, see `docs/orderings`.
const STAMP_LAP_BITS: u32 = u8::BITS - 1;

/// What a slot says of itself: twice the lap it is in, as far as a byte goes, and one more while it holds an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::queue) struct Stamp(u8);

impl Stamp {
    /// Of slots that no lap has come to yet.
    pub(in crate::queue) const FIRST: Self = Self(0);

    #[inline]
    pub(in crate::queue) const fn of(byte: u8) -> Self {
        Self(byte)
    }

    #[inline]
    pub(in crate::queue) const fn byte(self) -> u8 {
        self.0
    }

    /// The stamp after this one: from vacant to occupied, from occupied to vacant in the next lap.
    #[inline]
    pub(in crate::queue) const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

/// A place in the endless sequence of slots: the lap above, the line below it, and the slot in the line below that. The
/// top bit is always zero here, and free for the mark in a word; laps start over below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::queue) struct Position(usize);

impl Position {
    pub(in crate::queue) const ZERO: Self = Self(0);

    /// The position in a word, whatever its mark.
    #[inline]
    pub(in crate::queue) const fn of(word: usize) -> Self {
        Self(word & !CLOSED)
    }

    /// The word of this position without a mark.
    #[inline]
    pub(in crate::queue) const fn word(self) -> usize {
        self.0
    }
}

/// How positions of a ring of some capacity follow each other, in lines as long as those of `T`.
#[derive(Debug)]
pub(in crate::queue) struct Laps<T> {
    /// The bits of a position below its lap.
    mask: usize,
    /// Where in a lap the next one begins: the word after the last slot's.
    end: usize,
    /// How many bits the mask has.
    shift: u32,
    capacity: usize,
    item: PhantomData<fn() -> T>,
}

impl<T> Laps<T> {
    /// Slots of a line.
    pub(in crate::queue) const PER_LINE: usize = per_line::<T>();
    /// A place is the line, shifted so far, and the slot in the line.
    pub(in crate::queue) const BITS: u32 = Self::STRIDE.trailing_zeros();
    const STRIDE: usize = Self::PER_LINE.next_power_of_two();

    /// `capacity` must be at least 1, and small enough that the slots could be allocated.
    ///
    /// # Panics
    ///
    /// If the words cannot count enough laps of so many slots, which only words of 32 bits are too short for.
    pub(in crate::queue) fn new(capacity: usize) -> Self {
        let lines = capacity.div_ceil(Self::PER_LINE);
        let in_last = capacity - (lines - 1) * Self::PER_LINE;
        let end = if in_last == Self::PER_LINE { lines << Self::BITS } else { ((lines - 1) << Self::BITS) + in_last };
        let size = (lines << Self::BITS).next_power_of_two();
        let shift = size.trailing_zeros();
        assert!(shift + STAMP_LAP_BITS < usize::BITS, "the capacity {capacity} is too large for the words of a ring");
        Self { mask: size - 1, end: end & (size - 1), shift, capacity, item: PhantomData }
    }

    #[inline]
    pub(in crate::queue) const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Where the slots keep the item of this position.
    #[inline]
    pub(in crate::queue) const fn place(&self, at: Position) -> usize {
        at.0 & self.mask
    }

    /// The stamp of a slot that waits for the push of this position.
    #[inline]
    pub(in crate::queue) const fn vacant(&self, at: Position) -> Stamp {
        Stamp(((at.0 >> self.shift) as u8) << 1)
    }

    /// The stamp of a slot that holds the item of this position.
    #[inline]
    pub(in crate::queue) const fn occupied(&self, at: Position) -> Stamp {
        self.vacant(at).next()
    }

    /// The position after `at`.
    #[inline]
    pub(in crate::queue) const fn next(&self, at: Position) -> Position {
        let is_last = at.0 & (Self::STRIDE - 1) == Self::PER_LINE - 1;
        let next = at.0 + 1 + if is_last { Self::STRIDE - Self::PER_LINE } else { 0 };
        if next & self.mask == self.end { self.next_lap(at) } else { Position(next) }
    }

    /// The position `n` after `at`, where that is in the same lap or begins the next.
    #[inline]
    pub(in crate::queue) const fn skip(&self, at: Position, n: usize) -> Position {
        let slot = (at.0 & (Self::STRIDE - 1)) + n;
        let line = at.0 & !(Self::STRIDE - 1);
        let next = line + ((slot / Self::PER_LINE) << Self::BITS) + slot % Self::PER_LINE;
        if n > 0 && next & self.mask == self.end { self.next_lap(at) } else { Position(next) }
    }

    /// Cold, so that the position after one within a lap is not waited for by way of this one.
    #[cold]
    const fn next_lap(&self, at: Position) -> Position {
        Position::of((at.0 | self.mask) + 1)
    }

    /// The same slot, a lap later.
    #[inline]
    pub(in crate::queue) const fn lap_after(&self, at: Position) -> Position {
        Position::of(at.0 + self.mask + 1)
    }

    /// Whether `a` comes before `b`. Positions are never further apart than two laps, so half the range of a word is room
    /// enough to tell across its end.
    #[inline]
    pub(in crate::queue) const fn is_before(&self, a: Position, b: Position) -> bool {
        (((a.0.wrapping_sub(b.0)) << 1) as isize) < 0
    }

    /// Slots from `at` to the end of its lap.
    #[inline]
    pub(in crate::queue) const fn left_in_lap(&self, at: Position) -> usize {
        self.capacity - self.index(at)
    }

    /// How many slots of its lap come before `at`.
    #[inline]
    const fn index(&self, at: Position) -> usize {
        let place = self.place(at);
        (place >> Self::BITS) * Self::PER_LINE + (place & (Self::STRIDE - 1))
    }

    /// Items from `head` up to `tail`, which is at most a lap ahead.
    pub(in crate::queue) const fn distance(&self, head: Position, tail: Position) -> usize {
        let (from, to) = (self.index(head), self.index(tail));
        if from < to {
            to - from
        } else if from > to {
            self.capacity - from + to
        } else if head.0 == tail.0 {
            0
        } else {
            self.capacity
        }
    }

    /// Positions before `at`, since position zero.
    pub(in crate::queue) const fn count(&self, at: Position) -> u64 {
        ((at.0 >> self.shift) as u64).wrapping_mul(self.capacity as u64).wrapping_add(self.index(at) as u64)
    }

    /// The first position of the last lap that a word can tell.
    #[cfg(test)]
    pub(in crate::queue) const fn last_lap(&self) -> Position {
        Position((CLOSED - 1) & !self.mask)
    }
}
