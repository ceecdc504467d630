use std::collections::VecDeque;
use std::time::Duration;

use bedplate::cache::{Cache, Compute, Policy};
use bedplate::time::Manual;
use proptest::prelude::*;

use crate::hashers::{CONSTANT, HASHERS, IDENTITY, POLICIES};

const NANO: Duration = Duration::from_nanos(1);

fn ignore<T>(_: T) {}

/// The share of the second half of `keys` that is found, where what is not is loaded.
fn hit_ratio(policy: Policy, capacity: usize, keys: impl IntoIterator<Item = u64>) -> f64 {
    let keys: Vec<_> = keys.into_iter().collect();
    let cache = Cache::builder(capacity).shards(1).policy(policy).hasher(IDENTITY).build();
    let (first, second) = keys.split_at(keys.len() / 2);
    let ask = |keys: &[u64]| keys.iter().for_each(|&key| assert_eq!(cache.get_or_insert_with(key, || key), key));
    ask(first);
    let warm = cache.stats();
    ask(second);
    let stats = cache.stats();
    (stats.hits - warm.hits) as f64 / second.len() as f64
}

/// Numbers below `n`, the same in every run.
fn random(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |n| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((u128::from(state) * u128::from(n)) >> 64) as u64
    }
}

/// Of 5,000 keys, the k-th asked for in proportion to 1 / k.
fn zipf(requests: usize) -> Vec<u64> {
    let sums: Vec<f64> = (1..=5_000)
        .scan(0.0, |sum, k| {
            *sum += 1.0 / f64::from(k);
            Some(*sum)
        })
        .collect();
    let mut random = random(7);
    let all = sums[sums.len() - 1];
    (0..requests)
        .map(|_| {
            let at = random(1 << 52) as f64 / (1_u64 << 52) as f64 * all;
            sums.partition_point(|&sum| sum < at) as u64
        })
        .collect()
}

#[test]
fn a_loop_longer_than_the_cache_is_partly_found() {
    let keys = || (0..40_000).map(|n| n % 1_500);
    assert_eq!(hit_ratio(Policy::Lru, 1_000, keys()), 0.0, "each goes just before it comes again");
    // The best there is keeps 999 of them: 0.666.
    let adaptive = hit_ratio(Policy::Adaptive, 1_000, keys());
    assert!(adaptive > 0.5, "{adaptive}");
}

#[test]
fn a_scan_leaves_what_is_asked_for_again() {
    for (policy, least) in [(Policy::Adaptive, 79), (Policy::S3Fifo, 79), (Policy::Lru, 0)] {
        let cache = Cache::builder(100).shards(1).policy(policy).build();
        for _ in 0..3 {
            (0..80u64).for_each(|hot| assert_eq!(cache.get_or_insert_with(hot, || hot), hot));
        }
        (1_000..1_400).for_each(|scanned| ignore(cache.insert(scanned, scanned)));
        let kept = (0..80).filter(|hot| cache.contains(hot)).count();
        assert!(kept >= least, "{kept} of 80 kept, {policy:?}");
        assert!(kept == 0 || policy != Policy::Lru);
    }
}

#[test]
fn what_comes_back_soon_after_its_eviction_is_kept() {
    let cache = Cache::builder(100).shards(1).policy(Policy::S3Fifo).build();
    let insert = |keys: std::ops::Range<u64>| keys.for_each(|key| assert_eq!(cache.insert(key, key), None));
    insert(0..200);
    assert!((0..100).all(|key| !cache.contains(&key)), "the first hundred left");
    insert(60..80); // Asked for again within the memory of the shard: straight to the main queue.
    insert(1_000..1_500);
    let kept = (60..80).filter(|key| cache.contains(key)).count();
    assert!(kept >= 10, "{kept} of 20 that came back are kept"); // The memory is not exact.
    let others = (100..200).filter(|key| cache.contains(key)).count();
    assert!(others <= 10, "{others} of 100 that were seen once are kept");
}

#[test]
fn scans_between_requests_do_not_cost_the_hot_ones() {
    let keys = || {
        let hot = zipf(20_000).into_iter().map(|key| key % 500);
        hot.enumerate().flat_map(|(n, key)| [key, 10_000 + n as u64])
    };
    // Half the requests are for keys that never come again.
    let [adaptive, s3_fifo, lru] = POLICIES.map(|policy| hit_ratio(policy, 400, keys()));
    assert!(adaptive > 0.44 && s3_fifo > 0.43 && lru < 0.32, "{adaptive}, {s3_fifo}, and {lru} by recency");
}

