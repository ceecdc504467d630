//! The kernel refuses: a limit on the address space leaves no room for another slab.

use std::fs;
use std::io;
use std::mem::MaybeUninit;

use bedplate::pool::{AcquireError, Block, BlockPool};

/// Half of it is left under the limit: plenty for the stacks and the heap of the threads beside this one. Nothing
/// touches the memory.
const SLAB: usize = 1 << 30;
const BLOCK: usize = 2 << 20;

fn address_space_in_use() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    // SAFETY: sysconf reads a constant.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.split(' ').next().unwrap().parse::<u64>().unwrap() * page as u64
}

/// Runs `f` with at most `more` bytes of address space beyond those in use.
fn with_address_space<R>(more: usize, f: impl FnOnce() -> R) -> R {
    struct Restore(libc::rlimit);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the limit is one that stood before.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &self.0) }, 0);
        }
    }
    let mut before = MaybeUninit::uninit();
    // SAFETY: the call fills the struct it is given; it is read only where the call succeeded.
    let before = unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_AS, before.as_mut_ptr()), 0);
        before.assume_init()
    };
    let limit = libc::rlimit { rlim_cur: address_space_in_use() + more as u64, ..before };
    let restore = Restore(before);
    // SAFETY: only allocations can fail for it, and every user of one in this process handles that or aborts.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
    let result = f();
    drop(restore);
    result
}

fn is_refusal(error: &AcquireError) -> bool {
    let AcquireError::Create(source) = error else { return false };
    source.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::OutOfMemory)
}

#[test]
fn a_refused_slab_is_an_error_and_loses_nothing() {
    let slab_blocks = SLAB / BLOCK;
    let builder = BlockPool::builder().block_size(BLOCK).slab_blocks(slab_blocks).max_blocks(2 * slab_blocks);
    let pool = builder.clone().build().unwrap();
    let mut blocks: Vec<Block> = (0..slab_blocks).map(|_| pool.try_acquire().unwrap()).collect();

    with_address_space(SLAB / 2, || {
        assert!(is_refusal(&pool.try_acquire().unwrap_err()));
        assert!(is_refusal(&pool.acquire().unwrap_err()));
        assert!(is_refusal(&pool.try_acquire_at_least(SLAB).unwrap_err()));
        assert_eq!(builder.build().unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        // What the pool has still goes round.
        drop(blocks.pop());
        blocks.push(pool.acquire().unwrap());
    });
    let stats = pool.stats();
    assert_eq!((stats.total, stats.slabs, stats.grown, stats.bypassed), (slab_blocks, 1, 0, 0));

    blocks.extend((0..slab_blocks).map(|_| pool.try_acquire().unwrap()));
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    assert_eq!((pool.stats().total, pool.stats().slabs, pool.stats().grown), (2 * slab_blocks, 2, 1));
}
