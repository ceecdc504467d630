use std::collections::HashSet;
use std::hash::Hash;

use super::expiry::ABSENT;
use super::fifo::Fifo;
use super::landing::NOBODY;
use super::node::{MAX_FREQUENCY, Queue};
use super::shard::Shard;
use super::slab::NONE;

impl<K: Hash + Eq, V> Shard<K, V> {
    /// Checks every invariant that holds whenever the lock is free.
    pub(super) fn validate(&self) {
        assert!(self.len() <= self.capacity, "{} entries in a shard of {}", self.len(), self.capacity);
        let small = self.validate_queue(&self.small, Queue::Small);
        let main = self.validate_queue(&self.main, Queue::Main);
        assert_eq!(small.len() + main.len(), self.len(), "each entry stands in one queue");

        let placed: HashSet<u32> = self.table.iter().copied().collect();
        assert_eq!(placed.len(), self.table.len(), "no place is in the table twice");
        assert_eq!(placed, small.into_iter().chain(main).collect(), "table and queues hold the same");
        let keys: HashSet<&K> = placed.iter().map(|&at| &self.nodes[at].key).collect();
        assert_eq!(keys.len(), placed.len(), "no key is held twice");
        for &at in &placed {
            let node = &self.nodes[at];
            assert!(self.table.find(node.hash, |&other| other == at).is_some(), "the table finds {at} by its hash");
        }

        for (place, &slot) in self.expiry.heap.iter().enumerate() {
            assert_eq!(self.expiry.ends[slot as usize].place, place, "the heap and the ends agree");
            assert!(placed.contains(&slot), "an end of an entry that is gone");
            if place > 0 {
                let parent = self.expiry.heap[(place - 1) / 2];
                assert!(self.expiry.ends[parent as usize].at <= self.expiry.ends[slot as usize].at, "heap order");
            }
        }
        let with_place = self.expiry.ends.iter().filter(|end| end.place != ABSENT).count();
        assert_eq!(with_place, self.expiry.heap.len());

        for flight in &self.flights.list {
            if flight.leader == NOBODY {
                assert!(flight.waiting > 0 && !flight.cancelled, "a load that nobody would end");
            }
            if let Some(landing) = &flight.landing {
                assert_eq!(landing.leader(), flight.leader);
            } else {
                assert_eq!(flight.waiting, 0);
            }
        }
    }

    fn validate_queue(&self, fifo: &Fifo, queue: Queue) -> Vec<u32> {
        let mut places = Vec::new();
        let (mut newer, mut at) = (NONE, fifo.newest);
        while at != NONE {
            let node = &self.nodes[at];
            assert_eq!((node.queue, node.newer), (queue, newer));
            assert!(node.frequency <= MAX_FREQUENCY);
            places.push(at);
            assert!(places.len() <= fifo.len, "the queue is longer than it says, or a ring");
            (newer, at) = (at, node.older);
        }
        assert_eq!((fifo.oldest, fifo.len), (newer, places.len()));
        places
    }
}
