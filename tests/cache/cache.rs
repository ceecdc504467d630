use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bedplate::cache::Cache;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Insert(u16, u32),
    Get(u16),
    Remove(u16),
    Load(u16, u32),
    Invalidate,
}

fn op() -> impl Strategy<Value = Op> {
    let key = 0u16..50;
    prop_oneof![
        6 => (key.clone(), any::<u32>()).prop_map(|(k, v)| Op::Insert(k, v)),
        6 => key.clone().prop_map(Op::Get),
        3 => key.clone().prop_map(Op::Remove),
        4 => (key, any::<u32>()).prop_map(|(k, v)| Op::Load(k, v)),
        1 => Just(Op::Invalidate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Where everything fits into one shard, the cache is a map.
    #[test]
    fn nothing_is_forgotten_while_there_is_room(ops in prop::collection::vec(op(), 0..300)) {
        let cache = Cache::builder(50).shards(1).build();
        let mut model = HashMap::new();
        for op in ops {
            match op {
                Op::Insert(k, v) => prop_assert_eq!(cache.insert(k, v), model.insert(k, v)),
                Op::Get(k) => prop_assert_eq!(cache.get(&k), model.get(&k).copied()),
                Op::Remove(k) => prop_assert_eq!(cache.remove(&k), model.remove(&k)),
                Op::Load(k, v) => prop_assert_eq!(cache.get_or_insert_with(k, || v), *model.entry(k).or_insert(v)),
                Op::Invalidate => {
                    cache.invalidate_all();
                    model.clear();
                }
            }
            prop_assert_eq!(cache.len(), model.len());
            prop_assert_eq!(cache.is_empty(), model.is_empty());
        }
        prop_assert_eq!(cache.stats().evictions, 0);
    }

    #[test]
    fn no_capacity_or_number_of_shards_lets_it_grow_past_the_limit(capacity in 1usize..600, shards in 1usize..100) {
        let cache = Cache::builder(capacity).shards(shards).build();
        for key in 0..2 * capacity {
            cache.insert(key, ());
            if key % 32 == 0 {
                prop_assert!(cache.len() <= capacity);
            }
        }
        prop_assert!(cache.len() <= capacity);
        prop_assert_eq!(cache.capacity(), capacity);
        let stats = cache.stats();
        prop_assert_eq!(stats.insertions - stats.evictions, stats.len as u64);
    }
}

#[test]
fn len_never_exceeds_the_capacity_while_threads_insert() {
    let cache = Cache::builder(64).shards(8).build();
    let over = AtomicBool::new(false);
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        let watcher = s.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                over.fetch_or(cache.len() > 64, Ordering::Relaxed);
            }
        });
        let writers: Vec<_> = (0..4u64)
            .map(|t| {
                let cache = &cache;
                s.spawn(move || {
                    for n in 0..10_000 {
                        cache.insert((t << 32) + n, n);
                        assert!(cache.len() <= 64);
                    }
                })
            })
            .collect();
        writers.into_iter().for_each(|w| w.join().unwrap());
        done.store(true, Ordering::Relaxed);
        watcher.join().unwrap();
    });
    assert!(!over.into_inner());
    assert_eq!(cache.len(), 64, "every shard is full");
}

#[test]
fn keys_are_looked_up_in_borrowed_form_and_the_first_one_stays() {
    let cache: Cache<Arc<str>, u32> = Cache::new(10);
    let (first, second): (Arc<str>, Arc<str>) = ("key".into(), "key".into());
    cache.insert(Arc::clone(&first), 1);
    assert_eq!(cache.insert(Arc::clone(&second), 2), Some(1));
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (2, 1));
    assert_eq!(cache.get("key"), Some(2));
    assert_eq!(cache.get_with("key", |v| v + 1), Some(3));
    assert!(cache.contains("key") && !cache.contains("other"));
    assert_eq!(cache.remove("key"), Some(2));
    assert_eq!(Arc::strong_count(&first), 1);
}

#[test]
fn stats_count_each_lookup_once() {
    let cache = Cache::builder(10).shards(1).build();
    assert_eq!(cache.stats().hit_ratio(), None);
    for key in 0..12u32 {
        cache.insert(key, key);
    }
    cache.insert(11, 0);
    cache.get(&11);
    cache.get(&1_000);
    cache.get_or_insert_with(11, || 0);
    cache.get_or_insert_with(100, || 0);
    cache.get_or_insert_ref(&101, || 0);
    cache.contains(&11);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads), (2, 3, 2));
    assert_eq!((stats.insertions, stats.evictions, stats.expirations), (15, 4, 0));
    assert_eq!((stats.len, stats.capacity), (10, 10));
    assert_eq!(stats.hit_ratio(), Some(0.4));
}

#[test]
#[should_panic(expected = "capacity 0")]
fn a_capacity_of_zero_is_refused() {
    let _ = Cache::<u32, u32>::new(0);
}

#[test]
#[should_panic(expected = "0 shards")]
fn a_number_of_zero_shards_is_refused() {
    let _ = Cache::<u32, u32>::builder(1).shards(0);
}

#[test]
fn a_large_capacity_takes_no_memory_before_it_fills() {
    let cache = Cache::new(1 << 40);
    cache.insert(1, 2);
    assert_eq!((cache.capacity(), cache.len()), (1 << 40, 1));
}

#[test]
fn values_are_dropped_once_and_the_last_with_the_cache() {
    let value = Arc::new(());
    let cache = Cache::builder(10).shards(2).build();
    for key in 0..100u32 {
        cache.insert(key, Arc::clone(&value));
        assert_eq!(Arc::strong_count(&value), cache.len() + 1);
    }
    cache.invalidate_all();
    assert_eq!(cache.purge_expired(usize::MAX), 10);
    assert_eq!(Arc::strong_count(&value), 1);
    cache.insert(1, Arc::clone(&value));
    drop(cache);
    assert_eq!(Arc::strong_count(&value), 1);
}
