use hashbrown::HashTable;

use super::slot::Slot;

/// The pairs that wait, by key and by slot. A slot is taken again once its pair is gone.
///
/// Two parts rather than one map: who takes a batch out knows its pairs by where they are, and neither hashes nor
/// compares a key. Nothing but `Eq`, in [`find`](Self::find), and the merging is the user's code.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    index: HashTable<Slot>,
    entries: Vec<Option<Entry<K, V>>>,
    /// Slots without a pair, the one given up last at the end: its memory is the likeliest to be in a cache.
    free: Vec<Slot>,
    pub(super) closed: bool,
    /// Values merged into a pair that waited.
    pub(super) merged: u64,
    /// Those of them that went with an evicted pair.
    pub(super) dropped_merged: u64,
}

#[derive(Debug)]
struct Entry<K, V> {
    hash: u64,
    key: K,
    value: V,
    /// How many values were merged into the first.
    merged: u64,
}

impl<K, V> Table<K, V> {
    pub(super) fn new() -> Self {
        Self {
            index: HashTable::new(),
            entries: Vec::new(),
            free: Vec::new(),
            closed: false,
            merged: 0,
            dropped_merged: 0,
        }
    }

    /// Where a pair of this key waits. Runs `Eq`, and changes nothing.
    #[inline]
    pub(super) fn find(&self, hash: u64, key: &K) -> Option<Slot>
    where
        K: Eq,
    {
        let is =
            |slot: &Slot| self.entries[slot.0].as_ref().is_some_and(|entry| entry.hash == hash && entry.key == *key);
        self.index.find(hash, is).copied()
    }

    /// Has `merge` merge `value` into the pair at `slot`, and counts it if it returns.
    #[inline]
    pub(super) fn merge(&mut self, slot: Slot, value: V, merge: impl FnOnce(&mut V, V)) {
        if let Some(entry) = &mut self.entries[slot.0] {
            merge(&mut entry.value, value);
            entry.merged += 1;
            self.merged += 1;
        }
    }

    /// The slot that the next insertion takes.
    #[inline]
    pub(super) fn next(&self) -> Slot {
        self.free.last().copied().unwrap_or(Slot(self.entries.len()))
    }

    /// Puts a pair, whose key does not wait, in `slot`, which is still the [`next`](Self::next) one.
    pub(super) fn insert(&mut self, slot: Slot, hash: u64, (key, value): (K, V)) {
        debug_assert_eq!(slot, self.next());
        let entry = Some(Entry { hash, key, value, merged: 0 });
        if self.free.pop().is_some() {
            self.entries[slot.0] = entry;
        } else {
            self.entries.push(entry);
        }
        self.index.insert_unique(hash, slot, |slot| self.entries[slot.0].as_ref().map_or(0, |entry| entry.hash));
    }

    /// Takes the pair at `slot` out.
    pub(super) fn take(&mut self, slot: Slot) -> Option<(K, V)> {
        self.remove(slot).map(|entry| (entry.key, entry.value))
    }

    /// As [`take`](Self::take), of a pair that is dropped to make room.
    pub(super) fn evict(&mut self, slot: Slot) -> Option<(K, V)> {
        let entry = self.remove(slot)?;
        self.dropped_merged += entry.merged;
        Some((entry.key, entry.value))
    }

    fn remove(&mut self, slot: Slot) -> Option<Entry<K, V>> {
        let entry = self.entries.get_mut(slot.0)?.take()?;
        if let Ok(place) = self.index.find_entry(entry.hash, |other| *other == slot) {
            place.remove();
        }
        self.free.push(slot);
        Some(entry)
    }
}
