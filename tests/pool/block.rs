//! A block as a slice of its filled length.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use bedplate::pool::{Block, BlockPool, Zero};

fn pool() -> BlockPool {
    BlockPool::builder().block_size(8192).max_blocks(4).build().unwrap()
}

#[test]
fn a_block_is_as_long_as_it_was_filled() {
    let pool = pool();
    let mut block = pool.try_acquire().unwrap();
    assert!(block.is_empty());
    assert_eq!((block.len(), block.capacity(), block.as_full().len()), (0, 8192, 8192));
    assert_eq!(block.spare_mut().len(), 8192);
    block.as_full_mut()[..4].copy_from_slice(b"abcd");
    block.set_len(3);
    assert_eq!(&*block, b"abc");
    block.spare_mut()[0] = b'D';
    block.set_len(4);
    assert_eq!(&*block, b"abcD");
    block[0] = b'A';
    assert_eq!(block.as_full()[..4], *b"AbcD");
    block.set_len(8192);
    assert!(block.spare_mut().is_empty());
    drop(block);
    assert!(pool.try_acquire().unwrap().is_empty(), "the next user starts at 0");
}

#[test]
fn more_than_the_capacity_is_refused() {
    let mut block = pool().try_acquire().unwrap();
    catch_unwind(AssertUnwindSafe(|| block.set_len(8193))).unwrap_err();
    assert_eq!(block.len(), 0);
}

#[test]
fn a_block_outlives_its_pool_and_comes_back_from_any_thread() {
    let pool = pool();
    let mut blocks: Vec<Block> = (0..4).map(|_| pool.try_acquire().unwrap()).collect();
    drop(pool);
    for block in &mut blocks {
        block.as_full_mut().fill(7);
        block.set_len(8192);
    }
    thread::scope(|s| {
        for block in blocks {
            s.spawn(move || assert!(block.iter().all(|b| *b == 7)));
        }
    });
}

#[test]
fn blocks_are_zero_throughout_where_that_is_asked_for() {
    let pool = BlockPool::builder().max_blocks(1).zero(Zero::OnRelease).build().unwrap();
    for _ in 0..2 {
        let mut block = pool.try_acquire().unwrap();
        assert!(block.as_full().iter().all(|b| *b == 0));
        // Past the filled length too.
        block.as_full_mut().fill(0xff);
        block.set_len(10);
    }
}

#[test]
fn the_default_leaves_the_bytes_past_the_filled_ones() {
    let pool = BlockPool::builder().max_blocks(1).build().unwrap();
    pool.try_acquire().unwrap().as_full_mut().fill(0xff);
    let block = pool.try_acquire().unwrap();
    assert!(block.is_empty() && block.as_full().iter().all(|b| *b == 0xff));
}
