use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bedplate::cache::{Cache, Compute, LoadError};
use bedplate::time::Manual;

use crate::hashers::POLICIES;

const NANO: Duration = Duration::from_nanos(1);
const SECOND: Duration = Duration::from_secs(1);

fn ignore<T>(_: T) {}

/// A cache whose entries live ten seconds and are renewed in the last three, with one that is to be.
fn worn() -> (Manual, Cache<u64, u64>) {
    let time = Manual::new();
    let cache = Cache::builder(10).ttl(10 * SECOND).refresh_ahead(3 * SECOND).clock(time.clone()).build();
    cache.insert(1, 10);
    time.advance(7 * SECOND);
    (time, cache)
}

#[test]
fn an_entry_is_renewed_in_its_last_time_and_not_before() {
    for policy in POLICIES {
        let time = Manual::new();
        let builder = Cache::builder(10).ttl(10 * SECOND).refresh_ahead(3 * SECOND).clock(time.clone());
        let cache: Cache<u64, u64> = builder.policy(policy).build();
        assert_eq!(cache.get_or_insert_with(1, || 10), 10);
        time.advance(7 * SECOND - NANO);
        assert_eq!(cache.get_or_insert_with(1, || unreachable!()), 10);
        time.advance(NANO);
        assert_eq!(cache.get(&1), Some(10), "who cannot load gets what is there");
        assert_eq!(cache.get_or_insert_ref(&1, || 20), 20);
        assert_eq!(cache.get(&1), Some(20));
        // It lives as long as any other, from the end of the load.
        time.advance(7 * SECOND - NANO);
        assert_eq!(cache.get_or_try_insert_with(1, || Err(())), Ok(20));
        assert_eq!(cache.stats().failed_loads, 0, "it was not asked to load");
        time.advance(NANO);
        assert_eq!(cache.get_or_try_insert_timeout(1, Duration::ZERO, || Ok::<_, ()>(30)), Ok(30));
        let stats = cache.stats();
        assert_eq!((stats.hits, stats.misses, stats.loads, stats.insertions), (6, 1, 3, 3));
    }
}

#[test]
fn one_loads_and_the_others_get_what_is_there() {
    let (_, cache) = worn();
    let (begun, begin) = mpsc::channel();
    let (answered, answers) = mpsc::channel::<()>();
    thread::scope(|s| {
        let cache = &cache;
        let loader = s.spawn(move || {
            cache.get_or_insert_with(1, || {
                begun.send(()).unwrap();
                answers.recv().unwrap();
                20
            })
        });
        begin.recv().unwrap();
        let others: Vec<_> = (0..8).map(|_| s.spawn(|| cache.get_or_insert_with(1, || unreachable!()))).collect();
        others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), 10));
        answered.send(()).unwrap();
        assert_eq!(loader.join().unwrap(), 20);
    });
    assert_eq!((cache.get(&1), cache.stats().loads), (Some(20), 1));
}

#[test]
fn of_many_that_come_at_once_one_loads() {
    let (_, cache) = worn();
    let loads = AtomicUsize::new(0);
    thread::scope(|s| {
        for _ in 0..16 {
            s.spawn(|| {
                for _ in 0..200 {
                    let value = cache.get_or_insert_with(1, || {
                        loads.fetch_add(1, Ordering::Relaxed);
                        20
                    });
                    assert!(value == 10 || value == 20);
                }
            });
        }
    });
    assert_eq!((loads.into_inner(), cache.get(&1)), (1, Some(20)));
}

#[test]
fn a_load_that_fails_leaves_what_is_there() {
    let (time, cache) = worn();
    for failed in 1..=3 {
        assert_eq!(cache.get_or_try_insert_with(1, || Err("down")), Ok(10), "and the error is not returned");
        assert_eq!((cache.stats().failed_loads, cache.stats().loads), (failed, 0));
    }
    time.advance(3 * SECOND);
    assert_eq!(cache.get_or_try_insert_with(1, || Err("down")), Err(LoadError::Failed("down")), "its time is over");
    assert!(!cache.contains(&1));
}

