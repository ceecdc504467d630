use std::mem;

use super::guarded::Guarded;
use super::slot::Slot;
use super::table::Table;
use crate::primitive::Mutex;

pub(super) type OnFailed<K, V> = Box<dyn Fn(Vec<(K, V)>) + Send + Sync>;

/// What the callers of a coalescer share with the side that has the handler.
///
/// The table's lock is taken before the two of the batcher: a push holds it while it hands the batcher a slot. It is
/// never held where a handler may run, as that one takes it.
pub(super) struct Pairs<K, V> {
    pub(super) table: Guarded<Table<K, V>>,
    /// What the handler was given and has left, and the vector of the next batch.
    hand: Mutex<Vec<(K, V)>>,
    on_failed: Option<OnFailed<K, V>>,
}

impl<K, V> Pairs<K, V> {
    /// How many pairs are taken out under one hold of the lock, so that pushes do not wait for a whole batch. At some
    /// 20 ns each this is about a microsecond.
    const AT_ONCE: usize = 64;

    pub(super) fn new(on_failed: Option<OnFailed<K, V>>) -> Self {
        Self { table: Guarded::new(Table::new()), hand: Mutex::new(Vec::new()), on_failed }
    }

    /// Takes the pairs of `slots` out of the table. A key that comes before its pair is taken out is still merged into
    /// it.
    pub(super) fn take(&self, slots: &[Slot], to: &mut Vec<(K, V)>) {
        to.reserve(slots.len());
        for slots in slots.chunks(Self::AT_ONCE) {
            self.table.with(|table| to.extend(slots.iter().filter_map(|slot| table.take(*slot))));
        }
    }

    /// Gives `handler` the pairs of a batch, or, where these are spent, what it has left of them, and replaces them by
    /// as many as it leaves.
    pub(super) fn hand_over(&self, slots: &mut Vec<Slot>, handler: impl FnOnce(&mut Vec<(K, V)>)) {
        let mut pairs = mem::take(&mut *self.hand.lock());
        if slots.first() != Some(&Slot::SPENT) {
            self.take(slots, &mut pairs);
        }
        let mut left = Left { hand: &self.hand, slots, pairs };
        handler(&mut left.pairs);
    }

    /// Gives what was not handled, or not even taken out, to the one who asked for it.
    pub(super) fn fail(&self, slots: &[Slot]) {
        let pairs = if slots.first() == Some(&Slot::SPENT) {
            mem::take(&mut *self.hand.lock())
        } else {
            let mut pairs = Vec::new();
            self.take(slots, &mut pairs);
            pairs
        };
        match &self.on_failed {
            Some(on_failed) => on_failed(pairs),
            None => drop(pairs),
        }
    }
}

/// Notes what the handler leaves, also where it panics.
struct Left<'a, K, V> {
    hand: &'a Mutex<Vec<(K, V)>>,
    slots: &'a mut Vec<Slot>,
    pairs: Vec<(K, V)>,
}

impl<K, V> Drop for Left<'_, K, V> {
    fn drop(&mut self) {
        self.slots.clear();
        self.slots.resize(self.pairs.len(), Slot::SPENT);
        *self.hand.lock() = mem::take(&mut self.pairs);
    }
}
