use std::collections::{HashSet, VecDeque};

use foldhash::fast::FixedState;

use super::entry::Entry;
use super::table::Table;

/// A FIFO of the entries of one region, by their places. An entry that is taken out otherwise leaves its place behind, at
/// which there is then none of the region, or one that came after it: that one leaves a little early.
#[derive(Debug, Default)]
pub(super) struct Window {
    places: VecDeque<u32>,
    /// Entries in the region, and their weight.
    len: usize,
    weight: u64,
}

/// Beyond twice the entries and so many places, those at which there is none are taken out.
const SLACK: usize = 32;

impl Window {
    #[inline]
    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// An entry comes into the region.
    #[inline]
    pub(super) fn push(&mut self, place: usize, weight: u32) {
        self.places.push_back(place as u32); // A shard of 2^32 places is not made.
        self.len += 1;
        self.weight += u64::from(weight);
    }

    /// The oldest entry of the region, which `is_in` knows. It stays in the region, but no longer in this queue.
    #[inline]
    pub(super) fn pop<'t, K, V>(
        &mut self,
        table: &'t Table<K, V>,
        is_in: impl Fn(&Entry<K, V>) -> bool,
    ) -> Option<(usize, &'t Entry<K, V>)> {
        while let Some(place) = self.places.pop_front() {
            if let Some(entry) = table.at(place as usize).filter(|entry| is_in(entry)) {
                return Some((place as usize, entry));
            }
        }
        None
    }

    /// Asks for the oldest entry.
    #[inline]
    pub(super) fn prefetch<K, V>(&self, table: &Table<K, V>) {
        if let Some(entry) = self.places.front().and_then(|&place| table.at(place as usize)) {
            entry.prefetch();
        }
    }

    /// An entry leaves the region.
    #[inline]
    pub(super) fn left<K, V>(&mut self, weight: u32, table: &Table<K, V>, is_in: impl Fn(&Entry<K, V>) -> bool) {
        self.len -= 1;
        self.weight -= u64::from(weight);
        if self.places.len() > 2 * self.len + SLACK {
            self.compact(table, &is_in);
        }
    }

    /// Leaves each place once, the newest, and only where there is an entry.
    #[cold]
    fn compact<K, V>(&mut self, table: &Table<K, V>, is_in: &impl Fn(&Entry<K, V>) -> bool) {
        let mut kept = HashSet::with_capacity_and_hasher(self.len, FixedState::default());
        let is_left = |place: &u32| table.at(*place as usize).is_some_and(is_in);
        let newest = self.places.iter().rev().filter(|&&place| is_left(&place) && kept.insert(place));
        self.places = newest.copied().collect();
        self.places.make_contiguous().reverse();
    }

    /// The hashes of the entries in this order, by which it is found again once they have moved.
    #[cold]
    pub(super) fn hashes<K, V>(&mut self, table: &Table<K, V>, is_in: impl Fn(&Entry<K, V>) -> bool) -> Vec<u32> {
        self.compact(table, &is_in);
        self.places.iter().filter_map(|&place| table.at(place as usize)).map(|entry| entry.hash).collect()
    }

    /// The entries have moved. Of two with one hash, one comes to stand in the queue twice and the other not at all; where
    /// that shows, all follow in any order, and those that were there stay where they are.
    #[cold]
    pub(super) fn moved<K, V>(&mut self, hashes: &[u32], table: &Table<K, V>, is_in: impl Fn(&Entry<K, V>) -> bool) {
        self.places = hashes.iter().filter_map(|&hash| table.find_by(hash, &is_in)).map(|place| place as u32).collect();
        self.compact(table, &is_in);
        if self.places.len() < self.len {
            let known: HashSet<_, FixedState> = self.places.iter().copied().collect();
            let all =
                (0..table.places()).filter(|&place| table.at(place).is_some_and(&is_in)).map(|place| place as u32);
            self.places.extend(all.filter(|place| !known.contains(place)));
        }
    }

    pub(super) fn reweigh(&mut self, old: u32, new: u32) {
        self.weight = self.weight - u64::from(old) + u64::from(new);
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Places in the queue, those that have no entry among them.
    #[cfg(any(test, fuzzing))]
    pub(super) fn places(&self) -> impl ExactSizeIterator<Item = usize> {
        self.places.iter().map(|&place| place as usize)
    }
}
