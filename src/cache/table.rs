use hashbrown::{Equivalent, HashTable};

use super::entry::Entry;

/// The entries of a shard, inline in a hash table: a hit touches the table's control bytes and its own entry.
///
/// Places are stable until the table [makes way](Self::make_way). Policies go round the table: its
/// order is a random one, as good to a CLOCK hand as the order of insertion, and costs no memory. They go from
/// each place to the one [after](Self::after) it.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    entries: HashTable<Entry<K, V>>,
}

impl<K, V> Table<K, V> {
    pub(super) const fn new() -> Self {
        Self { entries: HashTable::new() }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.entries.num_buckets()
    }

    /// The entry of `key`. Runs `Eq`.
    #[inline]
    pub(super) fn get<Q: Equivalent<K> + ?Sized>(&self, hash: u32, key: &Q) -> Option<&Entry<K, V>> {
        self.entries.find(spread(hash), |entry| key.equivalent(&entry.key))
    }

    /// The place of the entry of `key`. Runs `Eq`.
    #[inline]
    pub(super) fn find<Q: Equivalent<K> + ?Sized>(&mut self, hash: u32, key: &Q) -> Option<usize> {
        // `find_bucket_index` would do by a shared reference, and takes longer.
        let found = self.entries.find_entry(spread(hash), |entry| key.equivalent(&entry.key));
        found.ok().map(|entry| entry.bucket_index())
    }

    /// The place of an entry of this hash that `is` names. Runs no user code.
    #[inline]
    pub(super) fn find_by(&self, hash: u32, mut is: impl FnMut(&Entry<K, V>) -> bool) -> Option<usize> {
        self.entries.find_bucket_index(spread(hash), |entry| entry.hash == hash && is(entry))
    }

    /// The entry at `place`, if there is one.
    #[inline]
    pub(super) fn at(&self, place: usize) -> Option<&Entry<K, V>> {
        self.entries.get_bucket(place)
    }

    #[inline]
    pub(super) fn at_mut(&mut self, place: usize) -> Option<&mut Entry<K, V>> {
        self.entries.get_bucket_mut(place)
    }

    /// Whether the next insertion needs [`make_way`](Self::make_way).
    #[inline]
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() == self.entries.capacity()
    }

    /// Moves the entries so that one more has a place: to a table of twice the size, or, where it is marks of places that were
    /// given up that fill it, to one of the same.
    pub(super) fn make_way(&mut self) {
        let hash = |entry: &Entry<K, V>| spread(entry.hash);
        // Above, the next time would come soon.
        if self.len() > self.places() / 16 * 13 {
            return self.entries.reserve(1, hash);
        }
        // `reserve` would double the table already where it is more than half full.
        let capacity = self.places() / 8 * 7;
        let entries = std::mem::replace(&mut self.entries, HashTable::with_capacity(capacity));
        for entry in entries {
            self.entries.insert_unique(hash(&entry), entry, hash);
        }
    }

    /// Puts in an entry whose key is not there, and says where.
    #[inline]
    pub(super) fn insert(&mut self, entry: Entry<K, V>) -> usize {
        self.entries.insert_unique(spread(entry.hash), entry, |entry| spread(entry.hash)).bucket_index()
    }

    /// The place to look at after `place`, on the way through all of them: the first of every group, then the second of
    /// every group, and so on.
    ///
    /// Going through the places one after the other would leave the part behind the hand empty and crowd the part before it,
    /// where insertions then search long: simulated, 26 us each at 100,000 entries and a load of 0.67 (2026-11-21).
    #[inline]
    pub(super) fn after(&self, place: usize) -> usize {
        let next = place + GROUP;
        if next < self.places() { next } else { (next + 1) % GROUP }
    }

    /// The place at which that way is after so many steps from the first.
    #[inline]
    pub(super) fn place_of(&self, turn: usize) -> usize {
        let groups = self.places() / GROUP;
        if groups <= 1 { turn } else { (turn & (groups - 1)) * GROUP + (turn >> groups.ilog2()) }
    }

    /// Takes out the entry at `place`, where there has to be one.
    #[inline]
    pub(super) fn take(&mut self, place: usize) -> Entry<K, V> {
        match self.entries.get_bucket_entry(place) {
            Ok(entry) => entry.remove().0,
            Err(_) => unreachable!("a place without an entry"),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<K, V>> {
        self.entries.iter()
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Entry<K, V>> {
        self.entries.into_iter()
    }

    /// Whether the table finds the entry at `place` by its hash.
    #[cfg(any(test, fuzzing))]
    pub(super) fn is_found(&self, place: usize) -> bool {
        let entry = self.at(place).expect("an entry");
        self.find_by(entry.hash, |other| std::ptr::eq(other, entry)) == Some(place)
    }
}

/// Places that the table looks at together.
const GROUP: usize = 16;

/// The table takes low bits, by which it begins to look at a group's first place, and the highest seven.
#[inline]
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(super::FACTOR) & !(GROUP as u64 - 1)
}
