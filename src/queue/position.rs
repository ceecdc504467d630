//! The arithmetic of a ring whose words count laps, so that an old word never looks like a new one.

/// The bit below a position. In the tail word it means [`CLOSED`], in a slot's stamp [`HOLDS`].
const MARK: usize = 1;

/// In the tail word: no further push may claim.
pub(super) const CLOSED: usize = MARK;

/// In a stamp: the slot holds the item of the stamp's position. Without it: the slot waits for the push of that
/// position.
pub(super) const HOLDS: usize = MARK;

/// A place in the endless sequence of slots: the lap above, the index of the slot below it, and below that a bit that
/// is always zero here and free for a mark in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position(usize);

impl Position {
    pub(super) const ZERO: Self = Self(0);

    /// The position in a word, whatever its mark.
    #[inline]
    pub(super) const fn of(word: usize) -> Self {
        Self(word & !MARK)
    }

    /// The word of this position without a mark.
    #[inline]
    pub(super) const fn word(self) -> usize {
        self.0
    }

    /// The stamp of a slot that waits for the push of this position.
    #[inline]
    pub(super) const fn vacant(self) -> usize {
        self.0
    }

    /// The stamp of a slot that holds the item of this position.
    #[inline]
    pub(super) const fn occupied(self) -> usize {
        self.0 | HOLDS
    }
}

/// Whether the stamp `a` was written before `b`. Words of one slot are never further apart than two laps, so half the
/// range is room enough to tell across the wrap.
#[inline]
pub(super) const fn is_before(a: usize, b: usize) -> bool {
    (a.wrapping_sub(b) as isize) < 0
}

/// How positions of a ring of some capacity follow each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Laps {
    capacity: usize,
    /// Distance of a position from the same slot a lap later: a power of two, so that a lap is the word's upper bits.
    size: usize,
}

impl Laps {
    /// `capacity` must be at least 1, and small enough that the slots could be allocated.
    pub(super) const fn new(capacity: usize) -> Self {
        Self { capacity, size: capacity.next_power_of_two() << 1 }
    }

    #[inline]
    pub(super) const fn index(self, at: Position) -> usize {
        (at.0 & (self.size - 1)) >> 1
    }

    /// The position after `at`.
    #[inline]
    pub(super) const fn next(self, at: Position) -> Position {
        if self.index(at) + 1 < self.capacity {
            Position(at.0 + 2)
        } else {
            Position((at.0 & !(self.size - 1)).wrapping_add(self.size))
        }
    }

    /// The same slot, a lap later.
    #[inline]
    pub(super) const fn lap_after(self, at: Position) -> Position {
        Position(at.0.wrapping_add(self.size))
    }

    /// Items from `head` up to `tail`, which is at most a lap ahead.
    pub(super) const fn distance(self, head: Position, tail: Position) -> usize {
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
    pub(super) const fn count(self, at: Position) -> u64 {
        ((at.0 / self.size) as u64).wrapping_mul(self.capacity as u64).wrapping_add(self.index(at) as u64)
    }
}
