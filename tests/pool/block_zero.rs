//! No user of a pool that zeroes sees what another wrote.
#![allow(unsafe_code)] // Raw blocks are made blocks again.

use std::sync::mpsc;
use std::thread;

use bedplate::Demand;
use bedplate::mem::HugePages;
use bedplate::pool::{Block, BlockPool, BlockPoolBuilder, RawBlock, Zero};
use proptest::collection::vec;
use proptest::prelude::*;

const POLICIES: [Zero; 3] = [Zero::OnRelease, Zero::OnAcquire, Zero::Decommit];

fn builder(zero: Zero) -> BlockPoolBuilder {
    BlockPool::builder().block_size(8192).slab_blocks(2).max_blocks(4).zero(zero)
}

/// Looks at the whole block, and leaves it as dirty as can be.
fn soil(block: &mut Block) {
    assert!(block.as_full().iter().all(|b| *b == 0));
    block.as_full_mut().fill(0xff);
    block.set_len(10);
}

fn acquire_all(pool: &BlockPool) -> Vec<Block> {
    let mut blocks = Vec::new();
    pool.try_acquire_many(usize::MAX, &mut blocks).unwrap();
    assert_eq!(blocks.len(), pool.stats().max);
    blocks.iter_mut().for_each(soil);
    blocks
}

#[test]
fn every_way_back_leaves_the_next_user_zero() {
    for zero in POLICIES {
        let pool = builder(zero).build().unwrap();
        drop(acquire_all(&pool));
        pool.release_many(&mut acquire_all(&pool));
        let raw: Vec<RawBlock> = acquire_all(&pool).into_iter().map(Block::into_raw).collect();
        for raw in raw {
            // SAFETY: the bytes are this thread's, and within the capacity.
            unsafe { raw.as_ptr().as_ptr().write_bytes(0xff, raw.capacity()) };
            // SAFETY: that was all that was done with it.
            drop(unsafe { Block::from_raw(raw) });
        }
        let blocks = acquire_all(&pool);
        thread::scope(|s| {
            for block in blocks {
                s.spawn(move || drop(block));
            }
        });
        drop(acquire_all(&pool));
        assert_eq!(pool.trim(0), 4);
        drop(acquire_all(&pool));
        let mut single: Vec<_> = (0..4).map(|_| pool.try_acquire().unwrap()).collect();
        single.iter_mut().for_each(soil);
        drop(single);
        let mut waited: Vec<_> = (0..4).map(|_| pool.acquire().unwrap()).collect();
        waited.iter_mut().for_each(soil);
    }
}

#[test]
fn a_leaked_block_is_nobody_elses() {
    for zero in POLICIES {
        let pool = builder(zero).build().unwrap();
        let mut leaked = pool.try_acquire().unwrap();
        soil(&mut leaked);
        let mut raw = pool.try_acquire().unwrap();
        soil(&mut raw);
        std::mem::forget(leaked);
        drop(raw.into_raw());
        for _ in 0..3 {
            let mut rest: Vec<Block> = std::iter::from_fn(|| pool.try_acquire().ok()).collect();
            assert_eq!(rest.len(), 2);
            rest.iter_mut().for_each(soil);
        }
    }
}

#[test]
fn a_waiter_gets_zero_too() {
    for zero in POLICIES {
        let pool = builder(zero).max_blocks(1).build().unwrap();
        let mut held = pool.try_acquire().unwrap();
        soil(&mut held);
        thread::scope(|s| {
            let waiter = s.spawn(|| soil(&mut pool.acquire().unwrap()));
            while pool.stats().waits == 0 {
                thread::yield_now();
            }
            drop(held);
            waiter.join().unwrap();
        });
    }
}

#[test]
fn what_bypasses_is_zero() {
    for zero in [Zero::Never, Zero::OnRelease, Zero::OnAcquire, Zero::Decommit] {
        let pool = builder(zero).build().unwrap();
        for _ in 0..3 {
            soil(&mut pool.try_acquire_at_least(100_000).unwrap());
        }
    }
}

#[test]
fn in_huge_pages_and_prefaulted_too() {
    for zero in POLICIES {
        for builder in
            [builder(zero).prefault(), builder(zero).max_blocks(600).huge_pages(HugePages::Transparent, Demand::Prefer)]
        {
            let pool = builder.build().unwrap();
            drop(acquire_all(&pool));
            drop(acquire_all(&pool));
        }
    }
}

#[test]
fn blocks_that_change_threads_are_zero_at_each() {
    for zero in POLICIES {
        let pool = builder(zero).max_blocks(8).build().unwrap();
        thread::scope(|s| {
            let (send, receive) = mpsc::sync_channel::<Block>(4);
            let pool = &pool;
            s.spawn(move || {
                for i in 0..300 {
                    let mut block = pool.acquire().unwrap();
                    soil(&mut block);
                    if i % 3 == 0 {
                        drop(block);
                    } else {
                        send.send(block).unwrap();
                    }
                }
            });
            for (i, block) in receive.into_iter().enumerate() {
                drop(block);
                if i % 5 == 0
                    && let Ok(mut own) = pool.try_acquire()
                {
                    soil(&mut own);
                }
            }
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_operations_shows_a_dirty_block(policy in 0usize..3, ops in vec(any::<u8>(), 0..60)) {
        let pool = builder(POLICIES[policy]).build().unwrap();
        let mut out: Vec<Block> = Vec::new();
        for op in ops {
            match op % 8 {
                0..3 => out.extend(pool.try_acquire().ok().map(|mut block| { soil(&mut block); block })),
                3 => {
                    let before = out.len();
                    let _ = pool.try_acquire_many(usize::from(op / 8) % 4, &mut out);
                    out[before..].iter_mut().for_each(soil);
                }
                4 if !out.is_empty() => drop(out.swap_remove(usize::from(op) % out.len())),
                5 => pool.release_many(&mut out),
                6 => _ = pool.trim(usize::from(op / 8) % 3),
                _ if !out.is_empty() => {
                    let block = out.swap_remove(0);
                    thread::scope(|s| s.spawn(move || drop(block)).join().unwrap());
                }
                _ => {}
            }
        }
    }
}
