//! Slabs, bound, growth and return.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use bedplate::Demand;
use bedplate::mem::HugePages;
use bedplate::pool::{AcquireError, Block, BlockPool};
use bedplate::time::{Clock, Manual};
use proptest::collection::vec;
use proptest::prelude::*;

fn all(pool: &BlockPool) -> Vec<Block> {
    std::iter::from_fn(|| pool.try_acquire().ok()).collect()
}

#[test]
fn blocks_are_aligned_zero_and_apart() {
    for block_size in [4096, 16 << 10, 2 << 20] {
        let pool = BlockPool::builder().block_size(block_size).slab_blocks(2).max_blocks(5).build().unwrap();
        let mut blocks = all(&pool);
        assert_eq!(blocks.len(), 5);
        for (i, block) in blocks.iter_mut().enumerate() {
            assert_eq!(block.capacity(), block_size);
            assert_eq!(block.as_full().as_ptr().addr() % 4096, 0);
            assert!(block.as_full().iter().all(|b| *b == 0));
            block.as_full_mut().fill(i as u8 + 1);
        }
        for (i, block) in blocks.iter().enumerate() {
            assert!(block.as_full().iter().all(|b| *b == i as u8 + 1));
        }
    }
}

#[test]
fn the_pool_grows_by_slabs_to_its_bound() {
    let pool = BlockPool::builder().slab_blocks(4).max_blocks(10).build().unwrap();
    let of = |pool: &BlockPool| (pool.stats().slabs, pool.stats().grown, pool.stats().total);
    assert_eq!(of(&pool), (1, 0, 4));
    let mut blocks: Vec<_> = (0..4).map(|_| pool.try_acquire().unwrap()).collect();
    assert_eq!(of(&pool), (1, 0, 4));
    blocks.push(pool.try_acquire().unwrap());
    assert_eq!(of(&pool), (2, 1, 8));
    blocks.extend(all(&pool));
    assert_eq!(of(&pool), (3, 2, 10));
    assert_eq!(blocks.len(), 10);
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    drop(blocks);
    let stats = pool.stats();
    assert_eq!((stats.idle, stats.in_use, stats.high_water, stats.acquired), (10, 0, 10, 10));
}

#[test]
fn what_came_back_last_goes_out_first() {
    let pool = BlockPool::builder().max_blocks(4).build().unwrap();
    let mut blocks = all(&pool);
    let second = blocks.remove(1);
    let first = blocks.remove(0);
    let addresses = [&first, &second].map(|b| b.as_full().as_ptr());
    drop(second);
    drop(first);
    blocks.extend(all(&pool));
    assert_eq!([&blocks[2], &blocks[3]].map(|b| b.as_full().as_ptr()), addresses);
}

#[test]
fn threads_that_race_for_growth_get_every_block_and_map_no_slab_twice() {
    const THREADS: usize = 4;
    for _ in 0..50 {
        let pool = BlockPool::builder().slab_blocks(2).max_blocks(2 * THREADS).build().unwrap();
        let start = Barrier::new(THREADS);
        let blocks: Vec<Block> = thread::scope(|s| {
            let takers: Vec<_> = (0..THREADS)
                .map(|_| {
                    s.spawn(|| {
                        start.wait();
                        // As many as there are: none may be told that the pool is exhausted.
                        [pool.try_acquire().unwrap(), pool.try_acquire().unwrap()]
                    })
                })
                .collect();
            takers.into_iter().flat_map(|t| t.join().unwrap()).collect()
        });
        let apart: HashSet<_> = blocks.iter().map(|b| b.as_full().as_ptr()).collect();
        assert_eq!(apart.len(), 2 * THREADS);
        assert_eq!((pool.stats().slabs, pool.stats().total), (THREADS, 2 * THREADS));
    }
}

#[test]
fn nobody_is_told_of_exhaustion_while_the_last_slab_is_being_mapped() {
    const THREADS: usize = 4;
    // Mapping it takes long, because it is faulted in, and every thread comes meanwhile.
    let builder = BlockPool::builder().block_size(2 << 20).slab_blocks(THREADS).max_blocks(2 * THREADS).prefault();
    for _ in 0..5 {
        let pool = builder.clone().build().unwrap();
        let held: Vec<_> = (0..THREADS).map(|_| pool.try_acquire().unwrap()).collect();
        let start = Barrier::new(THREADS);
        thread::scope(|s| {
            let take = || {
                start.wait();
                pool.try_acquire().unwrap()
            };
            let takers: Vec<_> = (0..THREADS).map(|_| s.spawn(take)).collect();
            let blocks: Vec<_> = takers.into_iter().map(|t| t.join().unwrap()).collect();
            assert_eq!(blocks.len(), THREADS);
        });
        drop(held);
        assert_eq!((pool.stats().slabs, pool.stats().high_water), (2, 2 * THREADS));
    }
}

