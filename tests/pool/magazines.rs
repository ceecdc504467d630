//! What is idle lies in the magazine of the thread that gave it back, and is found there by all others.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bedplate::pool::{AcquireError, ObjectPool, ObjectPoolBuilder};

use crate::worker::Worker;

/// What a magazine holds, as the builder's documentation says.
const MAGAZINE: usize = 62;

/// Objects with numbers from 0, in the order in which they were made.
fn numbered() -> ObjectPoolBuilder<usize> {
    let next = AtomicUsize::new(0);
    ObjectPool::builder(move || next.fetch_add(1, Ordering::Relaxed))
}

/// Takes `n` at once and gives them back, so that they lie where the calling thread leaves them.
fn use_at_once(pool: &ObjectPool<usize>, n: usize) {
    let all: Vec<_> = (0..n).map(|_| pool.try_acquire().unwrap()).collect();
    drop(all);
}

/// All that live are to be had at once by the calling thread, and none beside them.
fn all_are_found(pool: &ObjectPool<usize>, live: usize) {
    let mut all: Vec<_> = (0..live).map(|_| pool.try_acquire().unwrap()).collect();
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    all.sort_by_key(|n| **n);
    assert!(all.iter().zip(0..).all(|(n, i)| **n == i), "each of them once: {all:?}");
    assert_eq!(pool.stats().created, live as u64);
}

#[test]
fn an_object_in_the_magazine_of_a_living_thread_is_found() {
    for blocking in [false, true] {
        let pool = numbered().max(1).build();
        let other = Worker::new();
        let theirs = pool.clone();
        // The second time from the magazine.
        other.run(move || (0..2).for_each(|_| use_at_once(&theirs, 1)));
        assert_eq!(pool.stats().idle, 1);
        let found = if blocking { pool.acquire() } else { pool.try_acquire() };
        assert_eq!(*found.unwrap(), 0);
        let stats = pool.stats();
        assert_eq!((stats.created, stats.waits, stats.revocations), (1, 0, 1));
        other.end();
    }
}

#[test]
fn an_object_in_the_magazine_of_a_thread_that_ended_is_found() {
    let pool = numbered().max(1).build();
    let other = Worker::new();
    let theirs = pool.clone();
    other.run(move || use_at_once(&theirs, 1));
    other.end();
    all_are_found(&pool, 1);
}

#[test]
fn what_fell_out_of_a_full_magazine_is_found_with_the_rest() {
    const LIVE: usize = 3 * MAGAZINE + 5;
    let pool = numbered().max(LIVE).build();
    let others = [Worker::new(), Worker::new()];
    for other in &others {
        let theirs = pool.clone();
        other.run(move || use_at_once(&theirs, LIVE));
        assert_eq!(pool.stats().idle, LIVE);
    }
    all_are_found(&pool, LIVE);
    others.into_iter().for_each(Worker::end);
}

/// A thread that is new to the pool may find a magazine that a thread before it has left full.
#[test]
fn a_magazine_left_by_a_thread_that_ended_serves_the_next() {
    const LIVE: usize = 2 * MAGAZINE;
    let pool = numbered().max(LIVE).build();
    for _ in 0..20 {
        let (first, second) = (Worker::new(), Worker::new());
        let theirs = pool.clone();
        first.run(move || use_at_once(&theirs, LIVE));
        first.end();
        let theirs = pool.clone();
        second.run(move || all_are_found(&theirs, LIVE));
        second.end();
    }
    assert_eq!(pool.stats().idle, LIVE);
}

/// Not even below the bound, where it could make one instead.
#[test]
fn a_thread_makes_no_object_while_its_own_magazine_has_one() {
    let pool = numbered().build();
    for _ in 0..200 {
        let first = Worker::new();
        let theirs = pool.clone();
        first.run(move || use_at_once(&theirs, 1));
        // Ends, and with it the id of its magazine is free for the next.
        first.end();
    }
    // Other tests' threads come and go, so that it may be another magazine now and then.
    assert!(pool.stats().created < 100, "{:?}", pool.stats());
}

#[test]
fn each_thread_gets_back_first_what_it_gave_back_last() {
    const LIVE: usize = 2 * MAGAZINE + 20;
    let pool = numbered().max(LIVE).build();
    let mut all: Vec<_> = (0..LIVE).map(|_| pool.try_acquire().unwrap()).collect();
    assert!(all.iter().zip(0..).all(|(n, i)| **n == i));
    for turn in 0..3 {
        for guard in all.drain(..) {
            drop(guard);
        }
        // Through the magazine, past its end, and through what fell out of it.
        all.extend((0..LIVE).map(|_| pool.try_acquire().unwrap()));
        let expected: Vec<_> = if turn % 2 == 0 { (0..LIVE).rev().collect() } else { (0..LIVE).collect() };
        assert!(all.iter().zip(&expected).all(|(n, i)| **n == *i), "{all:?}");
    }
}

