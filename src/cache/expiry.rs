use crate::time::{Clock, Deadline, Instant};

/// When the entries that have a time to live end: a binary heap of slots, and each slot's place in it.
///
/// Entries that come with one and the same time to live come in the order of their ends, and then an insertion touches
/// one place. It is empty, and asks no clock, as long as no entry has an end.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    /// Slots; the one that ends first is at the root.
    pub(super) heap: Vec<u32>,
    /// By slot; as long as the highest slot that had an end.
    pub(super) ends: Vec<End>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) at: Instant,
    /// Index in the heap, or `ABSENT`.
    pub(super) place: usize,
}

pub(super) const ABSENT: usize = usize::MAX;

impl Expiry {
    /// Whether the entry at `slot` has come to its end. Reads the clock only where it has one.
    #[inline]
    pub(super) fn is_due(&self, slot: u32, clock: &Clock) -> bool {
        !self.heap.is_empty() && self.end(slot).is_some_and(|end| clock.now() >= end)
    }

    fn end(&self, slot: u32) -> Option<Instant> {
        self.ends.get(slot as usize).filter(|end| end.place != ABSENT).map(|end| end.at)
    }

    /// The slot that ends first, where it has done so.
    pub(super) fn first_due(&self, clock: &Clock) -> Option<u32> {
        let first = *self.heap.first()?;
        (clock.now() >= self.at(first)).then_some(first)
    }

    /// Gives the entry at `slot` an end, or none.
    pub(super) fn set(&mut self, slot: u32, due: Deadline) {
        let Some(at) = due.instant() else { return self.clear(slot) };
        let index = slot as usize;
        if index >= self.ends.len() {
            self.ends.resize(index + 1, End { at: Instant::MAX, place: ABSENT });
        }
        self.ends[index].at = at;
        let mut place = self.ends[index].place;
        if place == ABSENT {
            place = self.heap.len();
            self.heap.push(slot);
            self.ends[index].place = place;
        }
        self.settle(place);
    }

    /// Forgets the end of the entry at `slot`.
    pub(super) fn clear(&mut self, slot: u32) {
        let Some(end) = self.ends.get_mut(slot as usize) else { return };
        let place = std::mem::replace(&mut end.place, ABSENT);
        if place == ABSENT {
            return;
        }
        self.heap.swap_remove(place);
        if let Some(&moved) = self.heap.get(place) {
            self.ends[moved as usize].place = place;
            self.settle(place);
        }
    }

    fn at(&self, slot: u32) -> Instant {
        self.ends[slot as usize].at
    }

    /// Moves what stands at `place` up or down to where it belongs.
    fn settle(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.at(self.heap[parent]) <= self.at(self.heap[place]) {
                break;
            }
            self.swap(parent, place);
            place = parent;
        }
        loop {
            let left = 2 * place + 1;
            let Some(&first) = self.heap.get(left) else { return };
            let right_first = self.heap.get(left + 1).is_some_and(|&right| self.at(right) < self.at(first));
            let child = if right_first { left + 1 } else { left };
            if self.at(self.heap[place]) <= self.at(self.heap[child]) {
                return;
            }
            self.swap(place, child);
            place = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.ends[self.heap[a] as usize].place = a;
        self.ends[self.heap[b] as usize].place = b;
    }
}
