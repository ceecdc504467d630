//! Many threads that want one key, and loads that wait for one another.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Cache, LoadError, Policy};
use bedplate::time::Manual;

use crate::hashers::POLICIES;

const THREADS: usize = 64;
const SECOND: Duration = Duration::from_secs(1);

/// Waits until `threads` calls have found nothing: with that they have joined the load.
fn until_misses<K, V, S>(cache: &Cache<K, V, S>, threads: usize) {
    while cache.stats().misses < threads as u64 {
        thread::yield_now();
    }
}

fn until_sleepers(time: &Manual, threads: usize) {
    while time.sleepers() != threads {
        thread::yield_now();
    }
}

/// What became of a call.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Outcome {
    Value(u64),
    Failed(u64),
    Recursive,
    Timeout,
    Panic,
}

impl Outcome {
    fn of(call: impl FnOnce() -> Result<u64, LoadError<u64>>) -> Self {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(value)) => Self::Value(value),
            Ok(Err(LoadError::Failed(turn))) => Self::Failed(turn),
            Ok(Err(LoadError::Recursive)) => Self::Recursive,
            Ok(Err(LoadError::Timeout)) => Self::Timeout,
            Ok(Err(_)) | Err(_) => Self::Panic,
        }
    }
}

#[test]
fn of_64_threads_one_at_a_time_loads_until_one_has_a_value_for_all() {
    for policy in POLICIES {
        let cache: Cache<u64, u64> = Cache::builder(10).policy(policy).build();
        let (turns, running) = (AtomicU64::new(0), AtomicUsize::new(0));
        let outcomes: Vec<Outcome> = thread::scope(|s| {
            let call = || {
                Outcome::of(|| {
                    cache.get_or_try_insert_with(7, || {
                        until_misses(&cache, THREADS);
                        assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two loaders of one key");
                        let turn = turns.fetch_add(1, Ordering::SeqCst);
                        // Itself, which is refused, and so fails.
                        let again = cache.get_or_try_insert_with(7, || Err::<u64, _>(()));
                        running.fetch_sub(1, Ordering::SeqCst);
                        match turn {
                            48 => Ok(turn),
                            _ if turn % 3 == 0 => Err(turn),
                            _ if turn % 3 == 1 => resume_unwind(Box::new(turn)),
                            _ => again.map_err(|error| {
                                assert_eq!(error, LoadError::Recursive);
                                turn
                            }),
                        }
                    })
                })
            };
            let threads: Vec<_> = (0..THREADS).map(|_| s.spawn(call)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let count = |is: fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
        assert_eq!(turns.into_inner(), 49, "no loader runs where a value is there");
        assert_eq!(count(|outcome| *outcome == Outcome::Value(48)), THREADS - 48);
        assert_eq!(count(|outcome| matches!(outcome, Outcome::Failed(turn) if turn % 3 != 1)), 32);
        assert_eq!(count(|outcome| *outcome == Outcome::Panic), 16);
        let stats = cache.stats();
        // Who wants its own key has found nothing too.
        assert_eq!((stats.loads, stats.failed_loads, stats.misses), (1, 48, THREADS as u64 + 49));
        assert_eq!(cache.get(&7), Some(48));
    }
}

#[test]
fn who_waits_too_long_leaves_and_the_load_goes_on() {
    let time = Manual::new();
    let cache: Cache<u64, u64> = Cache::builder(10).clock(time.clone()).build();
    let (begun, begin) = mpsc::channel();
    let (go_on, gone_on) = mpsc::channel::<()>();
    thread::scope(|s| {
        let cache = &cache;
        let leader = s.spawn(move || {
            cache.get_or_insert_with(1, || {
                begun.send(()).unwrap();
                gone_on.recv().unwrap();
                10
            })
        });
        begin.recv().unwrap();
        let wait = |seconds| {
            move || cache.get_or_try_insert_timeout(1, SECOND * seconds, || -> Result<u64, ()> { unreachable!() })
        };
        let impatient: Vec<_> = (0..THREADS).map(|_| s.spawn(wait(1))).collect();
        let patient = s.spawn(wait(2));
        until_sleepers(&time, THREADS + 1);
        time.advance(SECOND - Duration::from_nanos(1));
        assert!(impatient.iter().all(|thread| !thread.is_finished()));
        time.advance(Duration::from_nanos(1));
        impatient.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), Err(LoadError::Timeout)));
        assert_eq!(cache.get(&1), None, "the load goes on");
        assert_eq!(cache.get_or_try_insert_timeout(1, Duration::ZERO, || Err(())), Err(LoadError::Timeout));
        go_on.send(()).unwrap();
        assert_eq!(patient.join().unwrap(), Ok(10));
        assert_eq!(leader.join().unwrap(), 10);
    });
    let stats = cache.stats();
    assert_eq!((cache.get(&1), stats.loads, stats.failed_loads), (Some(10), 1, 0));
}