#[test]
fn skewed_requests_are_found_about_as_often_as_can_be() {
    let keys = zipf(60_000);
    let mut counts = vec![0; 5_001];
    keys.iter().skip(keys.len() / 2).for_each(|&key| counts[key as usize] += 1);
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let best = f64::from(counts[..500].iter().sum::<i32>()) / (keys.len() / 2) as f64;
    let [adaptive, s3_fifo, lru] = POLICIES.map(|policy| hit_ratio(policy, 500, keys.clone()));
    assert!(adaptive > best - 0.06 && adaptive < best, "{adaptive} of {best}");
    assert!(s3_fifo > best - 0.10, "{s3_fifo} of {best}");
    assert!(adaptive > lru && s3_fifo > lru, "{adaptive}, {s3_fifo}, and {lru} by recency");
}

#[test]
fn what_was_asked_for_lately_is_found_where_the_requests_wander() {
    // From a window of 300 keys that moves on by one every three requests: what is older never comes again.
    let keys = || {
        let mut random = random(3);
        (0..40_000_u64).map(move |n| n / 3 + random(300))
    };
    let [adaptive, s3_fifo, lru] = POLICIES.map(|policy| hit_ratio(policy, 400, keys()));
    assert!(lru > 0.66, "{lru}: all but the first time");
    assert!(adaptive > lru - 0.03, "{adaptive} of {lru}");
    assert!(s3_fifo > lru - 0.25, "{s3_fifo} of {lru}: its queue for the new is short");
}

#[test]
fn what_was_hot_makes_way_once_others_are() {
    for policy in POLICIES {
        let cache = Cache::builder(100).shards(1).policy(policy).build();
        for _ in 0..200 {
            (0..100u64).for_each(|key| ignore(cache.get_or_insert_with(key, || key)));
        }
        // Other keys are asked for in turn, which all fit.
        let mut rounds = 0;
        while (1_000..1_090).any(|key| !cache.contains(&key)) {
            (1_000..1_090).for_each(|key| ignore(cache.get_or_insert_with(key, || key)));
            rounds += 1;
            assert!(rounds < 400, "{policy:?} keeps what nobody asks for");
        }
    }
}

#[test]
fn one_that_is_new_is_there_until_others_come() {
    for policy in POLICIES {
        let cache = Cache::builder(100).shards(1).policy(policy).build();
        for _ in 0..10 {
            (0..100u64).for_each(|key| ignore(cache.get_or_insert_with(key, || key)));
        }
        for key in 1_000..1_500 {
            cache.insert(key, key);
            assert_eq!(cache.get(&key), Some(key), "{policy:?}");
        }
    }
}

#[test]
fn the_expired_go_first_however_many_live() {
    // 28 entries have 64 places at most, as many as an insertion looks at.
    for policy in POLICIES {
        let time = Manual::new();
        let cache = Cache::builder(28).shards(1).policy(policy).clock(time.clone()).build();
        let mut random = random(11);
        let mut living = Vec::new();
        let mut next = 0u64;
        for _ in 0..60 {
            let ending = 1 + random(8);
            while cache.len() < 28 - ending as usize {
                cache.insert(next, next);
                living.push(next);
                next += 1;
            }
            for _ in 0..ending {
                cache.insert_with_ttl(next, next, NANO);
                (0..3).for_each(|_| ignore(cache.get(&next))); // The policy itself would keep it.
                next += 1;
            }
            let evicted = cache.stats().evictions;
            time.advance(NANO);
            for _ in 0..ending {
                cache.insert(next, next);
                living.push(next);
                next += 1;
            }
            assert_eq!(cache.stats().evictions, evicted, "{policy:?}");
            assert!(living.iter().all(|key| cache.contains(key)), "{policy:?}");
            // Room for the next ones that end.
            for _ in 0..8 {
                let at = random(living.len() as u64) as usize;
                assert!(cache.remove(&living.swap_remove(at)).is_some());
            }
        }
        assert!(cache.stats().expirations > 60);
    }
}

#[test]
fn in_a_large_shard_an_insertion_finds_the_expired_where_they_are_not_rare() {
    for policy in POLICIES {
        let time = Manual::new();
        let cache = Cache::builder(6_000).shards(1).policy(policy).clock(time.clone()).hasher(IDENTITY).build();
        (0..6_000u64).for_each(|key| ignore(cache.insert_with_ttl(key, key, NANO * (1 + u32::from(key % 4 == 0)))));
        time.advance(NANO);
        (0..4_500).for_each(|n| ignore(cache.insert(10_000 + n, n)));
        let stats = cache.stats();
        // Three quarters are expired, and of the last of them one is not always in reach.
        assert!(stats.expirations > 4_400, "{} of 4,500 went first, {policy:?}", stats.expirations);
        assert_eq!(stats.expirations + stats.evictions, 4_500);
    }
}

