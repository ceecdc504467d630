use std::hash::{BuildHasher, BuildHasherDefault, Hasher};
use std::time::Duration;

use bedplate::cache::{Lru, LruBuilder};
use bedplate::time::Manual;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u16),
    TryInsert(u8, u16),
    InsertFor(u8, u16, u8),
    Get(u8),
    Change(u8, u16),
    Peek(u8),
    Remove(u8),
    Load(u8, u16),
    FailToLoad(u8),
    Pop,
    Retain(u8),
    Resize(u8),
    ResizeWeight(u8),
    Purge,
    Clear,
    Advance(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0u8..12;
    prop_oneof![
        6 => (key(), any::<u16>()).prop_map(|(k, v)| Op::Insert(k, v)),
        2 => (key(), any::<u16>()).prop_map(|(k, v)| Op::TryInsert(k, v)),
        4 => (key(), any::<u16>(), 0u8..12).prop_map(|(k, v, ttl)| Op::InsertFor(k, v, ttl)),
        6 => key().prop_map(Op::Get),
        2 => (key(), any::<u16>()).prop_map(|(k, v)| Op::Change(k, v)),
        2 => key().prop_map(Op::Peek),
        2 => key().prop_map(Op::Remove),
        4 => (key(), any::<u16>()).prop_map(|(k, v)| Op::Load(k, v)),
        1 => key().prop_map(Op::FailToLoad),
        1 => Just(Op::Pop),
        1 => (1u8..4).prop_map(Op::Retain),
        1 => (1u8..8).prop_map(Op::Resize),
        1 => (1u8..20).prop_map(Op::ResizeWeight),
        1 => Just(Op::Purge),
        1 => Just(Op::Clear),
        6 => (0u8..6).prop_map(Op::Advance),
    ]
}

/// What bounds a map.
#[derive(Clone, Debug)]
struct Bounds {
    capacity: usize,
    max_weight: Option<u64>,
    ttl: Option<u64>,
    idle: Option<u64>,
}

