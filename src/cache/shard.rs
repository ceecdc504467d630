use hashbrown::{Equivalent, HashTable};

use super::Stats;
use super::expiry::Expiry;
use super::fifo::Fifo;
use super::flights::{Flight, Flights};
use super::ghost::Ghost;
use super::node::{MAX_FREQUENCY, Node, Queue};
use super::slab::Slab;
use crate::time::{Clock, Deadline};

/// A share of the cache, under one lock: table, entries, the two queues, what left them, ends, loads and counts.
///
/// Of user code only `Eq` runs in here, in `find`, before anything changes; what goes out is handed to the caller, who
/// drops it once the lock is released.
///
/// The fields stand in the order a hit touches them: what it writes shares the line of the lock, which comes with the
/// lock anyway, and what follows is only read.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Shard<K, V> {
    pub(super) counts: Counts,
    /// Places in `nodes`, by hash.
    pub(super) table: HashTable<u32>,
    pub(super) nodes: Slab<Node<K, V>>,
    pub(super) expiry: Expiry,
    pub(super) small: Fifo,
    pub(super) main: Fifo,
    pub(super) ghost: Ghost,
    pub(super) flights: Flights<K, V>,
    pub(super) capacity: usize,
    /// How long the small queue may be once the shard is full.
    pub(super) small_target: usize,
}

#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Counts {
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) insertions: u64,
    pub(super) evictions: u64,
    pub(super) expirations: u64,
    pub(super) loads: u64,
}

/// What an insertion put out.
#[derive(Debug)]
pub(super) struct Displaced<K, V> {
    /// The live value that was there.
    pub(super) old: Option<V>,
    /// To be dropped once the lock is released: the entry that had to go, or the key that was not needed and the expired
    /// value that was there.
    pub(super) _garbage: (Option<K>, Option<V>),
}

/// All that was in a shard, and the loads that nobody leads.
type Cleared<K, V> = (Slab<Node<K, V>>, Vec<Flight<K, V>>);

/// How often an entry of the small queue must be asked for again to go on to the main one. The paper's experiments have
/// 2; once is enough to tell an entry from those of a scan, which come once.
const PROMOTE_AT: u8 = 1;