#[test]
fn a_timeout_does_not_end_the_callers_own_load() {
    let time = Manual::new();
    let cache: Cache<u64, u64> = Cache::builder(10).clock(time.clone()).build();
    let load = || {
        time.advance(SECOND * 100);
        Ok::<_, ()>(5)
    };
    assert_eq!(cache.get_or_try_insert_timeout(1, SECOND, load), Ok(5));
    assert_eq!(cache.get_or_try_insert_timeout(1, Duration::ZERO, || Err(())), Ok(5), "a hit waits for nothing");
}

#[test]
fn a_load_whose_leader_fails_after_all_have_left_is_free_again() {
    let time = Manual::new();
    let cache: Cache<u64, u64> = Cache::builder(10).clock(time.clone()).build();
    let (begun, begin) = mpsc::channel();
    let (go_on, gone_on) = mpsc::channel::<()>();
    thread::scope(|s| {
        let cache = &cache;
        let leader = s.spawn(move || {
            cache.get_or_try_insert_with(1, || {
                begun.send(()).unwrap();
                gone_on.recv().unwrap();
                Err("down")
            })
        });
        begin.recv().unwrap();
        let waiting = s.spawn(|| cache.get_or_try_insert_timeout(1, SECOND, || Ok::<_, ()>(7)));
        until_sleepers(&time, 1);
        time.advance(SECOND);
        assert_eq!(waiting.join().unwrap(), Err(LoadError::Timeout));
        go_on.send(()).unwrap();
        assert_eq!(leader.join().unwrap(), Err(LoadError::Failed("down")));
    });
    assert_eq!(cache.get_or_insert_with(1, || 8), 8);
}

#[test]
fn loaders_that_fail_panic_recurse_or_outlive_a_timeout_leave_nobody_behind() {
    for policy in [Policy::Adaptive, Policy::Lru] {
        let time = Manual::new();
        let cache: Cache<u64, u64> = Cache::builder(4).shards(2).policy(policy).clock(time.clone()).build();
        let running: Vec<AtomicUsize> = (0..6).map(|_| AtomicUsize::new(0)).collect();
        let made = AtomicU64::new(0);
        let stored = Mutex::new(HashSet::new());
        thread::scope(|s| {
            for t in 0..THREADS as u64 {
                let (cache, time, running, made, stored) = (&cache, &time, &running, &made, &stored);
                s.spawn(move || {
                    for n in 0..60 {
                        let (key, what) = ((t + n * 7) % 6, (t * 3 + n * 5) % 8);
                        let load = || {
                            assert_eq!(
                                running[key as usize].fetch_add(1, Ordering::SeqCst),
                                0,
                                "two loaders of one key"
                            );
                            let other =
                                (what == 3).then(|| Outcome::of(|| cache.get_or_try_insert_with(key, || Ok(0))));
                            if what == 4 {
                                time.advance(SECOND);
                            }
                            running[key as usize].fetch_sub(1, Ordering::SeqCst);
                            match (what, other) {
                                (1, _) => Err(n),
                                (2, _) => resume_unwind(Box::new(n)),
                                (_, Some(other)) => {
                                    assert_eq!(other, Outcome::Recursive);
                                    Err(n)
                                }
                                _ => {
                                    let value = made.fetch_add(1, Ordering::Relaxed);
                                    stored.lock().unwrap().insert((key, value));
                                    Ok(value)
                                }
                            }
                        };
                        let outcome = Outcome::of(|| match what {
                            5 => cache.get_or_try_insert_timeout(key, SECOND, load),
                            6 => cache.get_or_try_insert_timeout(key, Duration::ZERO, load),
                            _ => cache.get_or_try_insert_with(key, load),
                        });
                        match outcome {
                            Outcome::Value(value) => assert!(stored.lock().unwrap().contains(&(key, value))),
                            Outcome::Failed(turn) => assert!(turn == n && matches!(what, 1 | 3)),
                            Outcome::Panic => assert_eq!(what, 2),
                            Outcome::Timeout => assert!(matches!(what, 5 | 6)),
                            Outcome::Recursive => unreachable!("no load waits for another"),
                        }
                    }
                });
            }
        });
        let stats = cache.stats();
        assert_eq!(stats.loads, made.into_inner(), "each value by one loader that ran once");
        for key in 0..6 {
            let value = cache.get_or_insert_with(key, || 1_000_000);
            assert!(value == 1_000_000 || stored.lock().unwrap().contains(&(key, value)));
        }
    }
}