fn bounds() -> impl Strategy<Value = Bounds> {
    let time = || prop::option::of(0u64..12);
    (1usize..8, prop::option::of(1u64..20), time(), prop::option::of(1u64..12))
        .prop_map(|(capacity, max_weight, ttl, idle)| Bounds { capacity, max_weight, ttl, idle })
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Entry {
    key: u8,
    value: u16,
    weight: u64,
    end: u64,
    idle_end: u64,
}

/// A list, the most recently used first, that drops what is expired at once.
struct Model {
    list: Vec<Entry>,
    bounds: Bounds,
    now: u64,
    expired: u64,
    evicted: u64,
}

fn weight_of(value: u16) -> u64 {
    u64::from(value % 8)
}

impl Model {
    fn weight(&self) -> u64 {
        self.list.iter().map(|entry| entry.weight).sum()
    }

    fn advance(&mut self, by: u64) {
        self.now += by;
        let before = self.list.len();
        self.list.retain(|entry| self.now < entry.end.min(entry.idle_end));
        self.expired += (before - self.list.len()) as u64;
    }

    fn take(&mut self, key: u8) -> Option<Entry> {
        let at = self.list.iter().position(|entry| entry.key == key)?;
        Some(self.list.remove(at))
    }

    fn use_one(&mut self, key: u8) -> Option<&mut Entry> {
        let mut entry = self.take(key)?;
        entry.idle_end = self.idle_end();
        self.list.insert(0, entry);
        self.list.first_mut()
    }

    fn idle_end(&self) -> u64 {
        self.bounds.idle.map_or(u64::MAX, |idle| self.now + idle)
    }

    /// Pushes out what is too much; the first of it.
    fn shrink(&mut self) -> Option<(u8, u16)> {
        let mut first = None;
        while self.list.len() > self.bounds.capacity || self.bounds.max_weight.is_some_and(|max| self.weight() > max) {
            let entry = self.list.pop().expect("an empty list is within bounds");
            self.evicted += 1;
            first = first.or(Some((entry.key, entry.value)));
        }
        first
    }

    fn refuses(&self, value: u16) -> bool {
        self.bounds.max_weight.is_some_and(|max| weight_of(value) > max)
    }

    /// Where the value is not refused.
    fn insert(&mut self, key: u8, value: u16, ttl: Option<u64>) -> Option<(u8, u16)> {
        let old = self.take(key).map(|entry| (key, entry.value));
        if ttl == Some(0) {
            return old;
        }
        let weight = if self.bounds.max_weight.is_some() { weight_of(value) } else { 0 };
        let end = ttl.map_or(u64::MAX, |ttl| self.now + ttl);
        self.list.insert(0, Entry { key, value, weight, end, idle_end: self.idle_end() });
        let evicted = self.shrink();
        old.or(evicted)
    }
}

fn build<S: BuildHasher>(bounds: &Bounds, time: &Manual, hasher: S) -> Lru<u8, u16, S> {
    let mut builder: LruBuilder<u8, u16, S> = Lru::builder(bounds.capacity).clock(time.clone()).hasher(hasher);
    if let Some(ttl) = bounds.ttl {
        builder = builder.ttl(Duration::from_nanos(ttl));
    }
    if let Some(idle) = bounds.idle {
        builder = builder.time_to_idle(Duration::from_nanos(idle));
    }
    if let Some(max) = bounds.max_weight {
        builder = builder.weigher(max, |_, &value| weight_of(value) as u32);
    }
    builder.build()
}

fn follows_the_list<S: BuildHasher>(bounds: Bounds, ops: Vec<Op>, hasher: S) -> Result<(), TestCaseError> {
    let time = Manual::new();
    let mut lru = build(&bounds, &time, hasher);
    let ttl = bounds.ttl;
    let mut model = Model { list: Vec::new(), bounds, now: 0, expired: 0, evicted: 0 };
    for op in ops {
        match op {
            Op::Insert(k, v) if model.refuses(v) => {
                model.take(k);
                prop_assert_eq!(lru.insert(k, v), Some((k, v)));
            }
            Op::Insert(k, v) => prop_assert_eq!(lru.insert(k, v), model.insert(k, v, ttl)),
            Op::TryInsert(k, v) => match lru.try_insert(k, v) {
                Ok(pair) => {
                    prop_assert!(!model.refuses(v));
                    prop_assert_eq!(pair, model.insert(k, v, ttl));
                }
                Err(refused) => {
                    prop_assert!(model.refuses(v));
                    prop_assert_eq!((refused.weight(), Some(refused.capacity())), (weight_of(v), lru.max_weight()));
                    prop_assert_eq!(refused.into_inner(), (k, v));
                }
            },
            Op::InsertFor(k, v, own) if model.refuses(v) => {
                model.take(k);
                prop_assert_eq!(lru.insert_with_ttl(k, v, Duration::from_nanos(own.into())), Some((k, v)));
            }
            Op::InsertFor(k, v, own) => {
                let expected = model.insert(k, v, Some(own.into()));
                prop_assert_eq!(lru.insert_with_ttl(k, v, Duration::from_nanos(own.into())), expected);
            }
            Op::Get(k) => prop_assert_eq!(lru.get(&k).copied(), model.use_one(k).map(|entry| entry.value)),
            Op::Change(k, v) => {
                let expected = model.use_one(k).map(|entry| entry.value = v);
                prop_assert_eq!(lru.get_mut(&k).map(|value| *value = v), expected);
            }
            Op::Peek(k) => {
                let held = model.list.iter().find(|entry| entry.key == k).map(|entry| entry.value);
                prop_assert_eq!(lru.peek(&k).copied(), held);
                prop_assert_eq!(lru.contains(&k), held.is_some());
            }
            Op::Remove(k) => prop_assert_eq!(lru.remove(&k), model.take(k).map(|entry| entry.value)),
            Op::Load(k, v) => {
                let held = model.use_one(k).map(|entry| entry.value);
                if held.is_none() && !model.refuses(v) {
                    model.insert(k, v, ttl);
                }
                prop_assert_eq!(*lru.get_or_insert_with(k, || v), held.unwrap_or(v));
            }
            Op::FailToLoad(k) => {
                let held = model.use_one(k).map(|entry| entry.value);
                prop_assert_eq!(lru.get_or_try_insert_with(k, || Err(())).copied(), held.ok_or(()));
            }
            Op::Pop => prop_assert_eq!(lru.pop(), model.list.pop().map(|entry| (entry.key, entry.value))),
            Op::Retain(n) => {
                lru.retain(|&key, value| {
                    *value = value.wrapping_add(1);
                    key % n != 0
                });
                model.list.iter_mut().for_each(|entry| entry.value = entry.value.wrapping_add(1));
                model.list.retain(|entry| entry.key % n != 0);
            }
            Op::Resize(capacity) => {
                lru.resize(capacity.into());
                model.bounds.capacity = capacity.into();
                model.shrink();
            }
            Op::ResizeWeight(max) if model.bounds.max_weight.is_some() => {
                lru.resize_weight(max.into());
                model.bounds.max_weight = Some(max.into());
                model.shrink();
            }
            Op::ResizeWeight(_) => {}
            Op::Purge => {
                lru.purge_expired();
                prop_assert_eq!((lru.len(), lru.weight()), (model.list.len(), model.weight()));
                let stats = lru.stats();
                prop_assert_eq!((stats.expirations, stats.evictions), (model.expired, model.evicted));
            }
            Op::Clear => {
                lru.purge_expired();
                lru.clear();
                model.list.clear();
                prop_assert_eq!((lru.len(), lru.weight()), (0, 0));
            }
            Op::Advance(by) => {
                time.advance(Duration::from_nanos(by.into()));
                model.advance(by.into());
            }
        }
        let list = || model.list.iter().map(|entry| (entry.key, entry.value));
        prop_assert!(lru.iter().map(|(&k, &v)| (k, v)).eq(list()));
        prop_assert!(lru.iter().rev().map(|(&k, &v)| (k, v)).eq(list().rev()));
        prop_assert_eq!((lru.capacity(), lru.max_weight()), (model.bounds.capacity, model.bounds.max_weight));
        prop_assert!(lru.len() <= lru.capacity() && lru.len() >= model.list.len());
        prop_assert!(lru.weight() <= lru.max_weight().unwrap_or(0));
    }
    lru.purge_expired();
    prop_assert_eq!((lru.len(), lru.stats().expirations), (model.list.len(), model.expired));
    Ok(())
}

/// One hash for all keys.
#[derive(Default)]
struct Collide;

impl Hasher for Collide {
    fn write(&mut self, _: &[u8]) {}

    fn finish(&self) -> u64 {
        42
    }
}

proptest! {
    #[test]
    fn the_order_is_that_of_a_list(capacity in 1usize..8, ops in prop::collection::vec(op(), 0..200)) {
        let timeless = |op: &Op| !matches!(op, Op::InsertFor(..));
        let bounds = Bounds { capacity, max_weight: None, ttl: None, idle: None };
        follows_the_list(bounds, ops.into_iter().filter(timeless).collect(), foldhash::fast::RandomState::default())?;
    }

    #[test]
    fn it_is_so_with_times_and_weights(bounds in bounds(), ops in prop::collection::vec(op(), 0..200)) {
        follows_the_list(bounds, ops, foldhash::fast::RandomState::default())?;
    }

    #[test]
    fn it_is_so_where_all_keys_collide(bounds in bounds(), ops in prop::collection::vec(op(), 0..100)) {
        follows_the_list(bounds, ops, BuildHasherDefault::<Collide>::default())?;
    }
}

#[test]
fn stats_tell_what_was_replaced_from_what_was_evicted() {
    let mut lru = Lru::new(2);
    lru.insert("a", 1);
    lru.insert("a", 2);
    lru.insert("b", 3);
    lru.insert("c", 4);
    lru.get("a");
    lru.get("b");
    lru.get_or_insert_with("b", || unreachable!());
    lru.get_or_insert_with("d", || 5);
    assert_eq!(lru.peek("d"), Some(&5));
    let stats = lru.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (2, 2, 1));
    assert_eq!((stats.insertions, stats.evictions, stats.expirations), (5, 2, 0));
    assert_eq!((stats.len, stats.capacity), (2, 2));
}

