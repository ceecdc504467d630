use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use bedplate::cache::{Builder, Cache, Cause, Compute, LoadError};
use proptest::prelude::*;

use crate::hashers::{CONSTANT, HASHERS, POLICIES, THOUSANDS};

/// A value that is its own weight.
fn weighed(capacity: usize) -> Builder<u64, u32> {
    Cache::builder(capacity).weigher(|_: &u64, &weight| weight)
}

type Heard = Arc<Mutex<Vec<(u64, u32, Cause)>>>;

fn heard_by(builder: Builder<u64, u32>) -> (Heard, Builder<u64, u32>) {
    let heard = Heard::default();
    let ear = Arc::clone(&heard);
    (heard, builder.listener(move |key, value, cause| ear.lock().unwrap().push((key, value, cause))))
}

#[test]
fn a_weight_of_zero_counts_as_one() {
    let cache = weighed(10).shards(2).build();
    for key in 0..100 {
        cache.insert(key, 0);
        assert!(cache.len() <= 10);
    }
    assert_eq!((cache.len(), cache.weight(), cache.stats().weight), (10, 10, 10));
}

#[test]
fn the_weigher_sees_key_and_value() {
    let cache = Cache::builder(100).weigher(|key: &u64, value: &u32| *key as u32 * 10 + value).build();
    cache.insert(3, 4);
    assert_eq!(cache.weight(), 34);
    cache.get_or_insert_with(5, || 6);
    assert_eq!(cache.weight(), 90);
}

#[test]
fn a_heavy_entry_takes_what_the_others_leave() {
    for policy in POLICIES {
        for heavy in [500, 999, 1_000] {
            let cache = weighed(1_000).shards(8).policy(policy).build();
            (0..1_000).for_each(|key| assert_eq!(cache.insert(key, 1), None));
            assert_eq!(cache.weight(), 1_000);
            assert_eq!(cache.insert(5_000, heavy), None);
            assert_eq!(cache.get(&5_000), Some(heavy), "of {policy:?}");
            assert!(cache.weight() <= 1_000);
            assert_eq!(cache.weight(), u64::from(heavy) + cache.len() as u64 - 1);
        }
    }
}

#[test]
fn light_entries_push_a_heavy_one_out() {
    for policy in POLICIES {
        let cache = weighed(100).shards(4).policy(policy).build();
        cache.insert(0, 100);
        for key in 1..=100 {
            cache.insert(key, 1);
            assert!(cache.contains(&key) && cache.weight() <= 100, "of {policy:?}");
        }
        assert!(!cache.contains(&0));
        // The first that came found no room in its own shard, and had the heavy one go.
        assert_eq!((cache.len(), cache.stats().evictions), (100, 1));
    }
}

#[test]
fn what_is_too_heavy_is_given_back_and_nothing_changes() {
    let (heard, builder) = heard_by(weighed(10));
    let cache = builder.shards(2).build();
    cache.insert(1, 4);
    cache.insert(2, 6);
    for key in [1, 3] {
        let refused = cache.try_insert(key, 11).unwrap_err();
        assert_eq!((refused.weight(), refused.capacity()), (11, 10));
        assert_eq!(refused.into_inner(), (key, 11));
    }
    assert_eq!((cache.get(&1), cache.get(&2), cache.get(&3)), (Some(4), Some(6), None));
    assert_eq!((cache.weight(), cache.stats().insertions), (10, 2));
    assert_eq!(cache.try_insert(1, 3).unwrap(), Some(4));
    assert!(heard.lock().unwrap().is_empty());
}

#[test]
fn what_is_too_heavy_goes_to_the_listener_and_takes_only_its_key_with_it() {
    for policy in POLICIES {
        let (heard, builder) = heard_by(weighed(10));
        let cache = builder.shards(1).policy(policy).build();
        cache.insert(1, 4);
        cache.insert(2, 6);
        assert_eq!(cache.insert(1, 11), Some(4), "what was there is returned");
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.insert(3, 12), None);
        assert_eq!(cache.get(&2), Some(6), "others stay");
        assert_eq!(*heard.lock().unwrap(), [(1, 11, Cause::TooHeavy), (3, 12, Cause::TooHeavy)]);
        let stats = cache.stats();
        assert_eq!((stats.refused, stats.evictions, stats.insertions, stats.weight), (2, 0, 2, 6));
    }
}

