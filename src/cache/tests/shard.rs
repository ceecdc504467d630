use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use proptest::prelude::*;

use crate::cache::Cache;
use crate::time::Manual;

#[derive(Clone, Debug)]
enum Op {
    Insert(u8, u16, Option<u8>),
    Get(u8),
    Remove(u8),
    Load(u8, u16),
    /// The loader removes its own key, then fails or panics.
    LoadAndFail(u8, bool),
    Advance(u8),
    Purge,
    Invalidate,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0u8..40, any::<u16>(), prop::option::of(0u8..20)).prop_map(|(k, v, ttl)| Op::Insert(k, v, ttl)),
        8 => (0u8..40).prop_map(Op::Get),
        2 => (0u8..40).prop_map(Op::Remove),
        4 => (0u8..40, any::<u16>()).prop_map(|(k, v)| Op::Load(k, v)),
        1 => (0u8..40, any::<bool>()).prop_map(|(k, panics)| Op::LoadAndFail(k, panics)),
        2 => (0u8..10).prop_map(Op::Advance),
        1 => Just(Op::Purge),
        1 => Just(Op::Invalidate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// The model says what a key may hold: the last value stored and its end. The cache may have forgotten it, and must
    /// not answer anything else.
    #[test]
    fn shards_stay_whole_and_answer_what_was_stored_last(
        capacity in 1usize..30,
        shards in 1usize..5,
        ttl in prop::option::of(0u64..20),
        ops in prop::collection::vec(op(), 0..200),
    ) {
        let time = Manual::new();
        let mut builder = Cache::builder(capacity).shards(shards).clock(time.clone());
        if let Some(ttl) = ttl {
            builder = builder.ttl(Duration::from_nanos(ttl));
        }
        let cache: Cache<u8, u16> = builder.build();
        let mut model: HashMap<u8, (u16, u64)> = HashMap::new();
        let end = |ttl: Option<u64>| ttl.map_or(u64::MAX, |ttl| time.now().as_nanos() + ttl);
        for op in ops {
            let now = time.now().as_nanos();
            let live = |model: &HashMap<u8, (u16, u64)>, k| model.get(&k).filter(|entry| now < entry.1).map(|entry| entry.0);
            match op {
                Op::Insert(k, v, own) => {
                    let old = match own {
                        Some(own) => cache.insert_with_ttl(k, v, Duration::from_nanos(u64::from(own))),
                        None => cache.insert(k, v),
                    };
                    prop_assert!(old.is_none() || old == live(&model, k));
                    model.insert(k, (v, end(own.map(u64::from).or(ttl))));
                    if now < model[&k].1 {
                        prop_assert!(cache.contains(&k), "what has just been inserted is there");
                    }
                }
                Op::Get(k) => {
                    let got = cache.get(&k);
                    prop_assert!(got.is_none() || got == live(&model, k));
                }
                Op::Remove(k) => {
                    let got = cache.remove(&k);
                    prop_assert!(got.is_none() || got == live(&model, k));
                    prop_assert!(!cache.contains(&k));
                    model.remove(&k);
                }
                Op::Load(k, v) => {
                    let mut loaded = false;
                    let got = cache.get_or_insert_with(k, || { loaded = true; v });
                    if loaded {
                        prop_assert_eq!(got, v);
                        model.insert(k, (v, end(ttl)));
                    } else {
                        prop_assert_eq!(Some(got), live(&model, k));
                    }
                }
                Op::LoadAndFail(k, panics) => {
                    let mut loaded = false;
                    let _ = catch_unwind(AssertUnwindSafe(|| cache.get_or_try_insert_with(k, || {
                        loaded = true;
                        cache.remove(&k);
                        if panics { std::panic::resume_unwind(Box::new(())) } else { Err(()) }
                    })));
                    if loaded {
                        prop_assert!(!cache.contains(&k));
                    }
                }
                Op::Advance(by) => time.advance(Duration::from_nanos(u64::from(by))),
                Op::Purge => {
                    cache.purge_expired();
                    let dead = model.values().filter(|entry| entry.1 <= now).count();
                    prop_assert!(cache.len() <= model.len() - dead, "the dead are gone");
                }
                Op::Invalidate => {
                    cache.invalidate_all();
                    prop_assert!(cache.is_empty());
                    model.clear();
                }
            }
            prop_assert!(cache.len() <= capacity);
            cache.shards().for_each(|shard| shard.validate());
        }
    }
}

#[test]
fn a_single_shard_holds_to_the_last_entry_and_refills_its_places() {
    let cache: Cache<u32, u32> = Cache::builder(100).shards(1).build();
    for key in 0..1_000 {
        cache.insert(key, key);
        if key % 7 == 0 {
            cache.remove(&(key - key % 3));
        }
        cache.shards().for_each(|shard| shard.validate());
    }
    for key in 0..100 {
        cache.insert(key, key);
    }
    assert_eq!(cache.len(), 100);
}
