use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Builder, Cache, Compute};
use bedplate::time::{Clock, Manual};
use proptest::prelude::*;
use rustix::time::{ClockId, clock_getres};

const NANO: Duration = Duration::from_nanos(1);

fn timed(capacity: usize) -> (Manual, Builder<u32, u32>) {
    let time = Manual::new();
    time.advance(Duration::from_secs(1));
    (time.clone(), Cache::builder(capacity).shards(1).clock(time))
}

#[test]
fn an_entry_lives_to_the_nanosecond() {
    let (time, builder) = timed(10);
    let cache = builder.ttl(Duration::from_secs(1)).build();
    cache.insert(1, 10);
    cache.insert_with_ttl(2, 20, NANO);
    cache.insert_with_ttl(3, 30, Duration::from_secs(2));
    assert_eq!((cache.get(&1), cache.get(&2), cache.get(&3)), (Some(10), Some(20), Some(30)));
    time.advance(NANO);
    assert_eq!(cache.get(&2), None);
    time.advance(Duration::from_secs(1) - 2 * NANO);
    assert_eq!(cache.get(&1), Some(10), "one nanosecond before its end");
    time.advance(NANO);
    assert_eq!(cache.get(&1), None, "at its end");
    assert!(!cache.contains(&1));
    assert_eq!(cache.get(&3), Some(30));
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.expirations, stats.evictions), (5, 2, 2, 0));
    assert_eq!(cache.len(), 1, "what is found expired is dropped");
}

#[test]
fn a_time_past_the_end_of_the_clock_is_for_ever() {
    let (time, builder) = timed(10);
    let cache = builder.ttl(NANO).build();
    cache.insert_with_ttl(1, 1, Duration::MAX);
    cache.insert_with_ttl(2, 2, Duration::from_nanos(u64::MAX));
    time.advance(Duration::MAX);
    assert_eq!((cache.get(&1), cache.get(&2)), (Some(1), Some(2)));
    // At the end of time a sum saturates: it must not pass for an end that has come.
    cache.insert(3, 3);
    assert_eq!(cache.get(&3), Some(3));
}

#[test]
fn a_time_of_zero_stores_nothing_and_takes_what_was_there() {
    let (_, builder) = timed(10);
    let cache = builder.build();
    cache.insert(1, 1);
    assert_eq!(cache.insert_with_ttl(1, 2, Duration::ZERO), Some(1));
    assert!(cache.is_empty());

    let (_, builder) = timed(10);
    let cache = builder.ttl(Duration::ZERO).build();
    assert_eq!(cache.insert(1, 1), None);
    assert_eq!(cache.get_or_insert_with(1, || 2), 2);
    assert_eq!(cache.get_or_insert_with(1, || 3), 3);
    assert_eq!((cache.len(), cache.stats().insertions), (0, 0));
}

#[test]
fn an_insertion_gives_its_key_a_new_time() {
    let (time, builder) = timed(10);
    let cache = builder.ttl(Duration::from_secs(2)).build();
    cache.insert(1, 1);
    time.advance(Duration::from_secs(1));
    assert_eq!(cache.insert(1, 2), Some(1));
    time.advance(Duration::from_secs(1));
    assert_eq!(cache.get(&1), Some(2));
    cache.insert_with_ttl(1, 3, Duration::MAX);
    time.advance(Duration::from_secs(1_000));
    assert_eq!(cache.get(&1), Some(3));
    cache.insert(1, 4);
    time.advance(Duration::from_secs(2));
    assert_eq!(cache.insert(1, 5), None, "an expired value is not returned");
    time.advance(Duration::from_secs(2));
    assert_eq!(cache.remove(&1), None, "nor by a removal");
    assert_eq!(cache.stats().expirations, 2);
}

