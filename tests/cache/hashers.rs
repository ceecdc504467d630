//! Hashers that say little, and those that a test can see through.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use bedplate::cache::{Cache, Compute, Policy};
use proptest::prelude::*;

pub const POLICIES: [Policy; 3] = [Policy::Adaptive, Policy::S3Fifo, Policy::Lru];

/// Hashes a number by a function of it.
#[derive(Clone, Copy)]
pub struct By(pub fn(u64) -> u64);

pub struct Number {
    by: fn(u64) -> u64,
    hash: u64,
}

impl BuildHasher for By {
    type Hasher = Number;

    fn build_hasher(&self) -> Number {
        Number { by: self.0, hash: 0 }
    }
}

impl Hasher for Number {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are u64")
    }

    fn write_u64(&mut self, n: u64) {
        self.hash = (self.by)(n);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

/// All keys are alike, and in one shard.
pub const CONSTANT: By = By(|_| 0);
pub const IDENTITY: By = By(|n| n);
/// Only the highest bits differ.
pub const HIGH: By = By(|n| n << 52);
/// Keys of one thousand are in one shard: 0..1000 in the first, and those of another thousand in any.
pub const THOUSANDS: By = By(|n| n / 1_000);

pub const HASHERS: [By; 4] = [CONSTANT, IDENTITY, HIGH, THOUSANDS];

#[derive(Clone, Debug)]
enum Op {
    Insert(u64, u32),
    Get(u64),
    Remove(u64),
    Load(u64, u32),
    Add(u64, u32),
    Take(u64),
    RetainBelow(u32),
    Invalidate,
}

fn op() -> impl Strategy<Value = Op> {
    let (key, value) = (0u64..40, 0u32..100);
    prop_oneof![
        6 => (key.clone(), value.clone()).prop_map(|(k, v)| Op::Insert(k, v)),
        4 => key.clone().prop_map(Op::Get),
        3 => key.clone().prop_map(Op::Remove),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Op::Load(k, v)),
        3 => (key.clone(), value.clone()).prop_map(|(k, v)| Op::Add(k, v)),
        2 => key.prop_map(Op::Take),
        1 => value.prop_map(Op::RetainBelow),
        1 => Just(Op::Invalidate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However keys are hashed, and whatever the policy: while there is room, the cache is a map.
    #[test]
    fn with_room_for_all_it_is_a_map(
        ops in prop::collection::vec(op(), 0..150),
        hasher in 0..HASHERS.len(),
        policy in 0..POLICIES.len(),
        shards in 1usize..9,
    ) {
        let cache = Cache::builder(40).shards(shards).policy(POLICIES[policy]).hasher(HASHERS[hasher]).build();
        let mut model: HashMap<u64, u32> = HashMap::new();
        for op in ops {
            match op {
                Op::Insert(k, v) => prop_assert_eq!(cache.insert(k, v), model.insert(k, v)),
                Op::Get(k) => prop_assert_eq!(cache.get(&k), model.get(&k).copied()),
                Op::Remove(k) => prop_assert_eq!(cache.remove(&k), model.remove(&k)),
                Op::Load(k, v) => prop_assert_eq!(cache.get_or_insert_with(k, || v), *model.entry(k).or_insert(v)),
                Op::Add(k, v) => {
                    let sum = *model.entry(k).and_modify(|old| *old += v).or_insert(v);
                    let there = cache.compute(k, |old| Compute::Put(old.unwrap_or(0) + v));
                    prop_assert_eq!(there, Some(sum));
                }
                Op::Take(k) => {
                    prop_assert_eq!(cache.compute(k, |_| Compute::Remove), None);
                    model.remove(&k);
                }
                Op::RetainBelow(limit) => {
                    cache.retain(|_, value| *value < limit);
                    model.retain(|_, value| *value < limit);
                }
                Op::Invalidate => {
                    cache.invalidate_all();
                    model.clear();
                }
            }
            prop_assert_eq!(cache.len(), model.len());
            prop_assert_eq!(cache.weight(), model.len() as u64);
            prop_assert_eq!(cache.iter().collect::<HashMap<_, _>>(), model.clone());
        }
        prop_assert_eq!(cache.stats().evictions, 0);
    }

    /// However keys are hashed, the cache is bounded, and answers with what was stored last.
    #[test]
    fn without_room_it_answers_with_the_last_value_or_none(
        keys in prop::collection::vec(0u64..4_000, 0..600),
        hasher in 0..HASHERS.len(),
        policy in 0..POLICIES.len(),
        shards in 1usize..9,
    ) {
        let cache = Cache::builder(20).shards(shards).policy(POLICIES[policy]).hasher(HASHERS[hasher]).build();
        let mut last = HashMap::new();
        for (n, key) in keys.into_iter().enumerate() {
            let key = key * if n % 2 == 0 { 1 } else { 100 } % 4_000; // Some come more often.
            let had = cache.get(&key);
            prop_assert!(had.is_none() || had == last.get(&key).copied());
            prop_assert_eq!(cache.insert(key, n), had);
            last.insert(key, n);
            prop_assert_eq!(cache.get(&key), Some(n), "what was stored last is there");
            prop_assert!(cache.len() <= 20);
        }
        prop_assert_eq!(cache.len(), last.len().min(20));
    }
}

#[test]
fn a_cache_fills_to_its_last_entry_however_skewed_the_hashes() {
    for policy in POLICIES {
        for hasher in HASHERS {
            for shards in [1, 2, 16, 100] {
                let cache = Cache::builder(100).shards(shards).policy(policy).hasher(hasher).build();
                (0..100u64).for_each(|n| assert_eq!(cache.insert(n * 37, n), None));
                assert_eq!((cache.len(), cache.stats().evictions), (100, 0));
                assert!((0..100).all(|n| cache.get(&(n * 37)) == Some(n)));
                cache.insert(1_000_000, 0);
                assert_eq!((cache.len(), cache.stats().evictions), (100, 1));
            }
        }
    }
}
