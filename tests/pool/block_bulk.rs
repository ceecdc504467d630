//! Many blocks at once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bedplate::pool::{AcquireError, Block, BlockPool};

fn pool(max: usize) -> BlockPool {
    BlockPool::builder().slab_blocks(4).max_blocks(max).build().unwrap()
}

#[test]
fn as_many_come_as_can_be_had() {
    let pool = pool(10);
    let mut blocks = Vec::new();
    assert_eq!(pool.try_acquire_many(0, &mut blocks).unwrap(), 0);
    assert_eq!(pool.try_acquire_many(3, &mut blocks).unwrap(), 3);
    assert_eq!((pool.stats().slabs, pool.stats().in_use), (1, 3));
    assert_eq!(pool.try_acquire_many(usize::MAX, &mut blocks).unwrap(), 7);
    assert!(matches!(pool.try_acquire_many(1, &mut blocks), Err(AcquireError::Exhausted)));
    assert_eq!(pool.try_acquire_many(0, &mut blocks).unwrap(), 0);
    assert_eq!(blocks.iter().map(|b| b.as_full().as_ptr()).collect::<HashSet<_>>().len(), 10);
    assert!(blocks.iter().all(|block| block.is_empty()));
    pool.release_many(&mut blocks);
    assert!(blocks.is_empty());
    assert_eq!((pool.stats().idle, pool.stats().in_use, pool.stats().acquired), (10, 0, 10));
}

#[test]
fn they_are_appended() {
    let pool = pool(8);
    let mut blocks = vec![pool.try_acquire().unwrap()];
    blocks[0].set_len(5);
    pool.try_acquire_many(2, &mut blocks).unwrap();
    assert_eq!(blocks.iter().map(|block| block.len()).collect::<Vec<_>>(), [5, 0, 0]);
}

#[test]
fn blocks_of_all_origins_go_home() {
    let pools = [pool(4), pool(4)];
    let mut blocks = vec![pools[0].try_acquire_at_least(10_000).unwrap()];
    for pool in pools.iter().cycle().take(6) {
        blocks.push(pool.try_acquire().unwrap());
    }
    pools[0].release_many(&mut blocks);
    assert!(blocks.is_empty());
    for pool in &pools {
        assert_eq!((pool.stats().in_use, pool.stats().idle), (0, 4));
    }
    pools[0].release_many(&mut blocks);
}

#[test]
fn more_than_a_magazine_holds_goes_round() {
    let pool = BlockPool::builder().max_blocks(1000).build().unwrap();
    let mut blocks = Vec::new();
    for n in [1000, 1, 200, 999, 63, 1000] {
        assert_eq!(pool.try_acquire_many(n, &mut blocks).unwrap(), n);
        assert_eq!(blocks.iter().map(|b| b.as_full().as_ptr()).collect::<HashSet<_>>().len(), n);
        assert_eq!(pool.stats().in_use, n);
        pool.release_many(&mut blocks);
        assert_eq!(pool.stats().in_use, 0);
    }
}

#[test]
fn a_closed_pool_gives_none_and_takes_all() {
    let pool = pool(8);
    let mut blocks = Vec::new();
    pool.try_acquire_many(6, &mut blocks).unwrap();
    pool.close();
    let mut more = Vec::new();
    assert!(matches!(pool.try_acquire_many(1, &mut more), Err(AcquireError::Closed)));
    assert_eq!((pool.stats().slabs, pool.stats().total), (2, 6));
    pool.release_many(&mut blocks);
    assert_eq!((pool.stats().slabs, pool.stats().total), (0, 0));
}

#[test]
fn one_thread_waits_for_what_another_gives_back_at_once() {
    let pool = pool(8);
    let mut blocks = Vec::new();
    pool.try_acquire_many(8, &mut blocks).unwrap();
    thread::scope(|s| {
        let waiters: Vec<_> = (0..3).map(|_| s.spawn(|| pool.acquire().map(drop))).collect();
        while pool.stats().waits < 3 {
            thread::yield_now();
        }
        pool.release_many(&mut blocks);
        waiters.into_iter().for_each(|waiter| waiter.join().unwrap().unwrap());
    });
}

#[test]
fn the_bound_holds_whoever_takes_and_trims() {
    const MAX: usize = 20;
    let pool = pool(MAX);
    let out = AtomicUsize::new(0);
    thread::scope(|s| {
        for t in 1..=4u8 {
            let (pool, out) = (&pool, &out);
            s.spawn(move || {
                let mut blocks: Vec<Block> = Vec::new();
                for i in 0..400usize {
                    if blocks.is_empty() {
                        if let Ok(n) = pool.try_acquire_many(1 + i % 9, &mut blocks) {
                            // Counted after they came and before they go: never more than there are.
                            assert!(out.fetch_add(n, Ordering::Relaxed) + n <= MAX);
                            blocks.iter_mut().for_each(|block| block.as_full_mut()[..64].fill(t));
                        }
                    } else {
                        assert!(blocks.iter().all(|block| block.as_full()[..64].iter().all(|b| *b == t)));
                        out.fetch_sub(blocks.len(), Ordering::Relaxed);
                        match i % 3 {
                            0 => blocks.clear(),
                            _ => pool.release_many(&mut blocks),
                        }
                    }
                    if i % 50 == 0 {
                        pool.trim(i % 7);
                    }
                }
                out.fetch_sub(blocks.len(), Ordering::Relaxed);
            });
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.in_use, out.load(Ordering::Relaxed)), (0, 0));
    assert!(stats.high_water <= MAX);
    let mut all = Vec::new();
    assert_eq!(pool.try_acquire_many(100, &mut all).unwrap(), MAX, "no block was lost");
}
