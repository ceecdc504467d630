use super::carried::{NO_SLOT, Tag};
use crate::time::Instant;

/// What there is to know about entries that expire or weigh, and which of them ends first.
///
/// The heap is in order of what is at least the end of each: a use that puts an end off leaves the heap as it is, and the
/// entry moves down only when it has come to the root.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pub(super) slots: Vec<Slot>,
    /// The bound, then the slot; the least bound is at the root.
    pub(super) heap: Vec<(Instant, u32)>,
    /// The first of the free slots, which are chained by `place`.
    free: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// When the entry ends however often it is used; `Instant::MAX` is never, here and below.
    pub(super) end: Instant,
    /// When it ends unless it is used.
    pub(super) until: Instant,
    pub(super) weight: u32,
    hash: u32,
    /// Index in the heap; `ABSENT` where `until` is never.
    pub(super) place: u32,
}

const ABSENT: u32 = u32::MAX;

impl Slots {
    /// A slot for an entry that does not end.
    pub(super) fn take(&mut self, hash: u32, weight: u32) -> u32 {
        let slot = Slot { end: Instant::MAX, until: Instant::MAX, weight, hash, place: ABSENT };
        if let Some(index) = self.free {
            let place = &mut self.slots[index as usize];
            self.free = (place.place != ABSENT).then_some(place.place);
            *place = slot;
            return index;
        }
        let index = u32::try_from(self.slots.len()).ok().filter(|&index| index != NO_SLOT);
        let index = index.expect("fewer than 2^32 - 1 entries expire or weigh");
        self.slots.push(slot);
        index
    }

    /// Frees `slot` and tells the weight it had.
    pub(super) fn release(&mut self, slot: u32) -> u32 {
        self.clear_end(slot);
        let freed = &mut self.slots[slot as usize];
        freed.place = self.free.replace(slot).unwrap_or(ABSENT);
        freed.weight
    }

    /// Gives the entry of `slot` another weight, and tells the one it had.
    pub(super) fn set_weight(&mut self, slot: u32, weight: u32) -> u32 {
        std::mem::replace(&mut self.slots[slot as usize].weight, weight)
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// When the entry of `slot` ends unless it is used.
    #[inline]
    pub(super) fn until(&self, slot: u32) -> Instant {
        self.slots[slot as usize].until
    }

    /// Whether any entry ends.
    #[inline]
    pub(super) fn any_end(&self) -> bool {
        !self.heap.is_empty()
    }

    /// Lets the entry of `slot` end at `end`, or at `until` where it is not used before.
    pub(super) fn set_end(&mut self, slot: u32, end: Instant, until: Instant) {
        let until = until.min(end);
        let entry = &mut self.slots[slot as usize];
        (entry.end, entry.until) = (end, until);
        if until == Instant::MAX {
            return self.clear_end(slot);
        }
        if entry.place == ABSENT {
            // No more places than slots.
            let place = self.heap.len();
            entry.place = place as u32;
            self.heap.push((until, slot));
            self.up(place);
        } else if until < self.heap[entry.place as usize].0 {
            let place = entry.place as usize;
            self.heap[place].0 = until;
            self.up(place);
        }
    }

    /// Puts the end of the entry of `slot` off to `until`, but not past its last end.
    #[inline]
    pub(super) fn put_off(&mut self, slot: u32, until: Instant) {
        let entry = &mut self.slots[slot as usize];
        // An entry without a place never ends.
        if entry.place != ABSENT {
            entry.until = until.min(entry.end);
        }
    }

    /// The entry that ends first, where it has done so by `now`.
    pub(super) fn first_due(&mut self, now: Instant) -> Option<Tag> {
        loop {
            let &(bound, slot) = self.heap.first()?;
            if bound > now {
                return None;
            }
            let entry = self.slots[slot as usize];
            if entry.until == Instant::MAX {
                self.clear_end(slot);
                continue;
            }
            if entry.until <= now {
                return Some(Tag { hash: entry.hash, slot });
            }
            self.heap[0].0 = entry.until;
            self.down(0);
        }
    }

    fn clear_end(&mut self, slot: u32) {
        let place = std::mem::replace(&mut self.slots[slot as usize].place, ABSENT);
        if place == ABSENT {
            return;
        }
        let place = place as usize;
        self.heap.swap_remove(place);
        if let Some(&(_, moved)) = self.heap.get(place) {
            self.slots[moved as usize].place = place as u32;
            self.up(place);
            self.down(place);
        }
    }

    fn up(&mut self, mut place: usize) {
        while place > 0 {
            let parent = (place - 1) / 2;
            if self.heap[parent].0 <= self.heap[place].0 {
                return;
            }
            self.swap(parent, place);
            place = parent;
        }
    }

    fn down(&mut self, mut place: usize) {
        loop {
            let left = 2 * place + 1;
            let Some(&(first, _)) = self.heap.get(left) else { return };
            let right_first = self.heap.get(left + 1).is_some_and(|right| right.0 < first);
            let child = if right_first { left + 1 } else { left };
            if self.heap[place].0 <= self.heap[child].0 {
                return;
            }
            self.swap(place, child);
            place = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.slots[self.heap[a].1 as usize].place = a as u32;
        self.slots[self.heap[b].1 as usize].place = b as u32;
    }
}
