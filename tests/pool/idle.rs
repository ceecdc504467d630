//! Idle objects that nobody needs go, at the end of a period and not before.

use std::thread;
use std::time::Duration;

use bedplate::pool::{ArenaPool, ObjectPool, ObjectPoolBuilder};
use bedplate::time::{Clock, Manual};

const MINUTE: Duration = Duration::from_secs(60);

fn builder(time: &Manual) -> ObjectPoolBuilder<u8> {
    ObjectPool::builder(|| 0).max(200).clock(Clock::from(time.clone())).idle_timeout(MINUTE)
}

/// A period in which `needed` objects are in use at once; tells how many were dropped at its end.
fn period(pool: &ObjectPool<u8>, time: &Manual, needed: usize) -> usize {
    drop((0..needed).map(|_| pool.try_acquire().unwrap()).collect::<Vec<_>>());
    time.advance(MINUTE);
    pool.evict_idle()
}

#[test]
fn nothing_goes_before_the_period_ends() {
    let time = Manual::new();
    let pool = builder(&time).magazine(0).build();
    pool.warm(5).unwrap();
    assert_eq!(period(&pool, &time, 0), 0, "they came in this period");
    time.advance(MINUTE - Duration::from_nanos(1));
    assert_eq!(pool.evict_idle(), 0);
    time.advance(Duration::from_nanos(1));
    assert_eq!(pool.evict_idle(), 5);
    assert_eq!(pool.evict_idle(), 0, "once in a period");
    assert_eq!((pool.stats().live, pool.stats().discarded), (0, 5));
}

#[test]
fn as_many_stay_as_were_needed_at_once() {
    for magazine in [0, 62] {
        let time = Manual::new();
        let pool = builder(&time).magazine(magazine).build();
        pool.warm(100).unwrap();
        period(&pool, &time, 0);
        // What lies in magazines at the end of a period counts as needed in it: half a magazine is fetched at a time.
        let slack = magazine / 2 + 1;
        let gone = period(&pool, &time, 10);
        assert!((90 - slack..=90).contains(&gone), "{gone} of 100, 10 in use, magazines of {magazine}");
        assert_eq!(pool.stats().live, 100 - gone);
    }
}

#[test]
fn what_a_dead_thread_kept_goes_too() {
    let time = Manual::new();
    let pool = builder(&time).build();
    let used = pool.clone();
    thread::spawn(move || drop((0..20).map(|_| used.acquire().unwrap()).collect::<Vec<_>>())).join().unwrap();
    let gone: usize = (0..2).map(|_| period(&pool, &time, 0)).sum();
    assert_eq!((gone, pool.stats().live), (20, 0));
}

#[test]
fn an_object_that_comes_to_the_depot_ends_the_period() {
    let time = Manual::new();
    let pool = builder(&time).magazine(1).build();
    pool.warm(50).unwrap();
    period(&pool, &time, 0);
    time.advance(MINUTE);
    // Of two that come back, one finds the magazine full.
    drop((pool.acquire().unwrap(), pool.acquire().unwrap()));
    assert!(pool.stats().live <= 3, "{:?}", pool.stats());
}

#[test]
fn without_a_timeout_objects_stay() {
    let time = Manual::new();
    let pool = ObjectPool::builder(|| 0u8).clock(Clock::from(time.clone())).build();
    pool.warm(3).unwrap();
    assert_eq!((period(&pool, &time, 0), period(&pool, &time, 0)), (0, 0));
    assert_eq!(pool.stats().live, 3);
}

#[test]
fn arenas_go_as_objects_do() {
    let time = Manual::new();
    let pool = ArenaPool::builder().max(4).clock(Clock::from(time.clone())).idle_timeout(MINUTE).build();
    drop((pool.acquire().unwrap(), pool.acquire().unwrap()));
    let mut gone = 0;
    for _ in 0..2 {
        time.advance(MINUTE);
        gone += pool.evict_idle();
    }
    assert_eq!((gone, pool.stats().live), (2, 0));
}

#[test]
#[should_panic(expected = "idle timeout of 0")]
fn a_timeout_of_zero_is_refused() {
    let _ = ObjectPool::builder(|| 0).idle_timeout(Duration::ZERO).build();
}