#[derive(Clone, Debug)]
enum Op {
    Insert(u64),
    Get(u64),
    With(u64),
    Load(u64),
    Put(u64),
    Keep(u64),
    Look(u64),
    Remove(u64),
    Invalidate,
}

fn op() -> impl Strategy<Value = Op> {
    let key = || 0u64..24;
    prop_oneof![
        6 => key().prop_map(Op::Insert),
        4 => key().prop_map(Op::Get),
        2 => key().prop_map(Op::With),
        4 => key().prop_map(Op::Load),
        2 => key().prop_map(Op::Put),
        1 => key().prop_map(Op::Keep),
        3 => key().prop_map(Op::Look),
        2 => key().prop_map(Op::Remove),
        1 => Just(Op::Invalidate),
    ]
}

/// A list, the most recently used last.
#[derive(Default)]
struct List {
    keys: VecDeque<u64>,
}

impl List {
    fn use_of(&mut self, key: u64) -> bool {
        let at = self.keys.iter().position(|&other| other == key);
        at.and_then(|at| self.keys.remove(at)).is_some_and(|key| {
            self.keys.push_back(key);
            true
        })
    }

    fn store(&mut self, key: u64, capacity: usize) {
        if !self.use_of(key) {
            if self.keys.len() == capacity {
                self.keys.pop_front();
            }
            self.keys.push_back(key);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_least_recently_used_goes_exactly(
        ops in prop::collection::vec(op(), 0..300),
        capacity in 1usize..16,
        hasher in 0..HASHERS.len(),
    ) {
        let cache = Cache::builder(capacity).shards(1).policy(Policy::Lru).hasher(HASHERS[hasher]).build();
        let mut list = List::default();
        for op in ops {
            match op {
                Op::Insert(key) => {
                    prop_assert_eq!(cache.insert(key, key).is_some(), list.keys.contains(&key));
                    list.store(key, capacity);
                }
                Op::Get(key) => prop_assert_eq!(cache.get(&key).is_some(), list.use_of(key)),
                Op::With(key) => prop_assert_eq!(cache.get_with(&key, |_| ()).is_some(), list.use_of(key)),
                Op::Load(key) => {
                    let mut loaded = false;
                    cache.get_or_insert_with(key, || { loaded = true; key });
                    prop_assert_eq!(loaded, !list.keys.contains(&key));
                    list.store(key, capacity);
                }
                Op::Put(key) => {
                    cache.compute(key, |_| Compute::Put(key));
                    list.store(key, capacity);
                }
                // Whether it is a use is not said, so only of what is not there.
                Op::Keep(key) if list.keys.contains(&key) => {}
                Op::Keep(key) => prop_assert_eq!(cache.compute(key, |_| Compute::Keep), None),
                Op::Look(key) => {
                    prop_assert_eq!(cache.peek(&key, |_| ()).is_some(), list.keys.contains(&key));
                    prop_assert_eq!(cache.contains(&key), list.keys.contains(&key));
                }
                Op::Remove(key) => {
                    prop_assert_eq!(cache.remove(&key).is_some(), list.keys.contains(&key));
                    list.keys.retain(|&other| other != key);
                }
                Op::Invalidate => {
                    cache.invalidate_all();
                    list.keys.clear();
                }
            }
            prop_assert!((0..24).all(|key| cache.contains(&key) == list.keys.contains(&key)));
        }
    }

    #[test]
    fn as_many_of_the_least_recently_used_go_as_a_weight_takes(
        ops in prop::collection::vec((0u64..30, 1u32..20, any::<bool>()), 0..200),
    ) {
        let weigher = |_: &u64, &weight: &u32| weight;
        let cache = Cache::builder(40).shards(1).policy(Policy::Lru).weigher(weigher).hasher(CONSTANT).build();
        let mut list: VecDeque<(u64, u32)> = VecDeque::new();
        for (key, weight, store) in ops {
            let at = list.iter().position(|&(other, _)| other == key);
            if !store {
                prop_assert_eq!(cache.get(&key), at.map(|at| list[at].1));
                if let Some(entry) = at.and_then(|at| list.remove(at)) {
                    list.push_back(entry);
                }
            } else if at.is_none() {
                // A replacement makes room in an order of its own.
                cache.insert(key, weight);
                while list.iter().map(|&(_, weight)| weight).sum::<u32>() + weight > 40 {
                    list.pop_front();
                }
                list.push_back((key, weight));
            }
            prop_assert!((0..30).all(|key| cache.contains(&key) == list.iter().any(|&(other, _)| other == key)));
        }
    }
}