/// Threads that each lead the loads of `held` keys, one within the other, and then want one of the next thread.
fn circle(threads: u64, held: u64) {
    let cache: Cache<u64, u64> = Cache::new(100);
    let leading = Barrier::new(threads as usize);
    let refused = AtomicUsize::new(0);
    fn lead(cache: &Cache<u64, u64>, keys: &[u64], want: impl FnOnce() -> u64) -> u64 {
        match keys {
            [] => want(),
            [key, rest @ ..] => cache.get_or_insert_with(*key, || lead(cache, rest, want)),
        }
    }
    thread::scope(|s| {
        for thread in 0..threads {
            let (cache, leading, refused) = (&cache, &leading, &refused);
            s.spawn(move || {
                let keys: Vec<u64> = (0..held).map(|n| thread * 10 + n).collect();
                let next = (thread + 1) % threads * 10 + thread % held;
                let value = lead(cache, &keys, || {
                    leading.wait();
                    cache.get_or_try_insert_with(next, || Err::<u64, _>("no turn of mine")).unwrap_or_else(|error| {
                        assert_eq!(error, LoadError::Recursive);
                        refused.fetch_add(1, Ordering::Relaxed);
                        1_000
                    })
                });
                assert_eq!(value, 1_000);
            });
        }
    });
    assert_eq!(refused.into_inner(), 1, "the one that would have closed the circle");
    assert_eq!(cache.len() as u64, threads * held);
}

#[test]
fn a_circle_through_several_keys_of_each_thread_is_refused_once() {
    for threads in [2, 3, 5] {
        for held in [1, 2, 4] {
            circle(threads, held);
        }
    }
}

#[test]
fn a_circle_that_a_timeout_could_end_is_refused_too() {
    let time = Manual::new();
    let cache: Cache<u64, u64> = Cache::builder(10).clock(time.clone()).build();
    let leading = Barrier::new(2);
    let refused: usize = thread::scope(|s| {
        let threads = [1, 2].map(|key| {
            let (cache, leading) = (&cache, &leading);
            s.spawn(move || {
                let mut refused = 0;
                cache.get_or_insert_with(key, || {
                    leading.wait();
                    let other = cache.get_or_try_insert_timeout(3 - key, SECOND, || Err(()));
                    refused = usize::from(other == Err(LoadError::Recursive));
                    other.unwrap_or(0)
                });
                refused
            })
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(refused, 1);
}

#[test]
fn the_time_of_loads_is_that_of_their_loaders() {
    let time = Manual::new();
    let cache: Cache<u64, u64> = Cache::builder(10).clock(time.clone()).build();
    let taking = |seconds: u32| time.advance(SECOND * seconds);
    cache.get_or_insert_with(1, || {
        taking(5);
        1
    });
    assert_eq!(cache.stats().load_time, SECOND * 5);
    cache.get_or_insert_with(1, || unreachable!());
    taking(100);
    assert_eq!(cache.stats().load_time, SECOND * 5);
    let failed = cache.get_or_try_insert_with(2, || {
        taking(7);
        Err("down")
    });
    assert!(failed.is_err());
    let panics = || {
        cache.get_or_insert_with(2, || {
            taking(11);
            resume_unwind(Box::new("down"))
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    let stats = cache.stats();
    assert_eq!((stats.load_time, stats.loads, stats.failed_loads), (SECOND * 23, 1, 2));
    // One within the other: both took that long.
    cache.get_or_insert_with(3, || {
        cache.get_or_insert_with(4, || {
            taking(2);
            4
        })
    });
    assert_eq!(cache.stats().load_time, SECOND * 27);
}
