use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Builder, Cache, Cause, Compute};
use bedplate::time::Manual;
use proptest::prelude::*;

use crate::hashers::{By, HASHERS, POLICIES};

fn ignore<T>(_: T) {}

type Heard = Arc<Mutex<Vec<(u64, u64, Cause)>>>;

fn heard_by(builder: Builder<u64, u64>) -> (Heard, Builder<u64, u64>) {
    let heard = Heard::default();
    let ear = Arc::clone(&heard);
    (heard, builder.listener(move |key, value, cause| ear.lock().unwrap().push((key, value, cause))))
}

fn take(heard: &Heard) -> Vec<(u64, u64, Cause)> {
    let mut heard = std::mem::take(&mut *heard.lock().unwrap());
    heard.sort_by_key(|&(key, value, _)| (key, value));
    heard
}

#[test]
fn it_hears_of_each_cause() {
    for policy in POLICIES {
        let time = Manual::new();
        let (heard, builder) = heard_by(Cache::builder(3));
        let cache =
            builder.clock(time.clone()).policy(policy).shards(1).weigher(|_, &value| value as u32 / 1_000).build();
        (1..=3).for_each(|key| ignore(cache.insert(key, key)));
        assert_eq!(take(&heard), []);

        // What a caller is given, it does not hear of.
        assert_eq!(cache.insert(1, 11), Some(1));
        assert_eq!(cache.remove(&2), Some(2));
        assert_eq!(cache.remove_if(&3, |_| true), Some(3));
        assert_eq!(take(&heard), []);

        cache.compute(1, |_| Compute::Put(12));
        assert_eq!(take(&heard), [(1, 11, Cause::Replaced)]);
        cache.compute(1, |_| Compute::Remove);
        assert_eq!(take(&heard), [(1, 12, Cause::Invalidated)]);

        (1..=3).for_each(|key| ignore(cache.insert(key, key)));
        cache.insert(4, 4);
        let evicted = take(&heard);
        assert!(matches!(evicted[..], [(key, value, Cause::Evicted)] if key == value && !cache.contains(&key)));

        cache.retain(|&key, _| key == 4);
        assert!(take(&heard).iter().all(|&(key, _, cause)| key != 4 && cause == Cause::Invalidated));
        assert_eq!(cache.len(), 1);

        cache.invalidate_all();
        cache.insert(5, 5);
        assert_eq!(take(&heard), [(4, 4, Cause::Invalidated)]);

        cache.insert(6, 9_000);
        assert_eq!(take(&heard), [(6, 9_000, Cause::TooHeavy)]);

        cache.insert_with_ttl(7, 7, Duration::from_nanos(1));
        cache.insert_with_ttl(8, 8, Duration::from_nanos(1));
        time.advance(Duration::from_nanos(1));
        assert_eq!(take(&heard), [], "nobody has looked");
        assert_eq!(cache.get(&7), None);
        assert_eq!(take(&heard), [(7, 7, Cause::Expired)]);
        assert_eq!(cache.purge_expired(usize::MAX), 1);
        assert_eq!(take(&heard), [(8, 8, Cause::Expired)]);

        drop(cache);
        assert_eq!(take(&heard), [], "of 5, which was dropped with the cache");
    }
}

#[test]
fn every_way_to_find_an_expired_entry_tells_of_it() {
    let ways: [fn(&Cache<u64, u64>); 7] = [
        |cache| assert_eq!(cache.get(&1), None),
        |cache| assert_eq!(cache.insert(1, 2), None),
        |cache| assert_eq!(cache.remove(&1), None),
        |cache| assert_eq!(cache.get_or_insert_with(1, || 2), 2),
        |cache| assert_eq!(cache.compute(1, |old| old.map_or(Compute::Remove, Compute::Put)), None),
        |cache| assert_eq!(cache.purge_expired(usize::MAX), 1),
        |cache| ignore(cache.insert(2, 2)),
    ];
    for policy in POLICIES {
        for (n, way) in ways.into_iter().enumerate() {
            let time = Manual::new();
            let (heard, builder) = heard_by(Cache::builder(1).clock(time.clone()).policy(policy));
            let cache = builder.build();
            cache.insert_with_ttl(1, 1, Duration::from_secs(1));
            time.advance(Duration::from_secs(1));
            way(&cache);
            assert_eq!(take(&heard), [(1, 1, Cause::Expired)], "by way {n}");
            assert_eq!(cache.stats().expirations, 1);
        }
    }
}

