use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use bedplate::cache::{Builder, Cache, Compute, Policy};
use bedplate::time::{Clock, Manual};
use proptest::prelude::*;

use crate::hashers::POLICIES;

/// To what a use is known; it is taken for earlier. A second is a multiple of it.
const GRAIN: Duration = Duration::from_nanos(128);
const SECOND: Duration = Duration::from_secs(1);

fn ignore<T>(_: T) {}

fn idle(policy: Policy) -> (Manual, Builder<u64, u64>) {
    let time = Manual::new();
    time.advance(SECOND);
    (time.clone(), Cache::builder(10).shards(1).policy(policy).clock(time).time_to_idle(SECOND))
}

#[test]
fn an_entry_goes_once_nobody_has_asked_for_so_long() {
    for policy in POLICIES {
        let (time, builder) = idle(policy);
        let cache = builder.build();
        cache.insert(1, 10);
        for _ in 0..5 {
            time.advance(SECOND - GRAIN);
            assert_eq!(cache.get(&1), Some(10), "{policy:?}, shortly before its end");
        }
        time.advance(SECOND);
        assert_eq!(cache.get(&1), None, "{policy:?}, at its end");
        assert_eq!((cache.len(), cache.stats().expirations), (0, 1));
    }
}

#[test]
fn every_use_counts_and_a_look_does_not() {
    let uses: [fn(&Cache<u64, u64>); 7] = [
        |cache| ignore(cache.get(&1)),
        |cache| ignore(cache.get_with(&1, |_| ())),
        |cache| ignore(cache.get_or_insert_with(1, || unreachable!())),
        |cache| ignore(cache.get_or_insert_ref(&1, || unreachable!())),
        |cache| ignore(cache.insert(1, 11)),
        |cache| ignore(cache.insert_with_ttl(1, 11, Duration::MAX)),
        |cache| ignore(cache.compute(1, |_| Compute::Put(11))),
    ];
    let looks: [fn(&Cache<u64, u64>); 7] = [
        |cache| assert!(cache.contains(&1)),
        |cache| assert_eq!(cache.peek(&1, |&value| value), Some(10)),
        |cache| assert_eq!(cache.iter().count(), 1),
        |cache| cache.retain(|_, _| true),
        |cache| assert_eq!(cache.purge_expired(usize::MAX), 0),
        |cache| assert_eq!(cache.remove_if(&1, |_| false), None),
        |cache| ignore(cache.stats()),
    ];
    for policy in POLICIES {
        let there_after = |act: fn(&Cache<u64, u64>)| {
            let (time, builder) = idle(policy);
            let cache = builder.build();
            cache.insert(1, 10);
            time.advance(SECOND / 2);
            act(&cache);
            time.advance(SECOND / 2);
            let there = cache.contains(&1);
            time.advance(SECOND / 2);
            assert!(!cache.contains(&1), "but not for ever");
            there
        };
        uses.iter().enumerate().for_each(|(n, &act)| assert!(there_after(act), "use {n}, {policy:?}"));
        looks.iter().enumerate().for_each(|(n, &act)| assert!(!there_after(act), "look {n}, {policy:?}"));
    }
}

#[test]
fn the_end_that_comes_first_counts() {
    for policy in POLICIES {
        let (time, builder) = idle(policy);
        let cache = builder.ttl(SECOND + SECOND / 2).build();
        cache.insert(1, 10);
        cache.insert(2, 20);
        cache.insert_with_ttl(3, 30, Duration::MAX);
        for _ in 0..2 {
            time.advance(SECOND / 2);
            assert_eq!((cache.get(&1), cache.get(&3)), (Some(10), Some(30)));
        }
        assert_eq!(cache.get(&2), None, "not used");
        time.advance(SECOND / 2);
        assert_eq!(cache.get(&1), None, "used, and at the end of its time to live");
        assert_eq!(cache.get(&3), Some(30));
        time.advance(SECOND);
        assert_eq!(cache.get(&3), None, "for ever, but not used");
    }
}

#[test]
fn a_time_of_zero_finds_nothing_and_one_without_end_all() {
    for policy in POLICIES {
        let (time, builder) = idle(policy);
        let cache = builder.time_to_idle(Duration::ZERO).build();
        cache.insert(1, 10);
        assert_eq!((cache.get(&1), cache.contains(&1)), (None, false));
        assert_eq!(cache.get_or_insert_with(1, || 11), 11);
        assert_eq!(cache.get_or_insert_with(1, || 12), 12);

        let cache = idle(policy).1.clock(time.clone()).time_to_idle(Duration::MAX).build();
        cache.insert(1, 10);
        time.advance(Duration::MAX);
        assert_eq!(cache.get(&1), Some(10));
    }
}

#[test]
fn an_entry_stays_gone_however_long_it_was_not_used() {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3_600);
    for policy in POLICIES {
        for years in [1, 2, 3, 4, 5, 7, 9, 100, 500] {
            let (time, builder) = idle(policy);
            let cache = builder.build();
            cache.insert(1, 10);
            time.advance(years * YEAR);
            assert_eq!(cache.get(&1), None, "after {years} years, {policy:?}");
        }
        let (time, builder) = idle(policy);
        let cache = builder.time_to_idle(3 * YEAR).build();
        cache.insert(1, 10);
        time.advance(2 * YEAR);
        assert_eq!(cache.get(&1), Some(10), "{policy:?}");
        time.advance(3 * YEAR);
        assert_eq!(cache.get(&1), None, "{policy:?}");
    }
}

