//! Slabs: where blocks lie, what is held, what goes and comes back.

use std::mem::offset_of;

use bedplate::Demand;
use bedplate::mem::HugePages;
use bedplate::pool::{AcquireError, Block, BlockPool, Slab};
use bedplate::topo::{MemPolicy, Topology, region_policy, thread_policy};

fn all(pool: &BlockPool) -> Vec<Block> {
    std::iter::from_fn(|| pool.try_acquire().ok()).collect()
}

fn address(block: &Block) -> usize {
    block.as_full().as_ptr().addr()
}

#[test]
fn blocks_are_aligned_to_their_size_and_fill_their_slabs() {
    for size in [4096, 64 << 10, 2 << 20] {
        let pool = BlockPool::builder().block_size(size).slab_blocks(3).max_blocks(7).build().unwrap();
        let blocks = all(&pool);
        let pins = pool.pin_slabs();
        assert_eq!(pins.iovecs().iter().map(|slab| slab.len / size).collect::<Vec<_>>(), [3, 3, 1]);
        let mut places: Vec<_> = blocks.iter().map(|block| block.location().unwrap()).collect();
        for (block, at) in blocks.iter().zip(&places) {
            assert_eq!(address(block) % size, 0);
            assert_eq!(pins.iovecs()[at.slab].ptr.addr() + at.offset, address(block));
            assert!(pins.covers(block));
        }
        places.sort();
        let expected: Vec<_> =
            [3, 3, 1].iter().enumerate().flat_map(|(s, n)| (0..*n).map(move |b| (s, b * size))).collect();
        assert_eq!(places.iter().map(|at| (at.slab, at.offset)).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_slab_that_was_trimmed_comes_back_zero_and_at_the_same_address() {
    let pool = BlockPool::builder().slab_blocks(2).max_blocks(4).build().unwrap();
    let addresses = |blocks: &[Block]| {
        let mut addresses: Vec<_> = blocks.iter().map(address).collect();
        addresses.sort_unstable();
        addresses
    };
    let mut blocks = all(&pool);
    let before = addresses(&blocks);
    blocks.iter_mut().for_each(|block| block.as_full_mut().fill(0xff));
    drop(blocks);
    assert_eq!(pool.trim(0), 4);
    assert_eq!((pool.stats().slabs, pool.stats().trimmed), (0, 2));
    let blocks = all(&pool);
    assert_eq!(addresses(&blocks), before);
    assert!(blocks.iter().all(|block| block.as_full().iter().all(|b| *b == 0)));
}

#[test]
fn the_slab_with_the_least_number_comes_back_first() {
    let pool = BlockPool::builder().slab_blocks(1).max_blocks(4).build().unwrap();
    let mut blocks = all(&pool);
    blocks.sort_by_key(|block| block.location());
    // Slabs 1 and 2 go, between those that stay.
    drop(blocks.drain(1..3));
    assert_eq!(pool.trim(0), 2);
    for slab in [1, 2] {
        blocks.push(pool.try_acquire().unwrap());
        assert_eq!(blocks.last().unwrap().location().unwrap().slab, slab);
    }
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
}

#[test]
fn what_is_pinned_is_not_trimmed() {
    let pool = BlockPool::builder().slab_blocks(2).max_blocks(6).build().unwrap();
    let first = pool.try_acquire().unwrap();
    let pins = pool.pin_slabs();
    assert_eq!(pins.iovecs().len(), 1);
    let rest = all(&pool);
    assert_eq!(rest.iter().filter(|block| pins.covers(block)).count(), 1, "the other of the first slab");
    let again = pool.pin_slabs();
    assert!(rest.iter().all(|block| again.covers(block)));
    drop((first, rest));
    assert_eq!((pool.trim(0), pool.stats().pinned), (0, 3));
    drop(again);
    assert_eq!((pool.trim(0), pool.stats().pinned, pool.stats().slabs), (4, 1, 1));
    drop(pins);
    assert_eq!((pool.trim(0), pool.stats().slabs), (2, 0));
    assert!(pool.pin_slabs().iovecs().is_empty());
}

#[test]
fn a_slab_without_memory_is_an_empty_place_of_the_table() {
    let pool = BlockPool::builder().slab_blocks(1).max_blocks(3).build().unwrap();
    let mut blocks = all(&pool);
    blocks.sort_by_key(|block| block.location());
    drop(blocks.remove(1));
    assert_eq!(pool.trim(0), 1);
    let pins = pool.pin_slabs();
    assert_eq!(pins.iovecs().iter().map(|slab| slab.len).collect::<Vec<_>>(), [4096, 0, 4096]);
    assert!(pins.iovecs()[1].ptr.is_null());
    assert!(blocks.iter().all(|block| pins.covers(block)));
    // It comes back, and stands in no pin that was made before.
    let again = pool.try_acquire().unwrap();
    assert_eq!(again.location().unwrap().slab, 1);
    assert!(!pins.covers(&again));
    drop((again, blocks));
    assert_eq!(pool.trim(0), 1, "the one that is not pinned");
}

#[test]
fn pins_hold_their_slabs_in_a_closed_pool_and_outlive_its_handles() {
    let pool = BlockPool::builder().slab_blocks(2).max_blocks(4).build().unwrap();
    let block = pool.try_acquire().unwrap();
    let pins = pool.pin_slabs();
    pool.close();
    assert!(pins.covers(&block));
    drop(block);
    assert_eq!((pool.stats().total, pool.stats().slabs, pool.stats().pinned), (0, 1, 1));
    let other = pool.clone();
    drop(pool);
    drop(pins);
    assert_eq!((other.stats().slabs, other.stats().pinned), (0, 0));

    let pool = BlockPool::builder().max_blocks(2).build().unwrap();
    let (mut block, pins) = (pool.try_acquire().unwrap(), pool.pin_slabs());
    drop(pool);
    block.as_full_mut().fill(1);
    assert!(pins.covers(&block));
    drop(pins);
    assert!(block.as_full().iter().all(|b| *b == 1));
}

#[test]
fn a_pin_covers_no_block_of_another_pool_and_none_that_bypasses() {
    let pools = [0, 1].map(|_| BlockPool::builder().max_blocks(1).build().unwrap());
    let pins = pools[0].pin_slabs();
    assert!(!pins.covers(&pools[1].try_acquire().unwrap()));
    let direct = pools[0].try_acquire_at_least(5000).unwrap();
    assert_eq!(direct.location(), None);
    assert!(!pins.covers(&direct));
}

#[test]
fn slabs_are_laid_out_as_the_kernel_wants_them() {
    assert_eq!((size_of::<Slab>(), align_of::<Slab>()), (size_of::<libc::iovec>(), align_of::<libc::iovec>()));
    assert_eq!(offset_of!(Slab, ptr), offset_of!(libc::iovec, iov_base));
    assert_eq!(offset_of!(Slab, len), offset_of!(libc::iovec, iov_len));
}

#[test]
fn slabs_are_whole_huge_pages_where_these_are_asked_for() {
    let builder = BlockPool::builder().slab_blocks(1).max_blocks(1000);
    let small = builder.clone().build().unwrap();
    assert_eq!(small.stats().total, 1);
    let Ok(huge) = builder.huge_pages(HugePages::Transparent, Demand::Require).build() else { return };
    let page = huge.effective().huge_pages.unwrap();
    assert_eq!(huge.stats().total, (page / 4096).min(1000));
    let slab = huge.pin_slabs().iovecs()[0];
    assert_eq!((slab.ptr.addr() % page, slab.len % page), (0, 0));
    let blocks = all(&huge);
    assert_eq!(blocks.len(), 1000);
    assert!(blocks.iter().all(|block| block.as_full().iter().all(|b| *b == 0)));
    drop(blocks);
    assert_eq!(huge.trim(0), 1000);
}

#[test]
fn a_node_is_a_wish_like_any_other() {
    let builder = BlockPool::builder().max_blocks(4);
    assert!(builder.clone().node(12_345, Demand::Require).build().is_err());
    let elsewhere = builder.clone().node(12_345, Demand::Prefer).build().unwrap();
    assert_eq!(elsewhere.effective().node, None);
    elsewhere.try_acquire().unwrap().as_full_mut().fill(1);
    if let Ok(bound) = builder.node(0, Demand::Require).build() {
        assert_eq!(bound.effective().node, Some(0));
        bound.try_acquire().unwrap().as_full_mut().fill(1);
    }
}

#[test]
fn each_slab_has_the_policy_and_what_all_obtained_is_told() {
    let Ok(MemPolicy::Default) = thread_policy() else { return eprintln!("skipped: no policies here") };
    let policy = MemPolicy::Interleave(Topology::detect().unwrap().allowed_nodes().clone());
    let builder = BlockPool::builder().max_blocks(8).slab_blocks(4);
    let pool = builder.clone().memory(policy.clone(), Demand::Require).build().unwrap();
    for _ in 0..2 {
        let blocks = all(&pool);
        assert!(blocks.iter().all(|block| region_policy(block.as_full()).unwrap() == policy));
        assert_eq!(pool.effective().policy.as_ref(), Some(&policy));
        assert!(!pool.effective().nodes.is_empty());
        // Its memory goes, and comes anew by the policy.
        drop(blocks);
        assert_eq!(pool.trim(0), 8);
    }
    let beside = pool.try_acquire_at_least(1 << 20).unwrap();
    assert_eq!(region_policy(beside.as_full()).unwrap(), policy);
    // The last call counts.
    let both = builder.memory(policy, Demand::Require).node(1023, Demand::Prefer).build().unwrap();
    assert_eq!(both.effective().policy, None);
}
