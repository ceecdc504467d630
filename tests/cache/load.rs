use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;

use bedplate::cache::{Cache, LoadError};

const THREADS: usize = 16;

fn ignore<T>(_: T) {}

/// Waits until `threads` calls have found nothing: with that they have joined the load.
fn until_misses<K, V>(cache: &Cache<K, V>, threads: usize) {
    while cache.stats().misses < threads as u64 {
        thread::yield_now();
    }
}

#[test]
fn one_loader_runs_and_all_share_its_value() {
    let cache: Cache<&str, u32> = Cache::new(10);
    let loads = AtomicUsize::new(0);
    thread::scope(|s| {
        for _ in 0..THREADS {
            s.spawn(|| {
                let value = cache.get_or_insert_with("key", || {
                    until_misses(&cache, THREADS);
                    loads.fetch_add(1, Ordering::Relaxed);
                    42
                });
                assert_eq!(value, 42);
            });
        }
    });
    assert_eq!(loads.into_inner(), 1);
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.loads, stats.insertions), (0, THREADS as u64, 1, 1));
}

#[test]
fn loads_of_different_keys_run_at_the_same_time() {
    let cache: Cache<usize, usize> = Cache::builder(10).shards(1).build();
    let together = Barrier::new(2);
    thread::scope(|s| {
        for key in 0..2 {
            let (cache, together) = (&cache, &together);
            s.spawn(move || {
                cache.get_or_insert_with(key, || {
                    together.wait();
                    key
                })
            });
        }
    });
    assert_eq!(cache.len(), 2);
}

#[test]
fn failures_and_panics_hand_over_until_one_succeeds() {
    let cache: Cache<u32, usize> = Cache::new(10);
    let turns = AtomicUsize::new(0);
    let running = AtomicUsize::new(0);
    let (mut values, mut errors, mut panics) = (0, 0, 0);
    thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                s.spawn(|| {
                    catch_unwind(AssertUnwindSafe(|| {
                        cache.get_or_try_insert_with(7, || {
                            until_misses(&cache, THREADS);
                            assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two loaders of one key");
                            let turn = turns.fetch_add(1, Ordering::SeqCst);
                            running.fetch_sub(1, Ordering::SeqCst);
                            match turn {
                                0..=9 if turn.is_multiple_of(2) => Err(turn),
                                0..=9 => std::panic::resume_unwind(Box::new(turn)),
                                _ => Ok(turn),
                            }
                        })
                    }))
                })
            })
            .collect();
        for thread in threads {
            match thread.join().unwrap() {
                Ok(Ok(value)) => {
                    assert_eq!(value, 10);
                    values += 1;
                }
                Ok(Err(error)) => {
                    assert!(matches!(error, LoadError::Failed(turn) if turn.is_multiple_of(2)));
                    errors += 1;
                }
                Err(_) => panics += 1,
            }
        }
    });
    assert_eq!((values, errors, panics), (THREADS - 10, 5, 5));
    assert_eq!((cache.get(&7), cache.stats().loads), (Some(10), 1));
}

#[test]
fn who_takes_a_load_over_can_be_waited_for() {
    let cache: Cache<u32, u32> = Cache::new(10);
    thread::scope(|s| {
        s.spawn(|| {
            let load = || {
                until_misses(&cache, 3);
                Err("down")
            };
            assert!(cache.get_or_try_insert_with(1, load).is_err());
        });
        until_misses(&cache, 1);
        // One of the two leads on. It waited once, and is waited for now: that is no circle.
        for _ in 0..2 {
            s.spawn(|| {
                let load = || {
                    s.spawn(|| assert_eq!(cache.get_or_insert_with(1, || unreachable!()), 20));
                    until_misses(&cache, 4);
                    cache.get_or_insert_with(2, || 20)
                };
                assert_eq!(cache.get_or_insert_with(1, load), 20);
            });
        }
    });
    assert_eq!(cache.stats().loads, 2);
}