#[test]
fn stats_tell_what_was_refused_what_failed_and_what_was_cleared() {
    let mut lru = Lru::builder(10).weigher(10, |_: &u32, &value: &u32| value).build();
    assert_eq!(lru.insert(1, 11), Some((1, 11)));
    assert!(lru.try_insert(1, 12).is_err());
    assert_eq!(lru.get_or_insert_with(2, || 13), &13);
    assert!(lru.get_or_try_insert_with(3, || Err(())).is_err());
    (4..8).for_each(|key| assert_eq!(lru.insert(key, 2), None));
    let stats = lru.stats();
    assert_eq!((stats.refused, stats.loads, stats.failed_loads), (3, 1, 1));
    assert_eq!((stats.len, stats.weight, stats.capacity), (4, 8, 10));
    lru.retain(|&key, _| key != 4);
    lru.clear();
    assert_eq!((lru.stats().invalidations, lru.stats().weight), (4, 0));
}

#[test]
fn a_large_capacity_takes_no_memory_before_it_fills() {
    let mut lru = Lru::new(usize::MAX);
    assert_eq!(lru.insert("key".to_owned(), 1), None);
    assert_eq!(lru.get("key"), Some(&1));
}

#[test]
#[should_panic(expected = "capacity 0")]
fn a_capacity_of_zero_is_refused() {
    let _ = Lru::<u32, u32>::new(0);
}

#[test]
#[should_panic(expected = "weight of 0")]
fn a_weight_of_zero_is_refused() {
    let _ = Lru::<u32, u32>::builder(1).weigher(0, |_, _| 1);
}

#[test]
#[should_panic(expected = "without a weigher")]
fn a_weight_without_a_weigher_is_refused() {
    Lru::<u32, u32>::new(1).resize_weight(1);
}
