//! How often memory is asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bedplate::Demand;
use bedplate::io::{DirectFile, Uring};
use bedplate::pool::{Block, BlockPool};

/// Counts for each thread by itself, so that tests do not count each other's.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all calls go to the system's allocator as they are; the count allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations() -> u64 {
    COUNT.with(Cell::get)
}

#[test]
fn operations_on_one_buffer_ask_for_none() {
    const DEPTH: usize = 16;
    let mut ring: Uring<Block> = match Uring::builder().depth(DEPTH).build() {
        Ok(ring) => ring,
        Err(error) => return println!("skipped: {error}"),
    };
    let pool = BlockPool::builder().block_size(4096).max_blocks(DEPTH).build().unwrap();
    ring.register_pool(&pool).unwrap();
    let file = tempfile::tempfile().unwrap();
    let file = ring.register_file(DirectFile::try_from(file).unwrap()).unwrap();
    let off = DirectFile::options().read().direct(Demand::Off).open("/dev/zero").unwrap();
    let zero = ring.register_file(off).unwrap();
    let mut round = |n: usize| {
        for i in 0..n {
            if ring.in_flight() == DEPTH {
                ring.wait(1, None).unwrap();
            }
            while let Some(done) = ring.poll() {
                assert!(done.result.is_ok());
            }
            let mut block = pool.try_acquire().unwrap();
            let taken = match i % 4 {
                0 => ring.read(zero, block, 0),
                1 => ring.read_range(file, block, 0..512, 0),
                kind => {
                    block.set_len(4096);
                    let write = if kind == 2 { Uring::write } else { Uring::write_then_sync };
                    write(&mut ring, file, block, 0)
                }
            };
            assert!(taken.is_ok());
            ring.submit().unwrap();
        }
    };
    round(4 * DEPTH);
    let before = allocations();
    round(64 * DEPTH);
    assert_eq!(allocations() - before, 0);
}