#[test]
fn it_runs_after_the_work_is_done_and_may_use_the_cache() {
    static CACHE: OnceLock<Cache<u64, u64>> = OnceLock::new();
    let retired = Arc::new(Cache::new(100));
    let kept = Arc::clone(&retired);
    let cache = CACHE.get_or_init(|| {
        let listener = move |key, value, _| {
            let cache = CACHE.get().unwrap();
            assert_eq!(cache.get(&key), None, "it has gone");
            assert!(cache.len() < 4);
            kept.insert(key, value);
            // Of this one too it hears, within itself.
            if key < 10 {
                cache.insert(key + 10, value);
            }
        };
        Cache::builder(3).shards(1).listener(listener).build()
    });
    (0..9).for_each(|key| ignore(cache.insert(key, key)));
    cache.retain(|_, _| false);
    cache.retain(|_, _| false);
    assert!((0..9).all(|key| retired.contains(&key) && retired.get(&(key + 10)) == Some(key)));
}

#[test]
fn where_it_panics_it_is_told_of_the_others_and_the_cache_is_whole() {
    let told = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&told);
    let listener = move |key: u64, _: u64, _| {
        if count.fetch_add(1, Ordering::Relaxed) % 10 == 3 {
            std::panic::resume_unwind(Box::new(key));
        }
    };
    for policy in POLICIES {
        told.store(0, Ordering::Relaxed);
        let cache = Cache::builder(10).shards(1).policy(policy).listener(listener.clone()).build();
        let mut panics = 0;
        for key in 0..100 {
            panics += u32::from(catch_unwind(AssertUnwindSafe(|| cache.insert(key, key))).is_err());
            assert_eq!(cache.get(&key), Some(key), "stored before it was told");
        }
        assert_eq!((cache.len(), panics, told.load(Ordering::Relaxed)), (10, 9, 90));
        // Ten at once: at the one it panics, at those after it does not.
        assert!(catch_unwind(AssertUnwindSafe(|| cache.retain(|_, _| false))).is_err());
        assert_eq!((cache.len(), told.load(Ordering::Relaxed)), (0, 100));
        (0..10).for_each(|key| ignore(cache.insert(key, key)));
        cache.invalidate_all();
        assert!(catch_unwind(AssertUnwindSafe(|| cache.insert(1, 2))).is_err());
        assert_eq!((cache.get(&1), told.load(Ordering::Relaxed)), (Some(2), 110));
    }
}

#[test]
fn a_panic_at_an_expired_entry_leaves_its_key_free() {
    let ways: [fn(&Cache<u64, u64>); 5] = [
        |cache| ignore(cache.get_or_insert_with(1, || 2)),
        |cache| ignore(cache.get_or_insert_ref(&1, || 2)),
        |cache| ignore(cache.compute(1, |_| Compute::Put(2))),
        |cache| ignore(cache.insert(1, 2)),
        |cache| ignore(cache.get(&1)),
    ];
    for (n, way) in ways.into_iter().enumerate() {
        let time = Manual::new();
        let listener = |_, value, _| {
            if value == 1 {
                std::panic::resume_unwind(Box::new(()))
            }
        };
        let cache: Cache<u64, u64> = Cache::builder(10).clock(time.clone()).listener(listener).build();
        cache.insert_with_ttl(1, 1, Duration::from_secs(1));
        time.advance(Duration::from_secs(1));
        assert!(catch_unwind(AssertUnwindSafe(|| way(&cache))).is_err());
        // By another thread too, which would wait.
        let again = || cache.get_or_try_insert_timeout(1, Duration::ZERO, || Ok::<_, ()>(2));
        thread::scope(|s| assert_eq!(s.spawn(again).join().unwrap(), Ok(2), "after way {n}"));
        assert_eq!(cache.get_or_insert_with(1, || 2), 2);
    }
}

/// Of every value that was stored: how often it was given back, heard of, or is there.
#[derive(Default)]
struct Ledger {
    stored: Vec<u64>,
    given_back: Vec<u64>,
}

