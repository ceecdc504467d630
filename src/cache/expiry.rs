use super::life::Life;
use super::order::Order;
use super::table::Table;
use crate::time::Instant;

/// Where the shard looks for entries whose time is over: a hand that goes round the table, and the first point in time
/// at which there can be one.
///
/// A heap would find each at once, and cost eight to sixteen bytes an entry and a walk for every insertion; a wheel less
/// time and more memory. The hand costs nothing where nothing expires, and an insertion into a full shard moves it by so
/// many places at most.
#[derive(Debug)]
pub(super) struct Expiry {
    /// Before this, no entry is over. [`Instant::MAX`] where no entry has an end.
    first: Instant,
    hand: usize,
    /// The first end among the entries passed in this round.
    passed: Instant,
}

impl Expiry {
    pub(super) const fn new() -> Self {
        Self { first: Instant::MAX, hand: 0, passed: Instant::MAX }
    }

    /// An entry with this end comes in, or an end moves.
    #[inline]
    pub(super) fn note(&mut self, end: Instant) {
        // Written only where it changes something: the line is shared by threads that write to the shard in turn.
        if end < self.first {
            self.first = end;
        }
        // The hand may be past its place.
        if end < self.passed {
            self.passed = end;
        }
    }

    /// Entries have changed places, so that some may have come to lie behind the hand.
    pub(super) fn moved(&mut self) {
        self.passed = self.passed.min(self.first);
    }

    /// Whether there may be an entry whose time is over.
    pub(super) fn is_possible<K, V>(&self, life: &Life<K, V>) -> bool {
        self.first != Instant::MAX && life.clock.now() >= self.first
    }

    /// The place of an entry whose time is over, among those that the hand meets in up to `budget` places; which it
    /// takes from the budget. Reads the clock only where there may be one.
    #[inline]
    pub(super) fn find<K, V>(
        &mut self,
        table: &Table<K, V>,
        life: &Life<K, V>,
        order: &Order,
        budget: &mut usize,
    ) -> Option<usize> {
        if self.first == Instant::MAX || *budget == 0 {
            return None;
        }
        let now = life.clock.now();
        if now < self.first { None } else { self.sweep(table, life, order, budget, now) }
    }

    #[cold]
    fn sweep<K, V>(
        &mut self,
        table: &Table<K, V>,
        life: &Life<K, V>,
        order: &Order,
        budget: &mut usize,
        now: Instant,
    ) -> Option<usize> {
        while *budget != 0 {
            if self.hand >= table.places() {
                self.hand = 0;
                self.first = std::mem::replace(&mut self.passed, Instant::MAX);
                if now < self.first {
                    return None;
                }
            }
            *budget -= 1;
            let place = table.place_of(self.hand);
            self.hand += 1;
            let Some(entry) = table.at(place) else { continue };
            if life.is_over(entry, now, order) {
                return Some(place);
            }
            self.passed = self.passed.min(life.end(entry, now, order));
        }
        None
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn first(&self) -> Instant {
        self.first
    }

    /// The turns before the first have been passed in this round; the second is the first end among them.
    #[cfg(any(test, fuzzing))]
    pub(super) fn passed(&self) -> (usize, Instant) {
        (self.hand, self.passed)
    }
}
