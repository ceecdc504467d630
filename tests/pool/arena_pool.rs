//! Arenas: empty for each user, bounded in number and in what an idle one keeps.

use std::thread;
use std::time::Duration;

use bedplate::pool::{AcquireError, ArenaPool};
use bedplate::time::{Clock, Manual};

#[test]
fn every_user_finds_the_arena_empty_and_its_memory_kept() {
    let pool = ArenaPool::builder().max(1).retain_limit(1 << 20).build();
    let arena = pool.acquire().unwrap();
    let first = arena.alloc_slice_copy(&[1u8; 1000]).as_ptr();
    drop(arena);
    let arena = pool.acquire().unwrap();
    assert!(arena.allocated_bytes() >= 1000, "the chunk was kept");
    assert_eq!(arena.alloc_slice_copy(&[2u8; 1000]).as_ptr(), first, "and begins anew");
    drop(arena);
    assert_eq!(pool.stats().created, 1);
}

#[test]
fn an_arena_that_grew_past_the_limit_is_replaced() {
    let pool = ArenaPool::builder().max(1).retain_limit(64 << 10).build();
    let arena = pool.acquire().unwrap();
    arena.alloc_slice_fill_copy(100 << 10, 0u8);
    drop(arena);
    assert_eq!((pool.stats().live, pool.stats().discarded), (0, 1));
    assert_eq!(pool.acquire().unwrap().allocated_bytes(), 0);
}

#[test]
fn what_counts_is_what_the_arena_keeps_and_not_what_the_user_took() {
    let pool = ArenaPool::builder().max(1).retain_limit(64 << 10).build();
    let arena = pool.acquire().unwrap();
    arena.set_allocation_limit(None);
    // Many chunks, of which the last and largest stays below the limit.
    while arena.allocated_bytes() <= 64 << 10 {
        arena.alloc_slice_fill_copy(1000, 0u8);
    }
    drop(arena);
    let kept = pool.acquire().unwrap().allocated_bytes();
    assert!(kept <= 64 << 10, "{kept}");
}

#[test]
fn a_limit_of_zero_keeps_no_memory() {
    let pool = ArenaPool::builder().max(1).retain_limit(0).build();
    drop(pool.acquire().unwrap());
    assert_eq!(pool.stats().idle, 1, "an arena that took nothing keeps nothing");
    pool.acquire().unwrap().alloc(1u8);
    assert_eq!(pool.stats().idle, 0);
}

#[test]
fn bound_wait_trim_and_close_are_those_of_every_pool() {
    let time = Manual::new();
    let pool = ArenaPool::builder().max(1).clock(Clock::from(time.clone())).build();
    let held = pool.try_acquire().unwrap();
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    assert!(matches!(pool.acquire_timeout(Duration::ZERO), Err(AcquireError::Timeout)));
    thread::scope(|s| {
        let waiter = s.spawn(|| pool.acquire_timeout(Duration::from_secs(1)).map(drop));
        while time.sleepers() == 0 {
            thread::yield_now();
        }
        s.spawn(move || drop(held));
        waiter.join().unwrap().unwrap();
    });
    assert_eq!(pool.trim(0), 1);
    pool.clone().close();
    assert!(pool.is_closed());
    assert!(matches!(pool.acquire(), Err(AcquireError::Closed)));
}

#[test]
fn arenas_serve_many_threads() {
    let pool = ArenaPool::builder().max(2).build();
    thread::scope(|s| {
        for t in 0..4u64 {
            let pool = &pool;
            s.spawn(move || {
                for _ in 0..100 {
                    let arena = pool.acquire().unwrap();
                    let numbers: Vec<&mut u64> = (0..50).map(|i| arena.alloc(t * 100 + i)).collect();
                    assert!(numbers.iter().zip(0..).all(|(n, i)| **n == t * 100 + i));
                }
            });
        }
    });
    assert!(pool.stats().created <= 2);
}
