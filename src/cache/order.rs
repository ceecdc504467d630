use std::time::Duration;

use super::Policy;
use super::adaptive::{self, Adaptive};
use super::entry::{Entry, Mark};
use super::life::Life;
use super::recency::Recency;
use super::s3_fifo::{self, S3Fifo};
use super::table::Table;
use crate::time::Instant;

/// What a shard knows beside its entries to choose victims, by policy.
///
/// An entry that comes in is told of in three steps: what is known of its key (`arrive`), what has to go for it (`victim`, as
/// often as it takes), and where it stands (`mark`, `settle`). The shard tells of each entry that it takes out (`left`).
#[derive(Debug)]
pub(super) enum Order {
    Adaptive(Adaptive),
    S3Fifo(S3Fifo),
    Lru(Box<Recency>),
}

/// What is known of a key that comes in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrival {
    Adaptive(adaptive::Arrival),
    S3Fifo(s3_fifo::Arrival),
    /// Nothing: the policy keeps no ghosts, or room is made for another shard.
    Unknown,
}

impl Order {
    pub(super) fn new(policy: Policy) -> Self {
        match policy {
            Policy::Adaptive => Self::Adaptive(Adaptive::new()),
            Policy::S3Fifo => Self::S3Fifo(S3Fifo::new()),
            Policy::Lru => Self::Lru(Box::new(Recency::new())),
        }
    }

    /// Asks for what is known of a key that may come in.
    #[inline]
    pub(super) fn prefetch(&self, hash: u32) {
        if let Self::Adaptive(policy) = self {
            policy.prefetch(hash);
        }
    }

    #[inline]
    pub(super) fn arrive(&mut self, hash: u32) -> Arrival {
        match self {
            Self::Adaptive(policy) => Arrival::Adaptive(policy.arrive(hash)),
            Self::S3Fifo(policy) => Arrival::S3Fifo(policy.arrive(hash)),
            Self::Lru(_) => Arrival::Unknown,
        }
    }

    /// The place of the entry that is to go for an arrival. None only where the table is empty.
    #[inline]
    pub(super) fn victim<K, V>(&mut self, table: &Table<K, V>, arrival: Arrival) -> Option<usize> {
        match (self, arrival) {
            (Self::Adaptive(policy), Arrival::Adaptive(arrival)) => policy.victim(table, arrival),
            (Self::Adaptive(policy), _) => policy.victim(table, adaptive::Arrival::NONE),
            (Self::S3Fifo(policy), _) => policy.victim(table),
            (Self::Lru(recency), _) => recency.victim(table),
        }
    }

    /// The mark of the arrival's entry.
    #[inline]
    pub(super) fn mark(&mut self, arrival: Arrival, hash: u32) -> Mark {
        match (self, arrival) {
            (Self::Lru(recency), _) => recency.admit(hash),
            (_, Arrival::Adaptive(arrival)) => arrival.mark,
            (_, Arrival::S3Fifo(arrival)) => arrival.mark(),
            (_, Arrival::Unknown) => Mark::default(),
        }
    }

    /// The arrival's entry is at `place`. `full` says whether something had to go for it.
    #[inline]
    pub(super) fn settle<K, V>(
        &mut self,
        arrival: Arrival,
        place: usize,
        weight: u32,
        full: bool,
        table: &Table<K, V>,
    ) {
        match (self, arrival) {
            (Self::Adaptive(policy), Arrival::Adaptive(arrival)) => policy.settle(arrival, place, weight, full, table),
            (Self::S3Fifo(policy), Arrival::S3Fifo(arrival)) => policy.settle(arrival, place, weight),
            _ => {}
        }
    }

    /// What the policy has to know of the entries' places once the table has moved them.
    #[cold]
    pub(super) fn before_move<K, V>(&mut self, table: &Table<K, V>) -> Vec<u32> {
        match self {
            Self::Adaptive(policy) => policy.window(table),
            Self::S3Fifo(policy) => policy.small(table),
            Self::Lru(_) => Vec::new(),
        }
    }

    #[cold]
    pub(super) fn moved<K, V>(&mut self, queue: &[u32], table: &Table<K, V>) {
        match self {
            Self::Adaptive(policy) => policy.moved(queue, table),
            Self::S3Fifo(policy) => policy.moved(queue, table),
            Self::Lru(_) => {}
        }
    }

    /// An entry was taken out: chosen by `victim`, or for another reason.
    #[inline]
    pub(super) fn left<K, V>(&mut self, entry: &Entry<K, V>, table: &Table<K, V>) {
        match self {
            Self::Adaptive(policy) => policy.left(entry, table),
            Self::S3Fifo(policy) => policy.left(entry, table),
            Self::Lru(recency) => recency.left(entry.mark()),
        }
    }

    /// Every entry was taken out.
    pub(super) fn clear(&mut self) {
        match self {
            Self::Adaptive(policy) => policy.clear(),
            Self::S3Fifo(policy) => policy.clear(),
            Self::Lru(recency) => **recency = Recency::new(),
        }
    }

    /// The entry was used by a writer.
    #[inline]
    pub(super) fn touch<K, V>(&mut self, entry: &Entry<K, V>, life: &Life<K, V>) {
        if life.idles() {
            self.used_at(entry, life.clock.now());
        }
        match self {
            Self::Lru(recency) => recency.touch(entry.mark()),
            _ => entry.hit(),
        }
    }

    /// The entry was used at that time, which matters where it may idle.
    pub(super) fn used_at<K, V>(&mut self, entry: &Entry<K, V>, now: Instant) {
        match self {
            Self::Lru(recency) => recency.used_at(entry.mark(), now),
            _ => entry.set_mark(entry.mark().with_use(now)),
        }
    }

    /// How long the entry was not used.
    #[inline]
    pub(super) fn idle(&self, mark: Mark, now: Instant) -> Duration {
        match self {
            Self::Lru(recency) => recency.idle(mark, now),
            _ => mark.idle(now),
        }
    }

    /// The weight of an entry that stays has changed.
    pub(super) fn reweigh(&mut self, mark: Mark, old: u32, new: u32) {
        match self {
            Self::Adaptive(policy) => policy.reweigh(mark, old, new),
            Self::S3Fifo(policy) => policy.reweigh(mark, old, new),
            Self::Lru(_) => {}
        }
    }
}