#[test]
fn the_time_of_a_loaded_value_counts_from_the_end_of_the_load() {
    let (time, builder) = timed(10);
    let cache = builder.ttl(Duration::from_secs(1)).build();
    let load = || {
        time.advance(Duration::from_secs(10));
        7
    };
    assert_eq!(cache.get_or_insert_with(1, load), 7);
    assert_eq!(cache.get(&1), Some(7));
    time.advance(Duration::from_secs(1));
    assert_eq!(cache.get_or_insert_ref(&1, || 8), 8);
    assert_eq!(cache.get(&1), Some(8));
}

#[test]
fn the_expired_go_before_the_living() {
    let (time, builder) = timed(10);
    let cache = builder.build();
    for key in 0..9 {
        cache.insert(key, key);
    }
    cache.insert_with_ttl(9, 9, NANO);
    for _ in 0..5 {
        cache.get(&9); // The policy itself would keep it longest.
    }
    time.advance(NANO);
    cache.insert(10, 10);
    assert!((0..9).chain([10]).all(|key| cache.contains(&key)));
    let stats = cache.stats();
    assert_eq!((stats.expirations, stats.evictions, stats.len), (1, 0, 10));
}

#[test]
fn a_purge_takes_all_the_expired_and_no_other() {
    let (time, builder) = timed(1_000);
    let cache = builder.build();
    for key in 0..1_000 {
        cache.insert_with_ttl(key, key, NANO * (1 + key % 2));
    }
    assert_eq!(cache.purge_expired(usize::MAX), 0);
    time.advance(NANO);
    assert_eq!(cache.len(), 1_000);
    assert_eq!(cache.purge_expired(usize::MAX), 500);
    assert!((0..1_000).all(|key| cache.contains(&key) == (key % 2 == 1)));
    time.advance(NANO);
    assert_eq!(cache.purge_expired(usize::MAX), 500);
    assert!(cache.is_empty());
}

#[test]
fn the_call_says_first_then_the_value_then_the_cache() {
    let of_value = |_: &u32, value: &u32| match value {
        0 => None,
        1_000 => Some(Duration::MAX),
        nanos => Some(NANO * (nanos - 1)),
    };
    type Store = fn(&Cache<u32, u32>);
    let there_for = |store: Store| {
        let (time, builder) = timed(10);
        let cache = builder.ttl(NANO * 5).expire_by(of_value).build();
        store(&cache);
        let mut nanos = 0;
        while nanos < 20 && cache.contains(&1) {
            time.advance(NANO);
            nanos += 1;
        }
        nanos
    };
    let cases: [(Store, u32); 12] = [
        (|cache| _ = cache.insert(1, 0), 5),
        (|cache| _ = cache.insert(1, 4), 3),
        (|cache| _ = cache.insert(1, 1), 0),
        (|cache| _ = cache.insert(1, 1_000), 20),
        (|cache| _ = cache.insert_with_ttl(1, 4, NANO * 8), 8),
        (|cache| _ = cache.insert_with_ttl(1, 4, Duration::ZERO), 0),
        (|cache| _ = cache.insert_with_ttl(1, 0, Duration::MAX), 20),
        (|cache| _ = cache.try_insert(1, 4), 3),
        (|cache| _ = cache.get_or_insert_with(1, || 4), 3),
        (|cache| _ = cache.get_or_insert_with(1, || 0), 5),
        (|cache| _ = cache.compute(1, |_| Compute::Put(4)), 3),
        (|cache| _ = cache.get_or_insert_with(1, || 1), 0),
    ];
    for (n, (store, nanos)) in cases.into_iter().enumerate() {
        assert_eq!(there_for(store), nanos, "case {n}");
    }
}

#[test]
fn a_value_says_its_time_without_a_lock_where_it_is_inserted() {
    static CACHE: OnceLock<Cache<u32, u32>> = OnceLock::new();
    let of_value = |_: &u32, &value: &u32| {
        let cache = CACHE.get().unwrap();
        (value == 7).then(|| Duration::from_secs(cache.len() as u64 * 100))
    };
    let (time, builder) = timed(10);
    let cache = CACHE.get_or_init(|| builder.expire_by(of_value).build());
    cache.insert_with_ttl(1, 1, Duration::MAX);
    cache.insert(2, 7);
    time.advance(Duration::from_secs(99));
    assert_eq!((cache.get(&1), cache.get(&2)), (Some(1), Some(7)));
    time.advance(Duration::from_secs(1));
    assert_eq!(cache.get(&2), None);
}