#[test]
fn without_magazines_there_is_nothing_to_revoke() {
    let pool = numbered().max(4).magazine(0).build();
    let other = Worker::new();
    let theirs = pool.clone();
    other.run(move || (0..3).for_each(|_| use_at_once(&theirs, 4)));
    all_are_found(&pool, 4);
    assert_eq!(pool.trim(1), 3);
    pool.close();
    let stats = pool.stats();
    assert_eq!((stats.revocations, stats.live, stats.acquired), (0, 0, 16));
    other.end();
}

#[test]
fn a_magazine_of_one_keeps_one() {
    let pool = numbered().max(3).magazine(1).build();
    let other = Worker::new();
    for turn in 1..=3 {
        let theirs = pool.clone();
        other.run(move || use_at_once(&theirs, 3));
        // Two lie in the depot. The third has to be fetched.
        let two = (pool.try_acquire().unwrap(), pool.try_acquire().unwrap());
        if turn == 1 {
            assert_eq!(pool.stats().revocations, 0);
        }
        drop((pool.try_acquire().unwrap(), two));
        assert_eq!(pool.stats().revocations, 1, "the magazines rest after that");
    }
    all_are_found(&pool, 3);
    other.end();
}

/// For so many threads a pool has magazines.
const TABLE: usize = 256;

#[test]
fn more_threads_than_magazines_lose_nothing() {
    const THREADS: usize = 300;
    let pool = numbered().max(THREADS).build();
    let (begin, held, idle) = (Barrier::new(THREADS), Barrier::new(THREADS), Barrier::new(THREADS + 1));
    thread::scope(|s| {
        for _ in 0..THREADS {
            thread::Builder::new()
                .stack_size(64 << 10)
                .spawn_scoped(s, || {
                    begin.wait();
                    for _ in 0..3 {
                        let one = pool.acquire().unwrap();
                        held.wait();
                        drop(one);
                        held.wait();
                    }
                    idle.wait();
                    // They live on while the objects are looked for.
                    idle.wait();
                })
                .unwrap();
        }
        idle.wait();
        assert_eq!(pool.stats().idle, THREADS);
        // What the threads past the table gave back lies in no magazine.
        let rest: Vec<_> = (TABLE..THREADS).map(|_| pool.try_acquire().unwrap()).collect();
        assert_eq!(pool.stats().revocations, 0);
        drop(rest);
        all_are_found(&pool, THREADS);
        idle.wait();
    });
    assert_eq!(pool.trim(0), THREADS);
}

#[test]
fn a_thread_that_never_rests_does_not_starve_one_that_waits() {
    const LONG: Duration = Duration::from_secs(20);
    let pool = numbered().max(1).build();
    let served = AtomicBool::new(false);
    let looping = Barrier::new(2);
    thread::scope(|s| {
        s.spawn(|| {
            use_at_once(&pool, 1);
            looping.wait();
            let begin = Instant::now();
            while !served.load(Ordering::Relaxed) && begin.elapsed() < LONG {
                drop(pool.acquire().unwrap());
            }
        });
        looping.wait();
        for _ in 0..10 {
            assert!(pool.acquire_timeout(LONG).is_ok());
        }
        served.store(true, Ordering::Relaxed);
    });
    assert_eq!(pool.stats().created, 1);
}

/// A bound so tight that what one thread wants lies mostly with the other: the magazines rest, rather than be revoked each
/// time.
#[test]
fn a_tight_bound_makes_the_magazines_rest() {
    const ROUNDS: usize = 3_000;
    let pool = numbered().max(3).build();
    let begin = Barrier::new(2);
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                begin.wait();
                for _ in 0..ROUNDS {
                    let two = (pool.acquire().unwrap(), pool.acquire().unwrap());
                    thread::yield_now();
                    drop(two);
                }
            });
        }
    });
    let stats = pool.stats();
    assert_eq!(stats.acquired, 4 * ROUNDS as u64);
    assert!(stats.revocations * 200 <= stats.acquired, "{stats:?}");
}

/// Objects that go one way, from the thread that takes to the thread that gives back, do not pile up there.
#[test]
fn a_thread_that_only_takes_and_one_that_only_gives_back_share_a_bound() {
    let pool = numbered().max(20).build();
    let other = Worker::new();
    for _ in 0..2_000 {
        let object = pool.acquire_owned().unwrap();
        other.run(move || drop(object));
    }
    let stats = pool.stats();
    assert!(stats.created <= 20, "{stats:?}");
    assert!(stats.revocations < 200, "{stats:?}");
    all_are_found(&pool, stats.live);
    other.end();
}