impl Ledger {
    /// Each value that was stored has gone one way, once.
    fn settle(self, cache: &Cache<u64, u64, By>, heard: &Heard) {
        cache.purge_expired(usize::MAX);
        let mut ways: HashMap<u64, i32> = self.stored.iter().map(|&value| (value, 0)).collect();
        assert_eq!(ways.len(), self.stored.len());
        let heard = heard.lock().unwrap();
        let there: Vec<_> = cache.iter().collect();
        let all = self.given_back.iter().copied();
        let all = all.chain(heard.iter().map(|&(_, value, _)| value)).chain(there.into_iter().map(|(_, value)| value));
        for value in all {
            *ways.get_mut(&value).expect("what was never stored") += 1;
        }
        let odd: Vec<_> = ways.into_iter().filter(|&(_, ways)| ways != 1).collect();
        assert!(odd.is_empty(), "gone without a word, or twice: {odd:?}");
    }
}

/// An operation, by number, on `key`; `value` is one of its own.
fn operate(cache: &Cache<u64, u64, By>, ledger: &mut Ledger, what: u32, key: u64, value: u64) {
    match what {
        0..6 => {
            ledger.stored.push(value);
            ledger.given_back.extend(cache.insert(key, value));
        }
        6 => {
            ledger.stored.push(value);
            match cache.try_insert(key, value) {
                Ok(old) => ledger.given_back.extend(old),
                Err(refused) => ledger.given_back.push(refused.into_inner().1),
            }
        }
        7 => {
            ledger.stored.push(value);
            ledger.given_back.extend(cache.insert_with_ttl(key, value, Duration::from_nanos(key % 4)));
        }
        8 => ledger.given_back.extend(cache.remove(&key)),
        9 => ledger.given_back.extend(cache.remove_if(&key, |value| value % 2 == 0)),
        10 => {
            // A load may be cancelled, and is asked for again until it is not.
            let mut loaded = false;
            if cache.get_or_insert_with(key, || {
                loaded = true;
                value
            }) == value
                && loaded
            {
                ledger.stored.push(value);
            }
        }
        11 => {
            cache.compute(key, |old| if old.is_some_and(|old| old % 3 == 0) { Compute::Remove } else { Compute::Keep });
        }
        12 => cache.retain(|key, value| (key + value) % 5 != 0),
        13 => ignore(cache.purge_expired(key as usize)),
        14 if value.is_multiple_of(4) => cache.invalidate_all(),
        15 => cache.resize(20 + key as usize % 20),
        _ => ignore(cache.get(&key)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_value_is_there_or_was_given_back_or_heard_of_once(
        ops in prop::collection::vec((0u32..18, 0u64..40, 0u64..3), 0..300),
        hasher in 0..HASHERS.len(),
        policy in 0..POLICIES.len(),
        shards in 1usize..9,
        heavy in prop_oneof![Just(1u32), Just(6), Just(60)],
    ) {
        let time = Manual::new();
        let (heard, builder) = heard_by(Cache::builder(30).shards(shards).policy(POLICIES[policy]).clock(time.clone()));
        let builder = builder.weigher(move |key, value| (key + value) as u32 % heavy);
        let cache = builder.hasher(HASHERS[hasher]).build();
        let mut ledger = Ledger::default();
        for (value, (what, key, wait)) in ops.into_iter().enumerate() {
            operate(&cache, &mut ledger, what, key * if key % 3 == 0 { 1_000 } else { 1 }, value as u64);
            time.advance(Duration::from_nanos(wait));
        }
        ledger.settle(&cache, &heard);
    }
}

#[test]
fn it_is_so_with_threads() {
    for policy in POLICIES {
        let time = Manual::new();
        let (heard, builder) = heard_by(Cache::builder(30).shards(4).policy(policy).clock(time.clone()));
        let cache = builder.weigher(|key, value| (key ^ value) as u32 % 12).hasher(By(|n| n)).build();
        let ledgers = thread::scope(|s| {
            let threads: Vec<_> = (0..4u64)
                .map(|t| {
                    let (cache, time) = (&cache, &time);
                    s.spawn(move || {
                        let mut ledger = Ledger::default();
                        let mut state = t + 1;
                        for n in 0..3_000 {
                            state =
                                state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                            // Loads are cancelled here, and what of them is stored nobody can say.
                            let what = Some((state >> 33) as u32 % 18).filter(|&what| what != 10).unwrap_or(0);
                            operate(cache, &mut ledger, what, state >> 40 & 31, t * 1_000_000 + n);
                            time.advance(Duration::from_nanos(state >> 60 & 1));
                        }
                        ledger
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let mut all = Ledger::default();
        for ledger in ledgers {
            all.stored.extend(ledger.stored);
            all.given_back.extend(ledger.given_back);
        }
        all.settle(&cache, &heard);
        assert!(cache.weight() <= cache.capacity() as u64);
    }
}