#[test]
fn an_error_reaches_its_caller_and_is_not_cached() {
    let cache: Cache<u32, u32> = Cache::new(10);
    assert_eq!(cache.get_or_try_insert_with(1, || Err("down")), Err(LoadError::Failed("down")));
    assert_eq!(cache.get_or_try_insert_ref(&1, || Err("still")).unwrap_err().into_inner(), Some("still"));
    assert!(cache.is_empty());
    assert_eq!(cache.get_or_try_insert_with(1, || Ok::<_, ()>(5)), Ok(5));
    assert_eq!(cache.stats().loads, 1);
}

#[test]
fn a_loader_may_use_the_cache_for_other_keys() {
    let cache: Cache<u64, u64> = Cache::builder(100).shards(1).build();
    fn fibonacci(cache: &Cache<u64, u64>, n: u64) -> u64 {
        cache.get_or_insert_with(n, || if n < 2 { n } else { fibonacci(cache, n - 1) + fibonacci(cache, n - 2) })
    }
    assert_eq!(fibonacci(&cache, 60), 1_548_008_755_920);
    assert_eq!(cache.stats().loads, 61);
}

#[test]
fn a_loader_that_wants_its_own_key_is_told() {
    let cache: Cache<u32, u32> = Cache::new(10);
    let outer = cache.get_or_try_insert_with(1, || {
        // Over another key, to see that not only the innermost load counts.
        cache.get_or_try_insert_with(2, || {
            assert_eq!(cache.get(&1), None, "a plain look-up does not wait");
            cache.get_or_try_insert_with(1, || Ok::<_, ()>(0)).map_err(|error| {
                assert_eq!(error, LoadError::Recursive);
            })
        })
    });
    assert_eq!(outer, Err(LoadError::Failed(LoadError::Failed(()))));

    let panic = catch_unwind(AssertUnwindSafe(|| {
        cache.get_or_insert_with(3, || cache.get_or_insert_ref(&3, || 0));
    }));
    let message = *panic.unwrap_err().downcast::<&str>().unwrap();
    assert!(message.contains("a loader waits for the key it loads"), "{message}");
    assert!(cache.is_empty());
    assert_eq!(cache.get_or_insert_with(3, || 1), 1, "the key is free again");
}

#[test]
fn threads_that_would_wait_for_each_other_are_told() {
    for circle in [2usize, 3, 8] {
        let cache: Cache<usize, usize> = Cache::new(100);
        let leading = Barrier::new(circle);
        let refused = AtomicUsize::new(0);
        thread::scope(|s| {
            for key in 0..circle {
                let (cache, leading, refused) = (&cache, &leading, &refused);
                s.spawn(move || {
                    let value = cache.get_or_insert_with(key, || {
                        leading.wait();
                        match cache.get_or_try_insert_with((key + 1) % circle, || Err::<usize, _>("no turn of mine")) {
                            Ok(value) => value,
                            Err(error) => {
                                assert_eq!(error, LoadError::Recursive);
                                refused.fetch_add(1, Ordering::Relaxed);
                                1_000
                            }
                        }
                    });
                    assert_eq!(value, 1_000);
                });
            }
        });
        assert_eq!(refused.into_inner(), 1, "the one that would have closed a circle of {circle}");
    }
}

#[test]
fn threads_that_wait_in_a_chain_are_not_refused() {
    let cache: Cache<usize, usize> = Cache::new(100);
    let leading = Barrier::new(8);
    thread::scope(|s| {
        for key in 0..8 {
            let (cache, leading) = (&cache, &leading);
            s.spawn(move || {
                cache.get_or_insert_with(key, || {
                    leading.wait();
                    if key == 7 { 0 } else { cache.get_or_insert_with(key + 1, || unreachable!()) + 1 }
                })
            });
        }
    });
    assert_eq!(cache.get(&0), Some(7));
}