#[test]
fn a_load_that_is_too_heavy_is_given_out_and_not_stored() {
    let (heard, builder) = heard_by(weighed(10));
    let cache = builder.shards(2).build();
    cache.insert(1, 9);
    assert_eq!(cache.get_or_insert_with(2, || 11), 11);
    assert_eq!(cache.get_or_try_insert_with(2, || Ok::<_, LoadError<()>>(12)), Ok(12), "nothing was stored");
    assert_eq!((cache.get(&1), cache.get(&2)), (Some(9), None));
    assert_eq!(*heard.lock().unwrap(), [(2, 11, Cause::TooHeavy), (2, 12, Cause::TooHeavy)]);
    let stats = cache.stats();
    assert_eq!((stats.refused, stats.loads, stats.evictions), (2, 2, 0));
}

#[test]
fn a_computation_that_is_too_heavy_is_not_stored_and_what_it_was_made_of_goes() {
    let (heard, builder) = heard_by(weighed(10));
    let cache = builder.build();
    cache.insert(1, 6);
    cache.compute(1, |old| Compute::Put(old.unwrap() * 2));
    assert!(cache.is_empty(), "an old value would be out of date");
    assert_eq!(cache.weight(), 0);
    assert_eq!(*heard.lock().unwrap(), [(1, 6, Cause::Replaced), (1, 12, Cause::TooHeavy)]);
}

#[test]
fn a_value_makes_room_for_a_heavier_one_and_leaves_it_to_others_for_a_lighter() {
    for policy in POLICIES {
        let cache = weighed(100).shards(4).policy(policy).build();
        (0..10).for_each(|key| assert_eq!(cache.insert(key, 10), None));
        assert_eq!(cache.insert(0, 1), Some(10));
        assert_eq!((cache.weight(), cache.len()), (91, 10));
        assert_eq!(cache.insert(0, 10), Some(1), "what is free is enough");
        assert_eq!((cache.weight(), cache.len(), cache.stats().evictions), (100, 10, 0));
        assert_eq!(cache.insert(0, 55), Some(10), "others go");
        assert_eq!(cache.get(&0), Some(55));
        assert_eq!((cache.weight(), cache.len()), (95, 5));
        assert_eq!(cache.insert(0, 100), Some(55));
        assert_eq!((cache.weight(), cache.len()), (100, 1));
        assert_eq!(cache.insert(0, 7), Some(100));
        assert_eq!(cache.get_or_insert_with(50, || 93), 93);
        assert_eq!((cache.weight(), cache.len()), (100, 2));
    }
}

