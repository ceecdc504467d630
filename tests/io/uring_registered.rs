//! Memory that the kernel keeps.

use bedplate::Demand;
use bedplate::io::Uring;
use bedplate::pool::{Block, BlockPool};
use tempfile::tempdir;

use super::places::pattern;
use super::uring_support::{direct, next, one, ring_of};

fn pool(slabs: usize) -> BlockPool {
    BlockPool::builder().block_size(4096).slab_blocks(4).max_blocks(4 * slabs).build().unwrap()
}

#[test]
fn a_pool_that_grows_is_registered_as_it_is_met() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let text = pattern(64 << 10);
    std::fs::write(&path, &text).unwrap();
    let Some(mut ring) = ring_of::<Block>(Uring::builder().depth(32)) else { return };
    let (one_pool, other, stranger) = (pool(3), pool(2), pool(2));
    if !ring.register_pool(&one_pool).unwrap() || !ring.register_pool(&other).unwrap() {
        return println!("skipped: the kernel registers no memory here");
    }
    assert!(ring.register_pool(&one_pool).unwrap(), "again is no harm");
    assert_eq!(ring.effective().slabs, 2);
    let file = ring.register_file(direct(&path)).unwrap();
    let (mut at, mut held) = (0, Vec::new());
    let mut read = |ring: &mut Uring, block: Block| {
        at = (at + 4096) % (32 << 10);
        let len = block.capacity();
        ring.read(file, block, at as u64).unwrap();
        let (n, block) = one(next(ring));
        assert_eq!(n.unwrap(), len);
        assert_eq!(*block, text[at..at + len]);
        held.push(block); // so that the next block is another
    };
    for _ in 0..12 {
        read(&mut ring, one_pool.try_acquire().unwrap());
    }
    assert_eq!((ring.stats().fixed, ring.effective().slabs), (12, 4), "all three slabs and the other pool's");
    for _ in 0..8 {
        read(&mut ring, other.try_acquire().unwrap());
        read(&mut ring, stranger.try_acquire().unwrap());
        // A mapping of its own, though a registered pool's.
        read(&mut ring, other.try_acquire_at_least(4097).unwrap());
    }
    let stats = ring.stats();
    assert_eq!((stats.fixed, ring.effective().slabs), (20, 5), "blocks of no registered pool go as they are");
    // What is registered is held, and not any more when the ring is gone.
    assert_eq!((one_pool.stats().pinned, other.stats().pinned), (3, 2));
    drop(ring);
    assert_eq!((one_pool.stats().pinned, other.stats().pinned), (0, 0));
}

/// Whichever of two pools was registered first, and lies above the other.
#[test]
fn a_pool_is_found_behind_another() {
    let dir = tempdir().unwrap();
    let mut pools = [pool(2), pool(2)];
    let address = |pool: &BlockPool| pool.try_acquire().unwrap().as_full().as_ptr().addr();
    pools.sort_by_key(address);
    for reversed in [false, true] {
        let Some(mut ring) = ring_of::<Block>(Uring::builder()) else { return };
        if reversed {
            pools.reverse();
        }
        if !ring.register_pool(&pools[0]).unwrap() || !ring.register_pool(&pools[1]).unwrap() {
            return println!("skipped: the kernel registers no memory here");
        }
        let file = ring.register_file(direct(&dir.path().join("f"))).unwrap();
        let mut held = Vec::new();
        for pool in pools.iter().rev() {
            for _ in 0..8 {
                ring.read(file, pool.try_acquire().unwrap(), 0).unwrap();
                held.push(one(next(&mut ring)).1);
            }
        }
        assert_eq!((ring.stats().fixed, ring.effective().slabs), (16, 4));
    }
}

