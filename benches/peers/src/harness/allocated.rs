//! How much memory something keeps, counted at the allocator.
#![allow(unsafe_code)] // An allocator is unsafe to implement and to call.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator; counts what a thread asks it for while that thread runs [`allocated`].
///
/// To all others it costs a load of a word of their own and a branch that is always the same.
struct Counting;

#[global_allocator]
static GLOBAL: Counting = Counting;

thread_local! {
    /// Bytes allocated less bytes freed, while they are counted. Without a destructor, so that it is there as long as
    /// its thread allocates.
    static LIVE: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Runs `make`: what it made, and how many bytes it allocated and did not free.
///
/// Bytes as asked for: what the allocator adds to round them up is not in them. Seen is what the calling thread does, so
/// `make` must leave nothing to other threads.
///
/// # Panics
///
/// Where `make` runs this too: the inner count would end the outer one.
pub fn allocated<T>(make: impl FnOnce() -> T) -> (T, i64) {
    /// Ends the count, though `make` panics.
    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            LIVE.set(None);
        }
    }
    assert_eq!(LIVE.get(), None, "this thread counts already");
    let _counted = Counted;
    LIVE.set(Some(0));
    let made = make();
    (made, LIVE.get().expect("counted until here"))
}

#[inline]
fn count(allocated: usize, freed: usize) {
    if let Some(live) = LIVE.get() {
        // No block is above `isize::MAX`.
        LIVE.set(Some(live + allocated as i64 - freed as i64));
    }
}

// SAFETY: each call goes to `System` as it came, and its answer comes back as it is. Counting allocates nothing and does
// not panic: the cell has no destructor, and the sums of sizes of blocks that exist stay far below `i64::MAX`.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract of this function, which is that of `System`.
        let block = unsafe { System.alloc(layout) };
        if !block.is_null() {
            count(layout.size(), 0);
        }
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as `alloc`.
        let block = unsafe { System.alloc_zeroed(layout) };
        if !block.is_null() {
            count(layout.size(), 0);
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as `alloc`; `block` came from here, and so from `System`.
        let moved = unsafe { System.realloc(block, layout, size) };
        if !moved.is_null() {
            count(size, layout.size());
        }
        moved
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as `realloc`.
        unsafe { System.dealloc(block, layout) };
        count(0, layout.size());
    }
}