#[test]
fn what_has_idled_goes_before_what_is_used() {
    for policy in POLICIES {
        let (time, builder) = idle(policy);
        let cache = builder.build();
        (0..10).for_each(|key| ignore(cache.insert(key, key)));
        (0..3).for_each(|_| ignore(cache.get(&9))); // The policy itself would keep it.
        time.advance(SECOND / 2);
        (0..9).for_each(|key| ignore(cache.get(&key)));
        time.advance(SECOND / 2);
        cache.insert(10, 10);
        assert!((0..9).chain([10]).all(|key| cache.contains(&key)), "{policy:?}");
        let stats = cache.stats();
        assert_eq!((stats.expirations, stats.evictions), (1, 0), "{policy:?}");
    }
}

#[test]
fn a_purge_takes_what_has_idled() {
    for policy in POLICIES {
        let (time, builder) = idle(policy);
        let cache = builder.build();
        (0..10).for_each(|key| ignore(cache.insert(key, key)));
        time.advance(SECOND / 2);
        (0..4).for_each(|key| ignore(cache.get(&key)));
        assert_eq!(cache.purge_expired(usize::MAX), 0);
        time.advance(SECOND / 2);
        assert_eq!(cache.purge_expired(usize::MAX), 6, "{policy:?}");
        assert_eq!(cache.len(), 4);
        time.advance(SECOND / 2);
        assert_eq!(cache.purge_expired(usize::MAX), 4);
        assert_eq!(cache.purge_expired(usize::MAX), 0);
    }
}

#[test]
fn a_use_by_any_thread_counts() {
    const THREADS: usize = 3;
    for policy in POLICIES {
        let (time, builder) = idle(policy);
        let cache = builder.build();
        (1..=2).for_each(|key| ignore(cache.insert(key, key * 10)));
        let turn = Barrier::new(THREADS + 1);
        thread::scope(|s| {
            for t in 0..THREADS {
                let (cache, turn) = (&cache, &turn);
                s.spawn(move || {
                    for round in 0..30 {
                        turn.wait();
                        // One alone, or all at once while the clock moves.
                        if round % 2 == 1 || round / 2 % THREADS == t {
                            (0..50).for_each(|_| assert_eq!(cache.get(&1), Some(10)));
                        }
                        turn.wait();
                    }
                });
            }
            for round in 0..30 {
                turn.wait();
                // A thread that read the clock before may write its use after: what it finds is then half a second old.
                if round % 2 == 1 {
                    time.advance(SECOND / 4);
                    time.advance(SECOND / 4);
                }
                turn.wait();
                time.advance(SECOND / 4);
            }
        });
        assert_eq!((cache.get(&1), cache.get(&2)), (Some(10), None), "{policy:?}");
    }
}

#[test]
fn by_a_real_clock_it_goes_too() {
    for clock in [Clock::Coarse, Clock::Monotonic] {
        let started = Clock::Monotonic.now();
        let cache: Cache<u64, u64> =
            Cache::builder(10).time_to_idle(Duration::from_millis(60)).clock(clock.clone()).build();
        cache.insert(1, 10);
        while cache.contains(&1) {
            assert!(Clock::Monotonic.now() - started < Duration::from_secs(5), "it idles for ever");
            thread::yield_now();
        }
        assert!(Clock::Monotonic.now() - started >= Duration::from_millis(20), "it went too early");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// With room for all, an entry is there until its time is over or nobody has asked for it for as long as is said.
    #[test]
    fn an_entry_is_there_until_its_end_and_not_after(
        steps in prop::collection::vec((0u64..10, 0u32..40, 0u32..6, 0u8..4), 0..200),
        idle in 1u32..20,
        policy in 0..POLICIES.len(),
    ) {
        let time = Manual::new();
        let builder = Cache::builder(10).shards(1).policy(POLICIES[policy]).clock(time.clone());
        let cache = builder.time_to_idle(GRAIN * idle).build();
        // When it was used last, and when its time is over.
        let mut model = [None::<(u32, u32)>; 10];
        let mut now = 0;
        for (key, ttl, wait, what) in steps {
            let entry = &mut model[key as usize];
            let alive = entry.is_some_and(|(used, end)| now < end && now - used < idle);
            match what {
                0 => {
                    prop_assert_eq!(cache.insert_with_ttl(key, key, GRAIN * ttl).is_some(), alive);
                    *entry = (ttl != 0).then_some((now, now + ttl));
                }
                1 => {
                    prop_assert_eq!(cache.get(&key).is_some(), alive);
                    *entry = entry.filter(|_| alive).map(|(_, end)| (now, end));
                }
                2 => _ = cache.purge_expired(ttl as usize),
                _ => {}
            }
            time.advance(GRAIN * wait);
            now += wait;
            for key in 0..10 {
                let alive = model[key as usize].is_some_and(|(used, end)| now < end && now - used < idle);
                prop_assert_eq!(cache.contains(&key), alive);
            }
        }
        let alive = cache.iter().count();
        cache.purge_expired(usize::MAX);
        prop_assert_eq!(cache.len(), alive, "a purge takes all that are over");
    }
}
