//! What holds whenever no call is inside, checked in tests and while fuzzing.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};

use super::Cache;
use super::entry::Entry;
use super::landing::NOBODY;
use super::life::Life;
use super::order::Order;
use super::shard::Shard;
use super::window::Window;
use crate::time::Instant;

impl<K: Hash + Eq, V, S: BuildHasher> Cache<K, V, S> {
    /// Checks every invariant that holds while no other thread is in the cache.
    ///
    /// # Panics
    ///
    /// Where one does not hold.
    #[doc(hidden)]
    pub fn validate(&self) {
        let mut held = 0;
        for index in 0..self.locks.len() {
            self.visit(index, |shard| {
                assert!(shard.epoch <= self.epoch(), "a shard ahead of its cache");
                shard.validate(&self.life);
                for entry in shard.table.iter() {
                    let spot = self.spot(&entry.key);
                    assert_eq!((spot.shard, spot.hash), (index, entry.hash), "an entry in the shard of its key");
                }
                // Shards that are yet to be emptied among them: their weight is theirs until then.
                held += shard.held;
            });
        }
        let (capacity, free) = (self.budget.capacity(), self.budget.free());
        assert_eq!(held as i64 + free, capacity as i64, "what is held and what is free is the capacity");
        assert!(free >= 0, "{held} held of {capacity}");
    }
}

impl<K: Hash + Eq, V> Shard<K, V> {
    fn validate(&self, life: &Life<K, V>) {
        self.validate_table();
        match &self.order {
            Order::Adaptive(policy) => self.validate_regions(policy.regions(), 3),
            Order::S3Fifo(policy) => self.validate_regions(policy.regions(), 2),
            Order::Lru(recency) => {
                let mut numbers: Vec<u64> = recency.numbers().collect();
                numbers.sort_unstable();
                let mut marks: Vec<u64> = self.table.iter().map(|entry| entry.mark().number()).collect();
                marks.sort_unstable();
                assert_eq!(numbers, marks, "the order has each entry once");
                assert!(marks.windows(2).all(|pair| pair[0] < pair[1]), "a number stands for one entry");
            }
        }
        self.validate_expiry(life);
        for flight in &self.flights.list {
            if flight.leader == NOBODY {
                assert!(flight.waiting > 0 && !flight.cancelled, "a load that nobody would end");
            }
            match &flight.landing {
                Some(landing) => assert_eq!(landing.leader(), flight.leader, "shard and landing name one leader"),
                None => assert_eq!(flight.waiting, 0, "threads that wait nowhere"),
            }
        }
    }

    fn validate_table(&self) {
        let places = (0..self.table.places()).filter(|&place| self.table.at(place).is_some());
        let found = places.filter(|&place| self.table.is_found(place)).count();
        assert_eq!(found, self.table.len(), "each entry is found by its hash");
        let keys: HashSet<&K> = self.table.iter().map(|entry| &entry.key).collect();
        assert_eq!(keys.len(), self.table.len(), "no key is held twice");
        let weights = self.table.iter().map(|entry| u64::from(entry.weight));
        assert_eq!(weights.sum::<u64>(), self.held, "the shard holds what its entries weigh");
        assert!(self.table.iter().all(|entry| entry.weight != 0), "an entry that weighs nothing");
    }

    /// Region 0 is the window, those up to `regions` are the main region.
    fn validate_regions(&self, (window, main): (&Window, u64), regions: u8) {
        let in_window = |entry: &&Entry<K, V>| entry.mark().region() == 0;
        let weigh = |entry: &Entry<K, V>| u64::from(entry.weight);
        assert!(self.table.iter().all(|entry| entry.mark().region() < regions), "a region that there is not");
        assert_eq!(self.table.iter().filter(in_window).count(), window.len(), "entries in the window");
        assert_eq!(self.table.iter().filter(in_window).map(weigh).sum::<u64>(), window.weight(), "the window's weight");
        let rest = self.table.iter().filter(|entry| !in_window(entry));
        assert_eq!(rest.map(weigh).sum::<u64>(), main, "the main region's weight");
        let queued: HashSet<usize> = window.places().collect();
        for place in 0..self.table.places() {
            if self.table.at(place).as_ref().is_some_and(in_window) {
                assert!(queued.contains(&place), "an entry of the window that never reaches its end");
            }
        }
        assert!(window.places().len() <= 2 * window.len() + 32, "a queue that grows with what is gone");
    }

    fn validate_expiry(&self, life: &Life<K, V>) {
        let now = life.clock.now();
        let (hand, passed) = self.expiry.passed();
        let first = self.expiry.first();
        for turn in 0..self.table.places() {
            let Some(entry) = self.table.at(self.table.place_of(turn)) else { continue };
            let end = life.end(entry, now, &self.order);
            assert!(first <= end, "an entry that ends before the first is looked for");
            // `passed` is the next round's first.
            assert!(turn >= hand || passed <= end, "an entry that ends before the next round begins");
            assert!(entry.due == Instant::MAX || first != Instant::MAX, "an end that nobody looks for");
        }
    }
}