impl<K, V> Shard<K, V> {
    /// A shard for `capacity` entries, at least one and fewer than `u32::MAX`.
    pub(super) fn new(capacity: usize) -> Self {
        let small_target = (capacity / 10).max(1);
        Self {
            table: HashTable::new(),
            nodes: Slab::new(capacity),
            small: Fifo::new(),
            main: Fifo::new(),
            ghost: Ghost::new(capacity - small_target),
            expiry: Expiry::default(),
            flights: Flights::new(),
            capacity,
            small_target,
            counts: Counts::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The place of `key`, expired or not. Runs `Eq`, and changes nothing.
    #[inline]
    pub(super) fn find<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q) -> Option<u32> {
        let same = |&at: &u32| {
            let node = &self.nodes[at];
            node.hash == hash && key.equivalent(&node.key)
        };
        self.table.find(hash, same).copied()
    }

    /// Looks `key` up on behalf of a caller: counts, and raises the entry's frequency. An expired entry goes to
    /// `expired`.
    #[inline]
    pub(super) fn look_up<Q: Equivalent<K> + ?Sized>(
        &mut self,
        hash: u64,
        key: &Q,
        clock: &Clock,
        expired: &mut Option<(K, V)>,
    ) -> Option<&V> {
        let Some(at) = self.find(hash, key) else {
            self.counts.misses += 1;
            return None;
        };
        if self.expiry.is_due(at, clock) {
            self.counts.misses += 1;
            *expired = Some(self.expire(at));
            return None;
        }
        self.counts.hits += 1;
        let node = &mut self.nodes[at];
        // Written only where it changes, so that the line of a hot entry stays clean.
        if node.frequency < MAX_FREQUENCY {
            node.frequency += 1;
        }
        Some(&node.value)
    }

    /// The live value of `key`; nothing is counted or changed.
    pub(super) fn peek<Q: Equivalent<K> + ?Sized>(&self, hash: u64, key: &Q, clock: &Clock) -> Option<&V> {
        let at = self.find(hash, key).filter(|&at| !self.expiry.is_due(at, clock))?;
        Some(&self.nodes[at].value)
    }

    /// Stores an entry in the place `found` for its key, or in a new one, for which a victim goes first.
    pub(super) fn store(
        &mut self,
        found: Option<u32>,
        hash: u64,
        key: K,
        value: V,
        due: Deadline,
        clock: &Clock,
    ) -> Displaced<K, V> {
        self.counts.insertions += 1;
        if let Some(at) = found {
            return self.replace(at, key, value, due, clock);
        }
        let victim = if self.len() == self.capacity { self.evict(clock) } else { None };
        let queue = if self.ghost.take(hash) { Queue::Main } else { Queue::Small };
        let node = Node { hash, newer: 0, older: 0, queue, frequency: 0, key, value };
        let at = self.nodes.insert(node);
        self.link(at, queue);
        self.table.insert_unique(hash, at, |&at| self.nodes[at].hash);
        self.expiry.set(at, due);
        Displaced { old: None, _garbage: victim.unzip() }
    }

    fn replace(&mut self, at: u32, key: K, value: V, due: Deadline, clock: &Clock) -> Displaced<K, V> {
        let expired = self.expiry.is_due(at, clock);
        let node = &mut self.nodes[at];
        let old = std::mem::replace(&mut node.value, value);
        node.frequency = if expired { 0 } else { (node.frequency + 1).min(MAX_FREQUENCY) };
        self.expiry.set(at, due);
        let (old, dead) = if expired {
            self.counts.expirations += 1;
            (None, Some(old))
        } else {
            (Some(old), None)
        };
        Displaced { old, _garbage: (Some(key), dead) }
    }

    /// Takes the entry at `at` out.
    pub(super) fn take(&mut self, at: u32) -> (K, V) {
        self.unlink(at);
        self.expiry.clear(at);
        let node = self.nodes.remove(at);
        match self.table.find_entry(node.hash, |&other| other == at) {
            Ok(entry) => drop(entry.remove()),
            Err(_) => unreachable!("an entry that is not in the table"),
        }
        (node.key, node.value)
    }

    /// Takes out the entry at `at`, whose time is over.
    #[cold]
    pub(super) fn expire(&mut self, at: u32) -> (K, V) {
        self.counts.expirations += 1;
        self.take(at)
    }

    /// Takes out up to `most` entries whose time is over.
    pub(super) fn purge(&mut self, clock: &Clock, most: usize) -> Vec<(K, V)> {
        let mut expired = Vec::new();
        while expired.len() < most {
            let Some(at) = self.expiry.first_due(clock) else { break };
            expired.push(self.expire(at));
        }
        expired
    }

    /// Takes out everything and cancels every load. Gives back the loads nobody leads.
    #[must_use = "close them once the lock is released"]
    pub(super) fn clear(&mut self) -> Cleared<K, V> {
        self.table = HashTable::new();
        self.small = Fifo::new();
        self.main = Fifo::new();
        self.ghost.clear();
        self.expiry = Expiry::default();
        (std::mem::replace(&mut self.nodes, Slab::new(self.capacity)), self.flights.cancel_all())
    }

    /// Takes out the entry that is worth least: one past its end, else the one S3-FIFO names.
    fn evict(&mut self, clock: &Clock) -> Option<(K, V)> {
        if let Some(at) = self.expiry.first_due(clock) {
            return Some(self.expire(at));
        }
        // Ends: each round either takes an entry out of the small queue or lowers the frequency of one in the main.
        loop {
            let from_small = self.small.len >= self.small_target || self.main.len == 0;
            if from_small {
                let at = self.small.oldest()?;
                if self.nodes[at].frequency >= PROMOTE_AT {
                    self.unlink(at);
                    self.nodes[at].frequency = 0;
                    self.link(at, Queue::Main);
                    continue;
                }
                self.ghost.insert(self.nodes[at].hash);
                self.counts.evictions += 1;
                return Some(self.take(at));
            }
            let at = self.main.oldest()?;
            if self.nodes[at].frequency == 0 {
                self.counts.evictions += 1;
                return Some(self.take(at));
            }
            self.unlink(at);
            self.nodes[at].frequency -= 1;
            self.link(at, Queue::Main);
        }
    }

    fn link(&mut self, at: u32, queue: Queue) {
        self.nodes[at].queue = queue;
        match queue {
            Queue::Small => self.small.push(&mut self.nodes, at),
            Queue::Main => self.main.push(&mut self.nodes, at),
        }
    }

    fn unlink(&mut self, at: u32) {
        match self.nodes[at].queue {
            Queue::Small => self.small.unlink(&mut self.nodes, at),
            Queue::Main => self.main.unlink(&mut self.nodes, at),
        }
    }

    /// Adds this shard's counts to `stats`.
    pub(super) fn add_to(&self, stats: &mut Stats) {
        let Counts { hits, misses, insertions, evictions, expirations, loads } = self.counts;
        stats.hits += hits;
        stats.misses += misses;
        stats.insertions += insertions;
        stats.evictions += evictions;
        stats.expirations += expirations;
        stats.loads += loads;
        stats.len += self.len();
    }
}