/// A pool may have no memory at all when it is registered, and some when its blocks are met.
#[test]
fn a_pool_that_was_trimmed_to_nothing_is_met_later() {
    let dir = tempdir().unwrap();
    let Some(mut ring) = ring_of::<Block>(Uring::builder()) else { return };
    let pool = pool(3);
    assert!(pool.trim(0) > 0);
    if !ring.register_pool(&pool).unwrap() {
        return println!("skipped: the kernel registers no memory here");
    }
    assert_eq!(ring.effective().slabs, 0);
    let file = ring.register_file(direct(&dir.path().join("f"))).unwrap();
    let mut held = Vec::new();
    for _ in 0..12 {
        ring.read(file, pool.try_acquire().unwrap(), 0).unwrap();
        held.push(one(next(&mut ring)).1);
    }
    assert_eq!((ring.effective().slabs, ring.stats().fixed), (3, 12));
    // Known by now, it is the same pool when it is registered again, with what it has then.
    assert!(ring.register_pool(&pool).unwrap());
    assert_eq!(ring.effective().slabs, 3);
}

#[test]
fn a_pool_that_grew_is_registered_whole_when_it_is_registered_again() {
    let Some(mut ring) = ring_of::<Block>(Uring::builder()) else { return };
    let pool = pool(3);
    if !ring.register_pool(&pool).unwrap() {
        return println!("skipped: the kernel registers no memory here");
    }
    let held: Vec<_> = (0..12).map(|_| pool.try_acquire().unwrap()).collect();
    assert_eq!(ring.effective().slabs, 1);
    assert!(ring.register_pool(&pool).unwrap());
    assert_eq!((ring.effective().slabs, held.len()), (3, 12));
}

#[test]
fn writes_go_from_registered_memory() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("f");
    let Some(mut ring) = ring_of::<Block>(Uring::builder()) else { return };
    let pool = pool(1);
    if !ring.register_pool(&pool).unwrap() {
        return println!("skipped: the kernel registers no memory here");
    }
    let file = ring.register_file(direct(&path)).unwrap();
    let text = pattern(4096);
    let block = || {
        let mut block = pool.try_acquire().unwrap();
        block.as_full_mut().copy_from_slice(&text);
        block.set_len(4096);
        block
    };
    ring.write(file, block(), 0).unwrap();
    ring.write_durable(file, block(), 4096).unwrap();
    ring.write_then_sync(file, block(), 8192).unwrap();
    ring.write_range(file, block(), 0..4096, 12288).unwrap();
    assert_eq!(ring.wait(4, None).unwrap(), 4);
    while let Some(done) = ring.poll() {
        assert_eq!(done.result.unwrap(), 4096);
    }
    assert!(std::fs::read(&path).unwrap() == text.repeat(4));
    assert_eq!(ring.stats().fixed, 4);
}

#[test]
fn nothing_is_registered_where_it_is_not_wanted() {
    let Some(mut ring) = ring_of::<Block>(Uring::builder().registered(Demand::Off)) else { return };
    let pool = pool(1);
    assert!(!ring.register_pool(&pool).unwrap());
    assert_eq!((pool.stats().pinned, ring.effective().slabs, ring.effective().files), (0, 0, false));
}

/// io_uring takes 1 GiB in one piece.
#[test]
fn a_slab_that_is_too_large_goes_unregistered() {
    let pool = BlockPool::builder().block_size(1 << 20).slab_blocks(1025).max_blocks(1025).build().unwrap();
    let Some(mut ring) = ring_of::<Block>(Uring::builder()) else { return };
    assert!(!ring.register_pool(&pool).unwrap());
    let dir = tempdir().unwrap();
    let file = ring.register_file(direct(&dir.path().join("f"))).unwrap();
    ring.read(file, pool.try_acquire().unwrap(), 0).unwrap();
    assert_eq!(next(&mut ring).result.unwrap(), 0);
    assert_eq!(ring.stats().fixed, 0);
    let Some(mut strict) = ring_of::<Block>(Uring::builder().registered(Demand::Require)) else { return };
    assert!(strict.register_pool(&pool).is_err());
}
