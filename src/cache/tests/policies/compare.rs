use proptest::prelude::*;

use super::{Naive, NaiveAdaptive, NaiveRecency, NaiveS3Fifo, View};
use crate::cache::Policy;
use crate::cache::entry::Entry;
use crate::cache::life::Life;
use crate::cache::order::Order;
use crate::cache::table::Table;
use crate::time::{Clock, Instant};

/// A policy at work on a table, beside the naive one.
struct Pair<N> {
    order: Order,
    table: Table<u32, ()>,
    naive: N,
    capacity: u64,
    held: u64,
    life: Life<u32, ()>,
}

/// Distinct for distinct keys, so that the order of a queue survives a move of the table.
fn hash(key: u32) -> u32 {
    key.wrapping_mul(0x9E37_79B1)
}

impl<N: Naive> Pair<N> {
    fn new(policy: Policy, naive: N, capacity: u64) -> Self {
        let life = Life { clock: Clock::Coarse, ttl: None, idle: None, refresh: None, by_value: None };
        Self { order: Order::new(policy), table: Table::new(), naive, capacity, held: 0, life }
    }

    fn view(&self) -> View {
        View::of(&self.table)
    }

    /// Asks for a key, and stores it where it is not there.
    fn ask(&mut self, key: u32, weight: u32) {
        match self.table.find(hash(key), &key).and_then(|place| self.table.at(place)) {
            Some(entry) => {
                self.order.touch(entry, &self.life);
                self.naive.hit(key);
            }
            None => self.store(key, weight),
        }
        self.compare();
    }

    fn store(&mut self, key: u32, weight: u32) {
        let arrival = self.order.arrive(hash(key));
        self.naive.arrive(hash(key));
        let mut full = false;
        while self.held + u64::from(weight) > self.capacity {
            let expected = self.naive.victim(&self.view());
            let place = self.order.victim(&self.table, arrival);
            assert_eq!(place.and_then(|place| self.table.at(place)).map(|entry| entry.key), expected, "the victim");
            self.take(place.expect("something weighs what is too much"));
            full = true;
        }
        if self.table.is_full() {
            let before = self.view();
            let queue = self.order.before_move(&self.table);
            self.table.make_way();
            self.order.moved(&queue, &self.table);
            self.naive.moved(&before, &self.view());
        }
        let entry = Entry::new(key, (), hash(key), weight, Instant::MAX);
        entry.set_mark(self.order.mark(arrival, hash(key)));
        let place = self.table.insert(entry);
        self.order.settle(arrival, place, weight, full, &self.table);
        self.held += u64::from(weight);
        self.naive.settle(key, hash(key), weight, full, &self.view());
    }

    fn take(&mut self, place: usize) {
        let entry = self.table.take(place);
        self.order.left(&entry, &self.table);
        self.held -= u64::from(entry.weight);
        self.naive.left(entry.key, &self.view());
    }

    fn remove(&mut self, key: u32) {
        if let Some(place) = self.table.find(hash(key), &key) {
            self.take(place);
        }
        self.compare();
    }

    fn reweigh(&mut self, key: u32, weight: u32) {
        let Some(place) = self.table.find(hash(key), &key) else { return };
        let entry = self.table.at_mut(place).expect("it was found");
        let held = self.held - u64::from(entry.weight) + u64::from(weight);
        if held <= self.capacity {
            self.order.reweigh(entry.mark(), entry.weight, weight);
            self.naive.reweigh(key, weight);
            (entry.weight, self.held) = (weight, held);
        }
        self.compare();
    }

    fn clear(&mut self) {
        (self.table, self.held) = (Table::new(), 0);
        self.order.clear();
        self.naive.clear();
    }

    fn compare(&self) {
        assert!(self.held <= self.capacity);
        for entry in self.table.iter() {
            let mark = entry.mark();
            if let Some(known) = self.naive.known(entry.key) {
                assert_eq!((mark.region(), mark.frequency(), mark.hits()), known, "of {}", entry.key);
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Op {
    Ask(u32),
    /// From the first on, so many that are not asked for again soon.
    Scan(u32, u32),
    Remove(u32),
    Reweigh(u32, u32),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        40 => (0u32..40).prop_map(Op::Ask),
        40 => (0u32..200).prop_map(Op::Ask),
        4 => (0u32..1_000, 1u32..150).prop_map(|(first, count)| Op::Scan(first, count)),
        8 => (0u32..200).prop_map(Op::Remove),
        2 => (0u32..60, 1u32..6).prop_map(|(key, weight)| Op::Reweigh(key, weight)),
        1 => Just(Op::Clear),
    ]
}

fn run<N: Naive>(pair: &mut Pair<N>, heaviest: u32, ops: Vec<Op>, check: impl Fn(&Pair<N>)) {
    for op in ops {
        match op {
            Op::Ask(key) => pair.ask(key, 1 + key % heaviest),
            Op::Scan(first, count) => (first..first + count).for_each(|key| pair.ask(key, 1 + key % heaviest)),
            Op::Remove(key) => pair.remove(key),
            Op::Reweigh(key, weight) => pair.reweigh(key, weight.min(heaviest)),
            Op::Clear => pair.clear(),
        }
        check(pair);
    }
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn adaptive(capacity in 3u64..100, heaviest in 1u32..4, ops in ops()) {
        run(&mut Pair::new(Policy::Adaptive, NaiveAdaptive::new(), capacity), heaviest, ops, |_| {});
    }

    #[test]
    fn s3_fifo(capacity in 3u64..100, heaviest in 1u32..4, ops in ops()) {
        run(&mut Pair::new(Policy::S3Fifo, NaiveS3Fifo::new(), capacity), heaviest, ops, |_| {});
    }

    #[test]
    fn lru_is_exact(capacity in 3u64..100, heaviest in 1u32..4, ops in ops()) {
        run(&mut Pair::new(Policy::Lru, NaiveRecency::default(), capacity), heaviest, ops, |pair| {
            let Order::Lru(recency) = &pair.order else { unreachable!("it was made so") };
            let key = |number| pair.table.iter().find(|entry| entry.mark().number() == number).map(|entry| entry.key);
            let keys: Vec<_> = recency.numbers().filter_map(key).collect();
            assert_eq!(keys, pair.naive.keys(), "from the least recently used on");
        });
    }
}

/// Long enough for ghosts to fill and age, trials to be judged, the share to move both ways, refusals to add up.
#[test]
fn adaptive_over_loops_scans_and_shifts() {
    let mut pair = Pair::new(Policy::Adaptive, NaiveAdaptive::new(), 60);
    let mut random = 1u64;
    for round in 0..12_000u64 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let draw = (random >> 33) as u32;
        let key = match round / 1_000 % 4 {
            0 => draw % 20 * (draw >> 8) % 100,
            1 => 1_000 + (round % 80) as u32,
            2 => 2_000 + round as u32 + draw % 30,
            _ => draw % 90,
        };
        pair.ask(key, 1);
        if draw.is_multiple_of(97) {
            pair.remove(key / 2);
        }
    }
}