#[test]
fn trimming_unmaps_slabs_that_are_wholly_idle() {
    let pool = BlockPool::builder().slab_blocks(2).max_blocks(6).build().unwrap();
    let mut blocks = all(&pool);
    assert_eq!(pool.trim(0), 0, "every block is in use");
    // One block of the first slab stays out.
    let held = blocks.remove(0);
    drop(blocks);
    assert_eq!(pool.trim(5), 0);
    assert_eq!(pool.trim(3), 2);
    assert_eq!((pool.stats().slabs, pool.stats().total, pool.stats().idle), (2, 4, 3));
    assert_eq!(pool.trim(0), 2);
    assert_eq!((pool.stats().slabs, pool.stats().total, pool.stats().idle), (1, 2, 1));
    drop(held);
    assert_eq!(pool.trim(0), 2);
    assert_eq!((pool.stats().slabs, pool.stats().total), (0, 0));
    assert_eq!(all(&pool).len(), 6, "and the pool grows again");
}

#[test]
fn closing_unmaps_each_slab_with_its_last_block() {
    let pool = BlockPool::builder().slab_blocks(2).max_blocks(4).build().unwrap();
    let mut blocks = all(&pool);
    blocks.truncate(3);
    pool.close();
    assert!(pool.is_closed());
    assert!(matches!(pool.acquire(), Err(AcquireError::Closed)));
    assert!(matches!(pool.acquire_at_least(10_000), Err(AcquireError::Closed)));
    assert_eq!(pool.stats().slabs, 2);
    drop(blocks);
    assert_eq!((pool.stats().slabs, pool.stats().total, pool.stats().idle), (0, 0, 0));
}

#[test]
fn a_length_above_the_block_bypasses_the_pool() {
    let pool = BlockPool::builder().max_blocks(1).build().unwrap();
    assert_eq!(pool.acquire_at_least(4096).unwrap().capacity(), 4096);
    assert_eq!(pool.stats().bypassed, 0);
    let _held = pool.acquire().unwrap();
    assert!(matches!(pool.try_acquire_at_least(1), Err(AcquireError::Exhausted)));
    assert!(matches!(pool.acquire_at_least_timeout(1, Duration::ZERO), Err(AcquireError::Timeout)));
    let mut large = pool.try_acquire_at_least(4097).unwrap();
    assert_eq!((large.len(), large.capacity()), (0, 8192));
    assert_eq!(large.as_full().as_ptr().addr() % 4096, 0);
    large.as_full_mut().fill(1);
    drop(large);
    let stats = pool.stats();
    assert_eq!((stats.bypassed, stats.slabs, stats.total, stats.in_use), (1, 1, 1, 1));
    assert!(matches!(pool.acquire_at_least(usize::MAX), Err(AcquireError::Create(_))));
    assert!(matches!(pool.acquire_at_least(usize::MAX / 2), Err(AcquireError::Create(_))));
    assert_eq!(pool.stats().bypassed, 1);
}

#[test]
fn a_block_that_comes_back_serves_a_waiter() {
    let time = Manual::new();
    let pool = BlockPool::builder().max_blocks(1).clock(Clock::from(time.clone())).build().unwrap();
    let held = pool.try_acquire().unwrap();
    thread::scope(|s| {
        let waiter = s.spawn(|| pool.acquire_timeout(Duration::from_secs(1)).map(drop));
        while time.sleepers() == 0 {
            thread::yield_now();
        }
        drop(held);
        waiter.join().unwrap().unwrap();
        let _held = pool.try_acquire().unwrap();
        let waiter = s.spawn(|| pool.acquire_timeout(Duration::from_secs(1)).map(drop));
        while time.sleepers() == 0 {
            thread::yield_now();
        }
        time.advance(Duration::from_secs(1));
        assert!(matches!(waiter.join().unwrap(), Err(AcquireError::Timeout)));
    });
    assert_eq!(pool.stats().waits, 2);
}

