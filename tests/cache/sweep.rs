use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bedplate::cache::{Builder, Cache};
use bedplate::time::Manual;

use crate::hashers::{IDENTITY, POLICIES, THOUSANDS};

const NANO: Duration = Duration::from_nanos(1);

fn ignore<T>(_: T) {}

fn timed(capacity: usize) -> (Manual, Builder<u64, u64>) {
    let time = Manual::new();
    (time.clone(), Cache::builder(capacity).clock(time))
}

#[test]
fn an_iteration_meets_each_live_entry_once_and_counts_as_no_use() {
    for policy in POLICIES {
        let (time, builder) = timed(1_000);
        let cache = builder.policy(policy).shards(7).build();
        (0..900).for_each(|key| ignore(cache.insert_with_ttl(key, key * 2, NANO * (1 + key as u32 % 3))));
        time.advance(NANO);
        let met: Vec<_> = cache.iter().collect();
        assert_eq!(met.len(), 600);
        let met: HashMap<_, _> = met.into_iter().collect();
        assert!((0..900).all(|key| met.get(&key) == (key % 3 != 0).then_some(&(key * 2))));
        let stats = cache.stats();
        assert_eq!((stats.hits, stats.misses, stats.expirations), (0, 0, 0));
        cache.invalidate_all();
        assert_eq!(cache.iter().count(), 0);
    }
}

#[test]
fn an_iteration_locks_nothing_while_its_caller_works() {
    let cache: Cache<u64, u64> = Cache::builder(100).shards(4).build();
    (0..50).for_each(|key| ignore(cache.insert(key, key)));
    for (key, value) in cache.iter() {
        assert_eq!(cache.remove(&key), Some(value));
    }
    assert!(cache.is_empty());
}

