//! The kernel refuses: limits on addresses and on memory leave no room for a pool, another slab, or a large block.

use std::fs;
use std::io;
use std::mem::MaybeUninit;

use bedplate::pool::{AcquireError, Block, BlockPool};

/// Half of it is left under the limits: plenty for the stacks and the heap of the threads beside this one. Nothing
/// touches the memory.
const SLAB: usize = 1 << 30;
const BLOCK: usize = 2 << 20;

/// Field `at` of `/proc/self/statm`, in bytes: 0 is all addresses, 5 is memory that may be written, stacks among it.
fn in_use(at: usize) -> u64 {
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    // SAFETY: sysconf reads a constant.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages.split(' ').nth(at).unwrap().parse::<u64>().unwrap() * page as u64
}

/// Runs `f` with at most `more` bytes beyond those in use of what `resource` limits.
fn with_limit<R>(resource: libc::__rlimit_resource_t, more: usize, f: impl FnOnce() -> R) -> R {
    struct Restore(libc::__rlimit_resource_t, libc::rlimit);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the limit is one that stood before.
            assert_eq!(unsafe { libc::setrlimit(self.0, &self.1) }, 0);
        }
    }
    let mut before = MaybeUninit::uninit();
    // SAFETY: the call fills the struct it is given; it is read only where the call succeeded.
    let before = unsafe {
        assert_eq!(libc::getrlimit(resource, before.as_mut_ptr()), 0);
        before.assume_init()
    };
    let used = in_use(if resource == libc::RLIMIT_AS { 0 } else { 5 });
    let limit = libc::rlimit { rlim_cur: used + more as u64, ..before };
    let restore = Restore(resource, before);
    // SAFETY: only allocations can fail for it, and every user of one in this process handles that or aborts.
    assert_eq!(unsafe { libc::setrlimit(resource, &limit) }, 0);
    let result = f();
    drop(restore);
    result
}

fn is_refusal(error: &AcquireError) -> bool {
    let AcquireError::Create(source) = error else { return false };
    source.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::OutOfMemory)
}

/// The kernel counts the slabs of a pool as memory when they are added, and its addresses when it is built.
#[test]
fn a_refused_slab_is_an_error_and_loses_nothing() {
    let slab_blocks = SLAB / BLOCK;
    let builder = BlockPool::builder().block_size(BLOCK).slab_blocks(slab_blocks).max_blocks(2 * slab_blocks);
    let pool = builder.clone().build().unwrap();
    let mut blocks: Vec<Block> = (0..slab_blocks).map(|_| pool.try_acquire().unwrap()).collect();

    with_limit(libc::RLIMIT_DATA, SLAB / 2, || {
        assert!(is_refusal(&pool.try_acquire().unwrap_err()));
        assert!(is_refusal(&pool.acquire().unwrap_err()));
        let mut none = Vec::new();
        assert!(is_refusal(&pool.try_acquire_many(2, &mut none).unwrap_err()));
        assert!(is_refusal(&pool.try_acquire_at_least(SLAB).unwrap_err()));
        assert_eq!(builder.clone().build().unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        // What the pool has still goes round, and as many come as there are.
        blocks.truncate(slab_blocks - 2);
        assert_eq!(pool.try_acquire_many(5, &mut blocks).unwrap(), 2);
        drop(blocks.pop());
        blocks.push(pool.acquire().unwrap());
    });
    let stats = pool.stats();
    assert_eq!((stats.total, stats.slabs, stats.grown, stats.bypassed), (slab_blocks, 1, 0, 0));

    // Of addresses only what bypasses the pool, and another pool, needs more.
    with_limit(libc::RLIMIT_AS, SLAB / 2, || {
        assert!(is_refusal(&pool.try_acquire_at_least(SLAB).unwrap_err()));
        assert_eq!(builder.build().unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        blocks.extend((0..slab_blocks).map(|_| pool.try_acquire().unwrap()));
    });
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    assert_eq!((pool.stats().total, pool.stats().slabs, pool.stats().grown), (2 * slab_blocks, 2, 1));

    // A trim gives the charge back, and not only the pages.
    drop(blocks);
    let before = in_use(5);
    assert_eq!(pool.trim(0), 2 * slab_blocks);
    assert!(in_use(5) + 2 * SLAB as u64 <= before);
}