#[test]
fn what_was_invalidated_goes_before_any_that_lives() {
    for policy in POLICIES {
        let cache = weighed(64).shards(16).policy(policy).hasher(THOUSANDS).build();
        (0..64).for_each(|n| assert_eq!(cache.insert(n * 1_000, 1), None));
        cache.invalidate_all();
        // All to the first shard, where four were.
        (0..64).for_each(|n| assert_eq!(cache.insert(n, 1), None));
        assert_eq!((cache.len(), cache.stats().evictions), (64, 0), "of {policy:?}");
        cache.insert(64, 1);
        assert_eq!((cache.len(), cache.stats().evictions), (64, 1), "of {policy:?}");
    }
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u64, u32),
    Try(u64, u32),
    Load(u64, u32),
    Put(u64, u32),
    Remove(u64),
    Get(u64),
    Invalidate,
    Resize(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let key = || prop_oneof![0u64..30, (0u64..30).prop_map(|n| n * 1_000)];
    let weight = || prop_oneof![8 => 0u32..8, 2 => 0u32..50, 1 => 0u32..120];
    prop_oneof![
        6 => (key(), weight()).prop_map(|(k, w)| Op::Insert(k, w)),
        3 => (key(), weight()).prop_map(|(k, w)| Op::Try(k, w)),
        3 => (key(), weight()).prop_map(|(k, w)| Op::Load(k, w)),
        3 => (key(), weight()).prop_map(|(k, w)| Op::Put(k, w)),
        3 => key().prop_map(Op::Remove),
        3 => key().prop_map(Op::Get),
        1 => Just(Op::Invalidate),
        1 => (1usize..150).prop_map(Op::Resize),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// The weight is that of the entries, and never more than the capacity; what fits is stored.
    #[test]
    fn the_weight_is_that_of_the_entries_and_within_the_capacity(
        ops in prop::collection::vec(op(), 0..200),
        hasher in 0..HASHERS.len(),
        policy in 0..POLICIES.len(),
        shards in 1usize..9,
    ) {
        let cache = weighed(100).shards(shards).policy(POLICIES[policy]).hasher(HASHERS[hasher]).build();
        let mut capacity = 100;
        for op in ops {
            match op {
                Op::Insert(k, w) => {
                    cache.insert(k, w);
                    prop_assert_eq!(cache.get(&k).is_some(), w as usize <= capacity);
                }
                Op::Try(k, w) => prop_assert_eq!(cache.try_insert(k, w).is_ok(), w as usize <= capacity),
                Op::Load(k, w) => {
                    let value = cache.get_or_insert_with(k, || w);
                    prop_assert_eq!(cache.get(&k).is_some(), value as usize <= capacity);
                }
                Op::Put(k, w) => {
                    cache.compute(k, |_| Compute::Put(w));
                    prop_assert_eq!(cache.get(&k), (w as usize <= capacity).then_some(w));
                }
                Op::Remove(k) => _ = cache.remove(&k),
                Op::Get(k) => _ = cache.get(&k),
                Op::Invalidate => cache.invalidate_all(),
                Op::Resize(to) => {
                    cache.resize(to);
                    capacity = to;
                }
            }
            let sum: u64 = cache.iter().map(|(_, weight)| u64::from(weight.max(1))).sum();
            prop_assert_eq!(cache.weight(), sum);
            prop_assert!(sum <= capacity as u64);
            prop_assert_eq!(cache.capacity(), capacity);
        }
        // No weight is lost: emptied, it takes as much as before.
        cache.retain(|_, _| false);
        prop_assert_eq!(cache.try_insert(7, capacity as u32).unwrap(), None);
        prop_assert_eq!((cache.len(), cache.weight()), (1, capacity as u64));
    }
}

/// Two shards' weights are not read at one point in time, those of one are: so there is one, or hashes are all the same.
#[test]
fn nobody_ever_sees_more_than_the_capacity() {
    for policy in POLICIES {
        let cache = weighed(100).shards(4).policy(policy).hasher(CONSTANT).build();
        let done = AtomicBool::new(false);
        thread::scope(|s| {
            let watcher = s.spawn(|| {
                let mut most = 0;
                while !done.load(Ordering::Relaxed) {
                    most = most.max(cache.weight());
                    let sum: u64 = cache.iter().map(|(_, weight)| u64::from(weight)).sum();
                    most = most.max(sum);
                }
                most
            });
            let writers: Vec<_> = (0..3u64)
                .map(|t| {
                    let cache = &cache;
                    s.spawn(move || {
                        for n in 0..3_000 {
                            let key = (n * 7 + t) % 50;
                            match n % 5 {
                                0 => _ = cache.remove(&key),
                                1 => _ = cache.get_or_insert_with(key, || (n % 60) as u32 + 1),
                                2 => _ = cache.compute(key, |_| Compute::Put((n % 40) as u32 + 1)),
                                _ => _ = cache.insert(key, (n % 13) as u32 + 1),
                            }
                        }
                    })
                })
                .collect();
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            done.store(true, Ordering::Relaxed);
            let most = watcher.join().unwrap();
            assert!(most <= 100, "{most} seen, of {policy:?}");
        });
    }
}

/// What the values weigh that are alive, wherever they are.
static ALIVE: AtomicU64 = AtomicU64::new(0);

#[derive(Debug)]
struct Alive(u32);

impl Alive {
    fn new(weight: u32) -> Self {
        ALIVE.fetch_add(weight.into(), Ordering::Relaxed);
        Self(weight)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        ALIVE.fetch_sub(self.0.into(), Ordering::Relaxed);
    }
}

#[test]
fn what_lives_is_the_capacity_and_what_each_thread_has_in_hand() {
    const THREADS: u64 = 4;
    const HEAVIEST: u64 = 40;
    let cache = Cache::builder(200).shards(8).weigher(|_: &u64, value: &Alive| value.0).build();
    // A thread has in hand what it puts in, what that replaces, and what goes for it: about as much again, some in vain where
    // others take what it has freed.
    let bound = 200 + THREADS * 8 * HEAVIEST;
    thread::scope(|s| {
        for t in 0..THREADS {
            let cache = &cache;
            s.spawn(move || {
                for n in 0..4_000 {
                    cache.insert((n * 31 + t) % 90, Alive::new((n * 17 % HEAVIEST) as u32 + 1));
                    let alive = ALIVE.load(Ordering::Relaxed);
                    assert!(alive <= bound, "{alive} are alive");
                }
            });
        }
    });
    let weight = cache.weight();
    assert!(weight <= 200);
    assert_eq!(ALIVE.load(Ordering::Relaxed), weight, "what went was dropped");
    drop(cache);
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
}

#[test]
fn a_new_capacity_holds_at_once() {
    for policy in POLICIES {
        let (heard, builder) = heard_by(weighed(100));
        let cache = builder.shards(8).policy(policy).build();
        (0..100).for_each(|key| assert_eq!(cache.insert(key, 1), None));
        cache.resize(30);
        assert_eq!((cache.len(), cache.weight(), cache.capacity()), (30, 30, 30));
        assert_eq!(cache.stats().capacity, 30);
        assert_eq!(heard.lock().unwrap().len(), 70);
        assert!(heard.lock().unwrap().iter().all(|&(key, _, cause)| cause == Cause::Evicted && !cache.contains(&key)));
        assert!(cache.try_insert(200, 31).is_err());
        cache.resize(60);
        (300..400).for_each(|key| assert_eq!(cache.insert(key, 1), None));
        assert_eq!((cache.len(), cache.weight()), (60, 60));
        assert_eq!(cache.try_insert(200, 31).unwrap(), None);
        cache.resize(1);
        cache.insert(201, 1);
        assert_eq!((cache.len(), cache.get(&201)), (1, Some(1)));
    }
}

#[test]
fn a_capacity_can_change_while_others_insert() {
    let cache = weighed(100).shards(8).build();
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        for t in 0..2u64 {
            let (cache, done) = (&cache, &done);
            s.spawn(move || {
                let mut n = t << 32;
                while !done.load(Ordering::Relaxed) {
                    n += 1;
                    cache.insert(n, (n % 3) as u32 + 1);
                    cache.get_or_insert_with(n % 64, || (n % 5) as u32 + 1);
                }
            });
        }
        for round in 0..500 {
            cache.resize([100, 10, 1_000, 1, 50][round % 5]);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!(cache.capacity(), 50);
    assert!(cache.weight() <= 50);
    // No weight is lost and none is counted twice.
    assert_eq!(cache.try_insert(7, 50).unwrap(), None);
    assert_eq!(cache.try_insert(8, 51).unwrap_err().capacity(), 50);
    assert_eq!(cache.weight(), 50);
}

#[test]
#[should_panic(expected = "capacity 0")]
fn a_new_capacity_of_zero_is_refused() {
    Cache::<u64, u32>::new(10).resize(0);
}