#[test]
fn an_end_that_moves_forward_or_back_is_the_one_that_counts() {
    // The cache looks for what has ended by the first end it knows of.
    for (first, second) in [(2, 9), (9, 2), (5, 5)] {
        let (time, builder) = timed(4);
        let cache = builder.build();
        (0..3).for_each(|key| _ = cache.insert(key, key));
        cache.insert_with_ttl(3, 3, NANO * first);
        cache.insert_with_ttl(3, 4, NANO * second);
        time.advance(NANO * (second - 1));
        assert_eq!((cache.purge_expired(usize::MAX), cache.len()), (0, 4));
        time.advance(NANO);
        cache.insert(5, 5);
        assert_eq!((cache.stats().expirations, cache.stats().evictions), (1, 0));
    }
}

#[test]
fn nothing_is_dropped_before_its_time_nor_kept_after_it_without_being_asked_for() {
    let (time, builder) = timed(100);
    let cache = Arc::new(builder.build());
    for key in 0..100 {
        cache.insert_with_ttl(key, key, NANO * (key + 1));
    }
    for passed in 1..=100 {
        time.advance(NANO);
        assert_eq!(cache.purge_expired(usize::MAX), 1);
        assert_eq!(cache.len(), 100 - passed);
    }
}

/// By the default clock, which moves by ticks.
#[test]
fn nothing_is_served_later_than_its_time_and_a_tick() {
    const TTL: Duration = Duration::from_millis(25);
    let resolution = clock_getres(ClockId::MonotonicCoarse);
    let tick = Duration::new(resolution.tv_sec as u64, resolution.tv_nsec as u32);
    let cache: Cache<u32, u32> = Cache::builder(10).ttl(TTL).build();
    // By the real clock the last hit of a round may be late for the reason that the kernel's tick was; not each time.
    let in_time = (0..5).filter(|&round| {
        cache.insert(1, round);
        let (inserted, coarse) = (Clock::Monotonic.now(), Clock::Coarse.now());
        thread::scope(|s| {
            let threads = [0; 2].map(|_| {
                s.spawn(|| {
                    loop {
                        let (asked, asked_coarse) = (Clock::Monotonic.now(), Clock::Coarse.now());
                        let found = cache.get(&1)?;
                        assert_eq!(found, round);
                        assert!(asked_coarse < coarse + TTL, "served after its time, by the cache's own clock");
                        if asked - inserted > TTL + tick {
                            return Some(asked);
                        }
                    }
                })
            });
            threads.into_iter().all(|thread| thread.join().unwrap().is_none())
        })
    });
    let in_time = in_time.count();
    assert!(in_time > 0, "served later than a tick after its time in each of 5 rounds");
}

proptest! {
    /// With room for all, an entry is there exactly until its end.
    #[test]
    fn an_entry_is_there_until_its_end_and_not_after(
        steps in prop::collection::vec((0u32..20, 0u64..10, 0u64..4), 0..200)
    ) {
        let (time, builder) = timed(20);
        let cache = builder.build();
        let mut ends = [None; 20];
        for (key, ttl, wait) in steps {
            let now = time.now().as_nanos();
            cache.insert_with_ttl(key, key, Duration::from_nanos(ttl));
            ends[key as usize] = Some(now + ttl);
            time.advance(Duration::from_nanos(wait));
            for key in 0..20 {
                let alive = ends[key as usize].is_some_and(|end| now + wait < end);
                prop_assert_eq!(cache.contains(&key), alive);
            }
            prop_assert_eq!(cache.get(&key).is_some(), wait < ttl);
        }
    }
}
