use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Cache, Compute};
use bedplate::time::Manual;

use crate::hashers::POLICIES;

const THREADS: u64 = 8;

fn ignore<T>(_: T) {}

/// Stores one more than was there.
fn add_one(cache: &Cache<u64, u64>, key: u64) -> Option<u64> {
    cache.compute(key, |count| Compute::Put(count.unwrap_or(0) + 1))
}

#[test]
fn it_puts_removes_or_keeps_and_says_what_is_there_then() {
    for policy in POLICIES {
        let cache: Cache<u64, u64> = Cache::builder(10).policy(policy).build();
        assert_eq!(cache.compute(1, |old| old.map_or(Compute::Keep, Compute::Put)), None);
        assert!(cache.is_empty());
        assert_eq!(add_one(&cache, 1), Some(1));
        assert_eq!(add_one(&cache, 1), Some(2));
        let keep = |old| {
            assert_eq!(old, Some(2));
            Compute::Keep
        };
        assert_eq!(cache.compute(1, keep), Some(2));
        assert_eq!(cache.get(&1), Some(2));
        assert_eq!(cache.compute(1, |_| Compute::Remove), None);
        assert_eq!(cache.compute(1, |_| Compute::Remove), None);
        assert!(cache.is_empty());
        assert_eq!(cache.stats().insertions, 2);
    }
}

#[test]
fn a_count_from_many_threads_is_exact() {
    let cache: Cache<u64, u64> = Cache::new(100);
    thread::scope(|s| {
        for t in 0..THREADS {
            let cache = &cache;
            s.spawn(move || (0..1_000).for_each(|n| ignore(add_one(cache, (t + n) % 3))));
        }
    });
    assert_eq!((0..3).map(|key| cache.get(&key).unwrap()).sum::<u64>(), THREADS * 1_000);
}

#[test]
fn sums_stay_exact_beside_removals_that_say_what_they_took() {
    let cache: Cache<u64, u64> = Cache::new(100);
    let taken = AtomicU64::new(0);
    thread::scope(|s| {
        for t in 0..THREADS {
            let (cache, taken) = (&cache, &taken);
            s.spawn(move || {
                for n in 0..1_000 {
                    match (t + n) % 5 {
                        0 => ignore(taken.fetch_add(cache.remove(&1).unwrap_or(0), Ordering::Relaxed)),
                        _ => ignore(add_one(cache, 1)),
                    }
                }
            });
        }
    });
    let left = cache.get(&1).unwrap_or(0);
    assert_eq!(taken.into_inner() + left, THREADS * 800);
}

#[test]
fn one_change_of_a_key_runs_at_a_time() {
    let cache: Cache<u64, u64> = Cache::new(10);
    let running = AtomicUsize::new(0);
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| {
                for n in 0..200 {
                    cache.compute(1, |old| {
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        running.fetch_sub(1, Ordering::SeqCst);
                        match n % 3 {
                            0 => Compute::Put(old.unwrap_or(0)),
                            1 => Compute::Keep,
                            _ => Compute::Remove,
                        }
                    });
                }
            });
        }
    });
}

#[test]
fn changes_of_different_keys_run_at_the_same_time() {
    let cache: Cache<u64, u64> = Cache::builder(10).shards(1).build();
    let together = Barrier::new(2);
    thread::scope(|s| {
        for key in 0..2 {
            let (cache, together) = (&cache, &together);
            s.spawn(move || {
                cache.compute(key, |_| {
                    together.wait();
                    Compute::Put(key)
                })
            });
        }
    });
    assert_eq!(cache.len(), 2);
}

/// The values that `change` is asked about where `meddle` runs within its first call, and what is there in the end.
fn meddled(
    ending: impl Fn(Option<u64>) -> Compute<u64>,
    meddle: impl Fn(&Cache<u64, u64>) + Sync,
) -> (Vec<Option<u64>>, Option<u64>) {
    let cache: Cache<u64, u64> = Cache::new(10);
    cache.insert(1, 10);
    let mut asked = Vec::new();
    let there = cache.compute(1, |old| {
        asked.push(old);
        if asked.len() == 1 {
            // By another thread: that the same may do it too, is seen below.
            thread::scope(|s| s.spawn(|| meddle(&cache)).join().unwrap());
        }
        ending(old)
    });
    assert_eq!(cache.get(&1), there);
    (asked, there)
}