#[test]
fn a_load_that_panics_leaves_what_is_there() {
    let (_, cache) = worn();
    let load = || cache.get_or_insert_with(1, || std::panic::resume_unwind(Box::new("down")));
    let panic = catch_unwind(AssertUnwindSafe(load)).unwrap_err();
    assert_eq!(*panic.downcast::<&str>().unwrap(), "down");
    assert_eq!((cache.get(&1), cache.stats().failed_loads), (Some(10), 1));
    assert_eq!(cache.get_or_insert_with(1, || 20), 20, "the next one loads");
}

#[test]
fn a_load_that_ends_the_entrys_life_is_waited_for() {
    for (fails, then) in [(false, 20), (true, 30)] {
        let (time, cache) = worn();
        let (begun, begin) = mpsc::channel();
        thread::scope(|s| {
            let loader = s.spawn(|| {
                cache.get_or_try_insert_with(1, || {
                    begun.send(()).unwrap();
                    // Until the other has found nothing, and waits.
                    while cache.stats().misses == 0 {
                        thread::yield_now();
                    }
                    if fails { Err(()) } else { Ok(20) }
                })
            });
            begin.recv().unwrap();
            time.advance(3 * SECOND);
            assert_eq!(cache.get_or_insert_with(1, || 30), then);
            // Who had asked while the old value lived still gets it.
            assert_eq!(loader.join().unwrap(), Ok(if fails { 10 } else { 20 }));
        });
        assert_eq!(cache.get(&1), Some(then));
    }
}

#[test]
fn what_changes_the_key_meanwhile_cancels_it() {
    type Change = fn(&Cache<u64, u64>);
    let changes: [(Change, Option<u64>); 5] = [
        (|_| (), Some(20)),
        (|cache| assert_eq!(cache.remove(&1), Some(10)), None),
        (|cache| assert_eq!(cache.insert(1, 15), Some(10)), Some(15)),
        (|cache| cache.invalidate_all(), None),
        (|cache| assert_eq!(cache.remove_if(&1, |_| false), None), Some(20)),
    ];
    for (change, there) in changes {
        let (_, cache) = worn();
        let value = cache.get_or_insert_with(1, || {
            thread::scope(|s| s.spawn(|| change(&cache)).join().unwrap());
            20
        });
        assert_eq!((value, cache.get(&1)), (20, there));
    }
}

#[test]
fn a_loader_that_asks_for_its_own_key_gets_what_is_there() {
    let (_, cache) = worn();
    let value = cache.get_or_insert_with(1, || cache.get_or_insert_with(1, || unreachable!()) + 1);
    assert_eq!((value, cache.get(&1)), (11, Some(11)));
}

#[test]
fn the_time_of_the_entry_counts_whoever_said_it() {
    let time = Manual::new();
    let builder = Cache::builder(10).ttl(10 * SECOND).refresh_ahead(3 * SECOND).clock(time.clone());
    let cache: Cache<u64, u64> = builder.expire_by(|_, &value| (value == 40).then_some(40 * SECOND)).build();
    cache.insert_with_ttl(1, 1, 5 * SECOND);
    cache.insert_with_ttl(2, 2, Duration::MAX);
    cache.insert_with_ttl(3, 3, SECOND);
    cache.insert(4, 40);
    cache.insert(5, 5);
    assert_eq!(cache.get_or_insert_with(3, || 33), 33, "it lives no longer than the time it is to be renewed in");
    time.advance(2 * SECOND);
    let mut renewed = Vec::new();
    let mut ask = |keys: &[u64]| {
        for &key in keys {
            cache.get_or_insert_with(key, || {
                renewed.push(key);
                key
            });
        }
        std::mem::take(&mut renewed)
    };
    assert_eq!(ask(&[1, 2, 3, 4, 5]), [1]);
    time.advance(5 * SECOND);
    assert_eq!(ask(&[2, 3, 4, 5]), [3, 5]);
    time.advance(30 * SECOND);
    assert_eq!(ask(&[2, 4]), [4]);
    time.advance(1_000 * SECOND);
    assert_eq!(ask(&[2]), [], "for ever");
}

#[test]
fn a_computation_and_a_renewal_run_one_after_the_other() {
    let (_, cache) = worn();
    let value = cache.compute(1, |old| {
        // While it runs, others get what is there.
        thread::scope(|s| s.spawn(|| ignore(cache.get_or_insert_with(1, || unreachable!()))).join().unwrap());
        Compute::Put(old.unwrap() + 1)
    });
    assert_eq!((value, cache.get(&1)), (Some(11), Some(11)));
}