#[test]
fn a_leaked_block_costs_one_place() {
    let pool = BlockPool::builder().max_blocks(2).build().unwrap();
    std::mem::forget(pool.try_acquire().unwrap());
    assert_eq!(all(&pool).len(), 1);
    assert_eq!((pool.stats().in_use, pool.stats().idle), (1, 1));
    assert_eq!(pool.trim(0), 0);
}

#[test]
fn what_makes_no_pool_is_refused() {
    let refused = [
        BlockPool::builder().block_size(0),
        BlockPool::builder().block_size(2048),
        BlockPool::builder().block_size(5000),
        BlockPool::builder().block_size(4 << 20),
        BlockPool::builder().slab_blocks(0),
        BlockPool::builder().max_blocks(0),
        BlockPool::builder().max_blocks(usize::MAX).slab_blocks(usize::MAX),
        BlockPool::builder().max_blocks(usize::MAX).slab_blocks(1),
        BlockPool::builder().max_blocks(1 << 51).slab_blocks(1),
        BlockPool::builder().huge_pages(HugePages::HugeTlb(5000), Demand::Prefer),
    ];
    for builder in refused {
        let told = format!("{builder:?}");
        assert_eq!(builder.build().expect_err(&told).kind(), ErrorKind::InvalidInput);
    }
    // More addresses than a process has.
    for slab in [1, 1 << 40] {
        let absurd = BlockPool::builder().max_blocks(1 << 50).slab_blocks(slab).build().unwrap_err();
        assert_eq!(absurd.kind(), ErrorKind::OutOfMemory);
    }
}

#[test]
fn a_great_bound_costs_no_memory() {
    // A TiB of addresses.
    let pool = BlockPool::builder().max_blocks(1 << 28).slab_blocks(1).build().unwrap();
    let blocks: Vec<Block> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    assert_eq!((pool.stats().max, pool.stats().total), (1 << 28, 3));
    drop(blocks);
}

#[test]
fn what_was_obtained_is_told() {
    let plain = BlockPool::builder().build().unwrap().effective();
    assert!(plain.huge_pages.is_none() && !plain.prefaulted);
    assert!(BlockPool::builder().prefault().max_blocks(4).build().unwrap().effective().prefaulted);
    assert!(BlockPool::builder().huge_pages(HugePages::Transparent, Demand::Prefer).build().is_ok());
    // Whether there are huge pages is the machine's business; that `Require` means it is ours.
    if let Ok(pool) = BlockPool::builder().huge_pages(HugePages::Transparent, Demand::Require).build() {
        assert!(pool.effective().huge_pages.is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Random acquisitions, releases and trims: no block is ever handed to two users, and the counts add up.
    #[test]
    fn every_block_has_one_user(slab in 1usize..4, slabs in 1usize..4, ops in vec(any::<u8>(), 0..80)) {
        let max = slab * slabs;
        let pool = BlockPool::builder().slab_blocks(slab).max_blocks(max).build().unwrap();
        let mut out: Vec<(Block, u8)> = Vec::new();
        for (tag, op) in (1u8..).zip(ops) {
            match op % 8 {
                0..4 => match pool.try_acquire() {
                    Ok(mut block) => {
                        block.as_full_mut().fill(tag);
                        block.set_len(usize::from(tag));
                        out.push((block, tag));
                    }
                    Err(e) => {
                        prop_assert!(matches!(e, AcquireError::Exhausted));
                        prop_assert_eq!(out.len(), max);
                    }
                },
                4..7 if !out.is_empty() => drop(out.swap_remove(usize::from(op) % out.len())),
                7 => {
                    let before = pool.stats();
                    let keep = usize::from(op / 8) % 4;
                    let gone = pool.trim(keep);
                    prop_assert_eq!(gone % slab, 0);
                    prop_assert!(gone == 0 || before.idle - gone >= keep);
                    prop_assert_eq!(pool.stats().total, before.total - gone);
                }
                _ => {}
            }
            for (block, tag) in &out {
                prop_assert_eq!(block.len(), usize::from(*tag));
                prop_assert!(block.as_full().iter().all(|b| b == tag));
            }
            let stats = pool.stats();
            prop_assert_eq!(stats.in_use, out.len());
            prop_assert_eq!(stats.total, stats.idle + stats.in_use);
            prop_assert_eq!(stats.total, stats.slabs * slab);
            prop_assert!(stats.total <= max);
        }
    }
}
