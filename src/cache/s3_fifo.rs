use super::entry::{Entry, Mark};
use super::ghosts::{Ghosts, Left};
use super::table::Table;
use super::window::Window;

/// S3-FIFO (Yang, Zhang, Qiu, Yue, Vinayak: *FIFO queues are all you need for cache eviction*, SOSP 2023), with a CLOCK in the
/// order of the table for its main queue: on recorded traces that hits as often as the queue, and needs no memory.
#[derive(Debug)]
pub(super) struct S3Fifo {
    ghosts: Ghosts,
    small: Window,
    /// What the entries of the main region weigh.
    main: u64,
    hand: usize,
}

// Regions.
const SMALL: u8 = 0;
const MAIN: u8 = 1;

/// The small queue is a tenth of the shard.
const SMALL_PART: u64 = 10;

/// Ghosts of this rank left as long ago as the main queue is deep.
const DEPTH: u32 = 16;

/// What is known of a key that comes in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    was_here: bool,
}

impl Arrival {
    pub(super) fn mark(self) -> Mark {
        Mark::new(if self.was_here { MAIN } else { SMALL })
    }
}

impl S3Fifo {
    pub(super) fn new() -> Self {
        Self { ghosts: Ghosts::new(0), small: Window::default(), main: 0, hand: 0 }
    }

    pub(super) fn arrive(&mut self, hash: u32) -> Arrival {
        Arrival { was_here: self.ghosts.take(hash).is_some_and(|ghost| ghost.rank < DEPTH) }
    }

    /// The place of the entry that is to go.
    pub(super) fn victim<K, V>(&mut self, table: &Table<K, V>) -> Option<usize> {
        if self.ghosts.entries() < table.len() {
            self.ghosts = Ghosts::new(table.len() + table.len() / 8);
        }
        let target = ((self.small.weight() + self.main) / SMALL_PART).max(1);
        // Ends: each round takes an entry out of the small queue, or goes to the main region.
        while self.small.weight() >= target || self.main == 0 {
            let (place, entry) = self.small.pop(table, is_in_small)?;
            if entry.mark().hits() == 0 {
                self.ghosts.push(entry.hash, Left::Window, 1);
                return Some(place);
            }
            entry.set_mark(entry.mark().with_hits(0).with_region(MAIN));
            self.small.left(entry.weight, table, is_in_small);
            self.main += u64::from(entry.weight);
        }
        loop {
            let place = self.hand;
            self.hand = table.after(place);
            let Some(entry) = table.at(place).filter(|entry| !is_in_small(entry)) else { continue };
            let mark = entry.mark();
            if mark.hits() == 0 {
                return Some(place);
            }
            entry.set_mark(mark.with_hits(mark.hits() - 1));
        }
    }

    /// An entry has come in at `place`, with the arrival's mark.
    pub(super) fn settle(&mut self, arrival: Arrival, place: usize, weight: u32) {
        if arrival.was_here {
            self.main += u64::from(weight);
        } else {
            self.small.push(place, weight);
        }
    }

    /// The small queue's entries, which the table is about to move.
    pub(super) fn small<K, V>(&mut self, table: &Table<K, V>) -> Vec<u32> {
        self.small.hashes(table, is_in_small)
    }

    pub(super) fn moved<K, V>(&mut self, small: &[u32], table: &Table<K, V>) {
        self.small.moved(small, table, is_in_small);
        self.hand = 0;
    }

    /// The small queue, and what the main region weighs.
    #[cfg(any(test, fuzzing))]
    pub(super) fn regions(&self) -> (&Window, u64) {
        (&self.small, self.main)
    }

    /// Every entry was taken out. What was learned stays.
    pub(super) fn clear(&mut self) {
        self.small = Window::default();
        self.main = 0;
    }

    pub(super) fn left<K, V>(&mut self, entry: &Entry<K, V>, table: &Table<K, V>) {
        if is_in_small(entry) {
            self.small.left(entry.weight, table, is_in_small);
        } else {
            self.main -= u64::from(entry.weight);
        }
    }

    pub(super) fn reweigh(&mut self, mark: Mark, old: u32, new: u32) {
        if mark.region() == SMALL {
            self.small.reweigh(old, new);
        } else {
            self.main = self.main - u64::from(old) + u64::from(new);
        }
    }
}

fn is_in_small<K, V>(entry: &Entry<K, V>) -> bool {
    entry.mark().region() == SMALL
}
