//! A global allocator that refuses the threads that ask for it.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Refusing;

#[global_allocator]
static ALLOCATOR: Refusing = Refusing;

thread_local! {
    /// How many allocations of this thread still succeed. Const-initialised and without `Drop`: reading it allocates
    /// nothing.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    static REFUSED: Cell<usize> = const { Cell::new(0) };
}

fn granted() -> bool {
    match LEFT.get() {
        usize::MAX => true,
        0 => {
            REFUSED.set(REFUSED.get() + 1);
            false
        }
        left => {
            LEFT.set(left - 1);
            true
        }
    }
}

// SAFETY: every call goes to the system's allocator unchanged, or answers null, which the trait allows; `granted`
// neither allocates nor unwinds.
unsafe impl GlobalAlloc for Refusing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        if granted() { unsafe { System.alloc(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        if granted() { unsafe { System.alloc_zeroed(layout) } } else { std::ptr::null_mut() }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller's promises are passed on.
        if granted() { unsafe { System.realloc(block, layout, new_size) } } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(block, layout) }
    }
}

/// Runs `f` with all allocations of this thread refused but the first `granted`; tells how many were refused.
pub fn refusing_after<R>(granted: usize, f: impl FnOnce() -> R) -> (R, usize) {
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(usize::MAX);
        }
    }
    REFUSED.set(0);
    LEFT.set(granted);
    let restore = Restore;
    let result = f();
    drop(restore);
    (result, REFUSED.get())
}