#[test]
fn it_is_asked_again_where_the_key_was_changed_meanwhile() {
    let put = |old: Option<u64>| Compute::Put(old.unwrap_or(0) + 1);
    assert_eq!(meddled(put, |_| ()), (vec![Some(10)], Some(11)));
    assert_eq!(meddled(put, |cache| ignore(cache.insert(1, 20))), (vec![Some(10), Some(20)], Some(21)));
    assert_eq!(meddled(put, |cache| ignore(cache.remove(&1))), (vec![Some(10), None], Some(1)));
    assert_eq!(meddled(put, Cache::invalidate_all), (vec![Some(10), None], Some(1)));
    assert_eq!(meddled(put, |cache| ignore(cache.insert(2, 20))), (vec![Some(10)], Some(11)), "another key");
    assert_eq!(meddled(put, |cache| assert_eq!(cache.remove_if(&1, |_| false), None)), (vec![Some(10)], Some(11)));
    assert_eq!(meddled(put, |cache| assert_eq!(cache.get(&1), Some(10))), (vec![Some(10)], Some(11)));
    let remove = |_| Compute::Remove;
    assert_eq!(meddled(remove, |cache| ignore(cache.insert(1, 20))), (vec![Some(10), Some(20)], None));
    let keep = |_| Compute::Keep;
    assert_eq!(meddled(keep, |cache| ignore(cache.insert(1, 20))), (vec![Some(10), Some(20)], Some(20)));
    assert_eq!(meddled(keep, |cache| ignore(cache.remove(&1))), (vec![Some(10), None], None));
}

#[test]
fn a_change_may_insert_its_own_key_and_is_asked_again() {
    let cache: Cache<u64, u64> = Cache::new(10);
    let mut asked = 0;
    let there = cache.compute(1, |old| {
        asked += 1;
        if old.is_none() {
            cache.insert(1, 5);
        }
        Compute::Put(old.unwrap_or(0) + 1)
    });
    assert_eq!((there, asked), (Some(6), 2));
}

#[test]
fn a_panic_changes_nothing_and_others_go_on() {
    let cache: Cache<u64, u64> = Cache::new(10);
    for there in [None, Some(7)] {
        if let Some(value) = there {
            cache.insert(1, value);
        }
        let panicking = AtomicUsize::new(0);
        thread::scope(|s| {
            for t in 0..THREADS {
                let (cache, panicking) = (&cache, &panicking);
                s.spawn(move || {
                    let result = catch_unwind(AssertUnwindSafe(|| {
                        cache.compute(1, |old| {
                            if t % 2 == 0 {
                                std::panic::resume_unwind(Box::new(()));
                            }
                            Compute::Put(old.unwrap_or(7) + 1)
                        })
                    }));
                    panicking.fetch_add(usize::from(result.is_err()), Ordering::Relaxed);
                });
            }
        });
        assert_eq!(panicking.into_inner(), THREADS as usize / 2);
        assert_eq!(cache.get(&1), Some(7 + THREADS / 2));
    }
}

#[test]
fn a_change_may_use_other_keys_and_not_its_own() {
    let cache: Cache<u64, u64> = Cache::builder(10).shards(1).build();
    let acts: [fn(&Cache<u64, u64>); 3] = [
        |cache| ignore(add_one(cache, 1)),
        |cache| ignore(cache.get_or_insert_with(1, || 0)),
        |cache| {
            cache.compute(2, |_| Compute::Put(cache.get_or_insert_with(1, || 0)));
        },
    ];
    for act in acts {
        let result = catch_unwind(AssertUnwindSafe(|| {
            cache.compute(1, |_| {
                act(&cache);
                Compute::Keep
            })
        }));
        let message = *result.unwrap_err().downcast::<&str>().unwrap();
        assert!(message.contains("a loader waits for the key it loads"), "{message}");
        assert!(cache.is_empty());
    }
    let sum = cache.compute(1, |_| {
        let sum = add_one(&cache, 2).unwrap() + cache.get_or_insert_with(3, || 10);
        Compute::Put(sum)
    });
    assert_eq!(sum, Some(11));
    let error = cache.get_or_try_insert_with(4, || {
        cache.compute(5, |_| match cache.get_or_try_insert_with(4, || Ok::<_, ()>(0)) {
            Ok(value) => Compute::Put(value),
            Err(_) => Compute::Keep,
        });
        Err::<u64, _>(())
    });
    assert!(error.is_err() && !cache.contains(&5), "through a load of another key too");
}