#[test]
fn an_iteration_meets_what_stays_though_others_come_and_go() {
    let cache: Cache<u64, u64> = Cache::builder(1_000).shards(4).build();
    (0..100).for_each(|key| ignore(cache.insert(key, key)));
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        s.spawn(|| {
            let mut n = 0;
            while !done.load(Ordering::Relaxed) {
                n += 1;
                cache.insert(1_000 + n % 500, n);
                cache.remove(&(1_000 + (n + 250) % 500));
            }
        });
        for _ in 0..50 {
            let met: Vec<u64> = cache.iter().map(|(key, _)| key).filter(|&key| key < 100).collect();
            assert_eq!(met.len(), 100);
            assert_eq!(met.into_iter().collect::<HashSet<_>>().len(), 100);
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_retain_drops_what_it_is_told_to() {
    for policy in POLICIES {
        let (time, builder) = timed(100);
        let cache = builder.policy(policy).shards(3).build();
        (0..60).for_each(|key| ignore(cache.insert(key, key)));
        cache.insert_with_ttl(60, 60, NANO);
        time.advance(NANO);
        let mut seen = Vec::new();
        cache.retain(|&key, &value| {
            seen.push((key, value));
            key % 3 == 0
        });
        seen.sort_unstable();
        assert!(seen.into_iter().eq((0..60).map(|key| (key, key))), "each live entry, once");
        assert!((0..60).all(|key| cache.contains(&key) == (key % 3 == 0)));
        assert_eq!(cache.stats().invalidations, 40);
        // The cache goes on: there is room for as many as before.
        (100..200).for_each(|key| ignore(cache.insert(key, key)));
        assert_eq!((cache.len(), cache.weight()), (100, 100));
    }
}

#[test]
fn a_retain_that_panics_leaves_the_shard_it_is_in() {
    let cache: Cache<u64, u64> = Cache::builder(100).shards(1).build();
    (0..50).for_each(|key| ignore(cache.insert(key, key)));
    let mut asked = 0;
    let retain = || {
        cache.retain(|_, _| {
            asked += 1;
            assert!(asked < 20, "enough");
            false
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(retain)).is_err());
    assert!((0..50).all(|key| cache.get(&key) == Some(key)));
}

#[test]
fn a_conditional_removal_sees_the_value_and_decides() {
    for policy in POLICIES {
        let (time, builder) = timed(10);
        let cache = builder.policy(policy).build();
        assert_eq!(cache.remove_if(&1, |_| unreachable!()), None);
        cache.insert(1, 10);
        assert_eq!(cache.remove_if(&1, |&value| value != 10), None);
        assert_eq!(cache.get(&1), Some(10));
        assert_eq!(cache.remove_if(&1, |&value| value == 10), Some(10));
        assert!(cache.is_empty());
        cache.insert_with_ttl(1, 10, NANO);
        time.advance(NANO);
        assert_eq!(cache.remove_if(&1, |_| unreachable!()), None, "its time is over");
        assert!(cache.is_empty());
    }
}

#[test]
fn of_threads_that_remove_the_same_entry_one_gets_it() {
    let cache: Cache<u64, u64> = Cache::new(10);
    for round in 0..200 {
        cache.insert(1, round);
        let got: usize = thread::scope(|s| {
            let threads =
                [0; 3].map(|_| s.spawn(|| usize::from(cache.remove_if(&1, |&value| value == round).is_some())));
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(got, 1);
    }
}

#[test]
fn a_peek_counts_as_no_look_up_and_changes_nobodys_chances() {
    for policy in POLICIES {
        let new = || Cache::builder(20).shards(1).policy(policy).hasher(IDENTITY).build();
        let (cache, twin): (Cache<u64, u64, _>, Cache<u64, u64, _>) = (new(), new());
        for key in 0..200 {
            for asked in [key, key / 3, key % 7] {
                if cache.get(&asked).is_none() {
                    cache.insert(asked, key);
                }
                if twin.get(&asked).is_none() {
                    twin.insert(asked, key);
                }
            }
            (0..200).step_by(3).for_each(|key| ignore(cache.peek(&key, |&value| value)));
            (0..200).step_by(5).for_each(|key| ignore(cache.contains(&key)));
        }
        assert!((0..200).all(|key| cache.contains(&key) == twin.contains(&key)), "{policy:?}");
        assert_eq!((cache.stats().hits, cache.stats().misses), (twin.stats().hits, twin.stats().misses));
    }
}

#[test]
fn a_purge_looks_at_no_more_than_it_is_told_and_goes_on_there() {
    for policy in POLICIES {
        for shards in [1, 4] {
            let (time, builder) = timed(1_000);
            let cache = builder.policy(policy).shards(shards).build();
            (0..1_000).for_each(|key| ignore(cache.insert_with_ttl(key, key, NANO)));
            time.advance(NANO);
            let mut purged = 0;
            assert_eq!(cache.purge_expired(0), 0);
            for _ in 0..1_000 {
                let now = cache.purge_expired(10);
                assert!(now <= 10);
                purged += now;
                assert_eq!(cache.len(), 1_000 - purged);
            }
            assert_eq!(purged, 1_000, "each call goes on where the last one ended");
            assert_eq!(cache.stats().expirations, 1_000);
        }
    }
}

#[test]
fn a_purge_of_small_steps_comes_to_every_shard_though_entries_keep_ending() {
    let (time, builder) = timed(4_000);
    let cache = builder.shards(4).hasher(THOUSANDS).build();
    // Most to the first shard, a few to the others.
    (0..600).for_each(|key| ignore(cache.insert_with_ttl(key, key, NANO * (key as u32 + 1))));
    (1..8).for_each(|n| ignore(cache.insert_with_ttl(n * 1_000, n, NANO)));
    for n in 0..1_500 {
        time.advance(NANO);
        cache.purge_expired(16);
        // One always ends soon.
        cache.insert_with_ttl(n % 1_000, 0, NANO * 20);
    }
    let left = (1..8).filter(|n| cache.peek(&(n * 1_000), |_| ()).is_some()).count();
    assert_eq!(left, 0);
    assert!(cache.stats().len < 400);
    let first_shard = cache.len();
    cache.retain(|_, _| false);
    assert!(cache.len() < first_shard, "what has ended is not retained, nor seen");
}

#[test]
fn a_purge_leaves_what_lives_and_costs_no_lock_where_nothing_ends() {
    let cache: Arc<Cache<u64, u64>> = Arc::new(Cache::builder(100).shards(1).build());
    (0..100).for_each(|key| ignore(cache.insert(key, key)));
    let (purged, done) = mpsc::channel();
    let purging = Arc::clone(&cache);
    // A reader in the shard would keep a purge out that locks it.
    let seen = cache.get_with(&1, |_| {
        let thread = thread::spawn(move || purged.send(purging.purge_expired(usize::MAX)).unwrap());
        let seen = done.recv_timeout(Duration::from_secs(10));
        (thread, seen)
    });
    let (thread, seen) = seen.unwrap();
    thread.join().unwrap();
    assert_eq!(seen, Ok(0));
    assert_eq!(cache.len(), 100);
}

#[test]
fn invalidated_entries_are_gone_at_once_and_their_memory_with_a_purge() {
    for policy in POLICIES {
        let value = Arc::new(());
        let cache = Cache::builder(10_000).shards(8).policy(policy).build();
        (0..10_000u64).for_each(|key| ignore(cache.insert(key, Arc::clone(&value))));
        assert_eq!(Arc::strong_count(&value), 10_001);
        cache.invalidate_all();
        assert_eq!(Arc::strong_count(&value), 10_001, "nothing was looked at");
        assert!(cache.is_empty());
        let stats = cache.stats();
        assert_eq!((cache.len(), cache.weight(), stats.len, stats.weight), (0, 0, 0, 0));
        assert!((0..10_000).all(|key| !cache.contains(&key) && cache.peek(&key, |_| ()).is_none()));
        assert_eq!(cache.iter().count(), 0);
        cache.retain(|_, _| unreachable!());
        cache.purge_expired(usize::MAX);
        assert_eq!(Arc::strong_count(&value), 1);
        assert_eq!(cache.stats().invalidations, 10_000);
    }
}

#[test]
fn an_invalidation_lets_nobody_return_what_was_there() {
    for policy in POLICIES {
        let cache: Cache<u64, u64> = Cache::builder(10).shards(2).policy(policy).build();
        let fill = || (0..5).for_each(|key| assert_eq!(cache.insert(key, key), None));
        let ways: [&dyn Fn(); 6] = [
            &|| assert_eq!(cache.get(&1), None),
            &|| assert_eq!(cache.insert(1, 2), None),
            &|| assert_eq!(cache.remove(&1), None),
            &|| assert_eq!(cache.remove_if(&1, |_| unreachable!()), None),
            &|| assert_eq!(cache.get_or_insert_with(1, || 2), 2),
            &|| {
                assert_eq!(cache.compute(1, |old| old.map_or(bedplate::cache::Compute::Keep, |_| unreachable!())), None)
            },
        ];
        for way in ways {
            fill();
            cache.invalidate_all();
            way();
            cache.invalidate_all();
        }
        assert_eq!(cache.stats().evictions, 0);
    }
}

#[test]
fn who_learns_of_an_invalidation_does_not_see_what_was_before_it() {
    let cache: Cache<u64, u64> = Cache::builder(100).shards(4).build();
    let (told, hear) = mpsc::sync_channel::<u64>(0);
    thread::scope(|s| {
        s.spawn(|| {
            for round in hear {
                for key in 0..20 {
                    assert!(cache.get(&key).is_none_or(|value| value >= round));
                }
            }
        });
        for round in 1..200 {
            (0..20).for_each(|key| ignore(cache.insert(key, round)));
            cache.invalidate_all();
            told.send(round + 1).unwrap();
        }
        drop(told);
    });
}
