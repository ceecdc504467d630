use std::ops::{Index, IndexMut};

/// No slot.
pub(super) const NONE: u32 = u32::MAX;

/// Values at stable `u32` places. Freed places are used again, the last freed first, so that memory never exceeds the
/// most values held at once.
#[derive(Debug)]
pub(super) struct Slab<T> {
    slots: Vec<Slot<T>>,
    /// Head of the list of vacant slots.
    free: u32,
    len: usize,
    /// The most values, so that the last growth does not double past it.
    limit: usize,
}

#[derive(Debug)]
enum Slot<T> {
    Occupied(T),
    Vacant { next: u32 },
}

impl<T> Slab<T> {
    /// Holds up to `limit` values, fewer than `u32::MAX`. Memory comes as it fills.
    pub(super) fn new(limit: usize) -> Self {
        Self { slots: Vec::new(), free: NONE, len: 0, limit }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if self.free != NONE {
            let at = self.free;
            match std::mem::replace(&mut self.slots[at as usize], Slot::Occupied(value)) {
                Slot::Vacant { next } => self.free = next,
                Slot::Occupied(_) => unreachable!("an occupied slot in the free list"),
            }
            return at;
        }
        let at = self.slots.len();
        if at == self.slots.capacity() {
            self.slots.reserve_exact(at.max(16).min(self.limit - at));
        }
        self.slots.push(Slot::Occupied(value));
        at as u32 // Fits: `limit` does.
    }

    /// Panics where `at` is vacant.
    pub(super) fn remove(&mut self, at: u32) -> T {
        match std::mem::replace(&mut self.slots[at as usize], Slot::Vacant { next: self.free }) {
            Slot::Occupied(value) => {
                self.free = at;
                self.len -= 1;
                value
            }
            Slot::Vacant { .. } => unreachable!("a vacant slot in use"),
        }
    }
}

impl<T> Index<u32> for Slab<T> {
    type Output = T;

    #[inline]
    fn index(&self, at: u32) -> &T {
        match &self.slots[at as usize] {
            Slot::Occupied(value) => value,
            Slot::Vacant { .. } => unreachable!("a vacant slot in use"),
        }
    }
}

impl<T> IndexMut<u32> for Slab<T> {
    #[inline]
    fn index_mut(&mut self, at: u32) -> &mut T {
        match &mut self.slots[at as usize] {
            Slot::Occupied(value) => value,
            Slot::Vacant { .. } => unreachable!("a vacant slot in use"),
        }
    }
}