/// Runs `change` while a load is under way that 3 others wait for; they all get the loaded value.
fn changed_while_loading(change: impl FnOnce(&Cache<u32, u32>)) -> Cache<u32, u32> {
    let cache: Cache<u32, u32> = Cache::new(10);
    let (begun, begin) = mpsc::channel();
    let (changed, change_seen) = mpsc::channel();
    thread::scope(|s| {
        let leader = s.spawn(|| {
            cache.get_or_insert_with(1, move || {
                begun.send(()).unwrap();
                change_seen.recv().unwrap();
                10
            })
        });
        begin.recv().unwrap();
        let others: Vec<_> = (0..3).map(|_| s.spawn(|| cache.get_or_insert_with(1, || unreachable!()))).collect();
        until_misses(&cache, 4);
        change(&cache);
        changed.send(()).unwrap();
        assert_eq!(leader.join().unwrap(), 10);
        others.into_iter().for_each(|other| assert_eq!(other.join().unwrap(), 10));
    });
    cache
}

#[test]
fn a_change_of_the_key_cancels_the_store_of_its_load() {
    assert_eq!(changed_while_loading(|_| ()).get(&1), Some(10));
    assert_eq!(changed_while_loading(|cache| cache.invalidate_all()).get(&1), None);
    assert_eq!(changed_while_loading(|cache| assert_eq!(cache.remove(&1), None)).get(&1), None);
    assert_eq!(changed_while_loading(|cache| assert_eq!(cache.insert(1, 11), None)).get(&1), Some(11));
    assert_eq!(changed_while_loading(|cache| ignore(cache.remove(&2))).get(&1), Some(10), "another key");
    // Who asks after the removal does not get what was loaded before it.
    let again = changed_while_loading(|cache| {
        cache.remove(&1);
        assert_eq!(cache.get_or_insert_with(1, || 12), 12);
    });
    assert_eq!(again.get(&1), Some(12));
}

#[test]
fn a_cancelled_load_that_fails_lets_those_who_wait_load_again() {
    let cache: Cache<u32, u32> = Cache::new(10);
    let loads = AtomicUsize::new(0);
    thread::scope(|s| {
        s.spawn(|| {
            let result = cache.get_or_try_insert_with(1, || {
                until_misses(&cache, THREADS);
                cache.remove(&1);
                Err("down")
            });
            assert_eq!(result, Err(LoadError::Failed("down")));
        });
        until_misses(&cache, 1);
        for _ in 1..THREADS {
            s.spawn(|| {
                let load = || {
                    loads.fetch_add(1, Ordering::Relaxed);
                    5
                };
                assert_eq!(cache.get_or_insert_with(1, load), 5);
            });
        }
    });
    assert_eq!((loads.into_inner(), cache.get(&1)), (1, Some(5)));
}

#[test]
fn loads_removals_and_failures_of_a_few_keys_from_many_threads_end() {
    let cache: Cache<u32, u32> = Cache::builder(4).shards(2).build();
    let running: Vec<AtomicUsize> = (0..8).map(|_| AtomicUsize::new(0)).collect();
    let seen = Mutex::new(HashSet::new());
    thread::scope(|s| {
        for t in 0..8u32 {
            let (cache, running, seen) = (&cache, &running, &seen);
            s.spawn(move || {
                let mut state = t + 1;
                for _ in 0..2_000 {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let (key, what) = ((state >> 8) % 8, (state >> 16) % 8);
                    match what {
                        0 => ignore(cache.remove(&key)),
                        1 => ignore(cache.insert(key, key)),
                        _ => {
                            let result = catch_unwind(AssertUnwindSafe(|| {
                                cache.get_or_try_insert_with(key, || {
                                    running[key as usize].fetch_add(1, Ordering::Relaxed);
                                    match what {
                                        2 => Err(()),
                                        3 => std::panic::resume_unwind(Box::new(())),
                                        _ => Ok(key),
                                    }
                                })
                            }));
                            if let Ok(Ok(value)) = result {
                                assert_eq!(value, key);
                                seen.lock().unwrap().insert(key);
                            }
                        }
                    }
                }
            });
        }
    });
    assert_eq!(seen.into_inner().unwrap().len(), 8);
    let stats = cache.stats();
    let runs: usize = running.into_iter().map(AtomicUsize::into_inner).sum();
    assert!(stats.loads <= runs as u64 && runs as u64 <= stats.misses);
}