#[test]
fn threads_that_would_wait_for_each_other_are_told() {
    let cache: Cache<u64, u64> = Cache::new(100);
    let leading = Barrier::new(3);
    let refused: usize = thread::scope(|s| {
        let threads = [0, 1, 2].map(|key| {
            let (cache, leading) = (&cache, &leading);
            s.spawn(move || {
                let act = AssertUnwindSafe(|| {
                    let mut first = true;
                    cache.compute(key, |_| {
                        if std::mem::take(&mut first) {
                            leading.wait();
                        }
                        Compute::Put(add_one(cache, (key + 1) % 3).unwrap())
                    })
                });
                usize::from(catch_unwind(act).is_err())
            })
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(refused, 1, "the one that would have closed the circle");
    assert_eq!(cache.len(), 3);
}

#[test]
fn loads_wait_for_it_and_get_its_value_or_load() {
    for (ending, loads) in [(Compute::Put(5), 0), (Compute::Remove, 1), (Compute::Keep, 1)] {
        let cache: Cache<u64, u64> = Cache::new(10);
        let (begun, begin) = mpsc::channel();
        let loaded = AtomicU64::new(0);
        thread::scope(|s| {
            s.spawn(|| {
                cache.compute(1, |_| {
                    begun.send(()).unwrap();
                    while cache.stats().misses < THREADS {
                        thread::yield_now();
                    }
                    ending
                })
            });
            begin.recv().unwrap();
            for _ in 0..THREADS {
                s.spawn(|| {
                    let load = || {
                        loaded.fetch_add(1, Ordering::Relaxed);
                        5
                    };
                    assert_eq!(cache.get_or_insert_with(1, load), 5);
                });
            }
        });
        assert_eq!((loaded.into_inner(), cache.get(&1)), (loads, Some(5)), "after {ending:?}");
    }
}

#[test]
fn what_it_stores_has_a_weight_and_an_end() {
    let time = Manual::new();
    let builder = Cache::builder(100).weigher(|_, &value: &u64| value as u32).clock(time.clone());
    let cache = builder.ttl(Duration::from_secs(1)).build();
    for round in 1..=30 {
        assert_eq!(cache.compute(1, |old| Compute::Put(old.unwrap_or(0) + 3)), Some(3 * round));
        assert_eq!(cache.weight(), 3 * round);
        time.advance(Duration::from_nanos(999_999_999));
    }
    time.advance(Duration::from_nanos(1));
    assert_eq!(cache.compute(1, |old| old.map_or(Compute::Put(1), |_| Compute::Keep)), Some(1), "its time was over");
    assert_eq!(cache.weight(), 1);
    cache.compute(1, |_| Compute::Remove);
    assert_eq!(cache.weight(), 0);
}

#[test]
fn what_ends_meanwhile_is_not_returned() {
    let time = Manual::new();
    let cache: Cache<u64, u64> = Cache::builder(10).ttl(Duration::from_secs(1)).clock(time.clone()).build();
    cache.insert(1, 10);
    let kept = cache.compute(1, |old| {
        assert_eq!(old, Some(10));
        time.advance(Duration::from_secs(1));
        Compute::Keep
    });
    assert_eq!(kept, None);
    cache.insert(1, 10);
    let put = cache.compute(1, |_| {
        time.advance(Duration::from_secs(1));
        Compute::Put(11)
    });
    assert_eq!((put, cache.get(&1)), (Some(11), Some(11)), "its time counts from the end");
}
