//! Blocks at the edges of their lives: raw, leaked, after the pool, at the end of a thread.
#![allow(unsafe_code)] // Raw blocks are made blocks again.

use std::cell::RefCell;
use std::sync::{Arc, Barrier};
use std::thread;

use bedplate::pool::{AcquireError, Block, BlockPool};

fn pool() -> BlockPool {
    BlockPool::builder().slab_blocks(2).max_blocks(4).build().unwrap()
}

#[test]
fn a_block_is_three_words() {
    assert_eq!(size_of::<Block>(), 3 * size_of::<usize>());
}

#[test]
fn a_raw_block_is_the_block_it_was() {
    let pool = pool();
    for mut block in [pool.try_acquire().unwrap(), pool.try_acquire_at_least(10_000).unwrap()] {
        block.as_full_mut().fill(7);
        block.set_len(100);
        let (address, capacity, at) = (block.as_full().as_ptr(), block.capacity(), block.location());
        let raw = block.into_raw();
        assert_eq!((raw.as_ptr().as_ptr().cast_const(), raw.capacity()), (address, capacity));
        let block = thread::spawn(move || {
            // SAFETY: the bytes are this thread's.
            unsafe { raw.as_ptr().as_ptr().write(8) };
            // SAFETY: nothing else is done with it.
            unsafe { Block::from_raw(raw) }
        })
        .join()
        .unwrap();
        assert_eq!((block.len(), block.capacity(), block.location()), (100, capacity, at));
        assert!(block[0] == 8 && block.as_full()[1..].iter().all(|b| *b == 7));
    }
    assert_eq!((pool.stats().in_use, pool.stats().idle), (0, 2));
}

#[test]
fn a_raw_block_that_is_dropped_stays_out_and_its_memory_mapped() {
    let pool = pool();
    let raw = pool.try_acquire().unwrap().into_raw();
    let address = raw.as_ptr();
    drop(raw);
    assert_eq!((pool.stats().in_use, pool.trim(0)), (1, 0));
    let rest: Vec<Block> = std::iter::from_fn(|| pool.try_acquire().ok()).collect();
    assert_eq!(rest.len(), 3);
    drop(rest);
    drop(pool);
    // SAFETY: the block is out for good, so its memory is never given to anybody else, nor unmapped.
    unsafe { address.as_ptr().write_bytes(1, 4096) };
}

#[test]
fn blocks_and_raw_blocks_outlive_their_pool() {
    let pool = pool();
    let mut block = pool.try_acquire().unwrap();
    let raw = pool.try_acquire().unwrap().into_raw();
    std::mem::forget(pool.try_acquire().unwrap());
    drop(pool);
    block.as_full_mut().fill(1);
    // SAFETY: nobody was told of it.
    let mut other = unsafe { Block::from_raw(raw) };
    other.as_full_mut().fill(2);
    assert!(block.as_full().iter().all(|b| *b == 1));
    drop(block);
    assert!(other.as_full().iter().all(|b| *b == 2));
    assert_eq!(other.location().map(|at| at.offset % 4096), Some(0));
}

#[test]
fn the_last_block_may_go_while_the_last_handle_does() {
    for _ in 0..200 {
        let pool = pool();
        let blocks: Vec<Block> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
        let start = Barrier::new(4);
        thread::scope(|s| {
            for mut block in blocks {
                let start = &start;
                s.spawn(move || {
                    start.wait();
                    block.as_full_mut()[0] = 1;
                });
            }
            start.wait();
            drop(pool);
        });
    }
}

#[test]
fn closing_while_blocks_come_back_takes_every_slab() {
    for _ in 0..100 {
        let pool = pool();
        let blocks: Vec<Block> = (0..4).map(|_| pool.try_acquire().unwrap()).collect();
        let start = Barrier::new(3);
        let mut halves = blocks.into_iter();
        let half: Vec<Block> = halves.by_ref().take(2).collect();
        thread::scope(|s| {
            for mut half in [half, halves.collect()] {
                let (pool, start) = (&pool, &start);
                s.spawn(move || {
                    start.wait();
                    drop(half.pop());
                    pool.release_many(&mut half);
                });
            }
            start.wait();
            pool.close();
        });
        assert_eq!((pool.stats().total, pool.stats().idle, pool.stats().slabs), (0, 0, 0));
    }
}

#[test]
fn growing_and_closing_at_once_leaves_nothing_behind() {
    for _ in 0..100 {
        let pool = BlockPool::builder().slab_blocks(1).max_blocks(64).build().unwrap();
        let start = Barrier::new(2);
        thread::scope(|s| {
            s.spawn(|| {
                start.wait();
                let mut blocks = Vec::new();
                while blocks.len() < 64 {
                    match pool.try_acquire() {
                        Ok(block) => blocks.push(block),
                        Err(error) => {
                            assert!(matches!(error, AcquireError::Closed));
                            break;
                        }
                    }
                }
            });
            start.wait();
            pool.close();
        });
        assert_eq!((pool.stats().total, pool.stats().slabs), (0, 0));
    }
}

thread_local! {
    static KEPT: RefCell<Vec<(Block, BlockPool)>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn a_block_may_be_dropped_and_another_taken_as_its_thread_ends() {
    /// Uses the pool as it is dropped.
    struct Late(BlockPool);
    impl Drop for Late {
        fn drop(&mut self) {
            let mut block = self.0.try_acquire().unwrap();
            block.as_full_mut().fill(3);
        }
    }
    thread_local! {
        static FIRST: RefCell<Option<Late>> = const { RefCell::new(None) };
        static LAST: RefCell<Option<Late>> = const { RefCell::new(None) };
    }
    let pool = Arc::new(pool());
    for _ in 0..50 {
        let pool = Arc::clone(&pool);
        thread::spawn(move || {
            // Registered before the pool's own end-of-thread work, and after it: destructors run in some order.
            FIRST.set(Some(Late((*pool).clone())));
            let block = pool.try_acquire().unwrap();
            KEPT.with_borrow_mut(|kept| kept.push((block, (*pool).clone())));
            LAST.set(Some(Late((*pool).clone())));
        })
        .join()
        .unwrap();
    }
    let stats = pool.stats();
    assert_eq!((stats.in_use, stats.idle), (0, stats.total));
    assert_eq!(pool.trim(0), stats.total, "no block is stuck with a thread that is gone");
}
