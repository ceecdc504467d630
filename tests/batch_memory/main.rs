//! How often a batcher allocates. A process of its own with one test, because the figures are the process's.
#![cfg(feature = "batch")]
#![allow(unsafe_code)] // An allocator is unsafe to implement and to call.

use bedplate::batch::{Batcher, BatcherBuilder, Overflow};
use std::alloc::{GlobalAlloc, Layout, System};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// The system's allocator, which counts what all threads ask of it.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

#[global_allocator]
static GLOBAL: Counting = Counting;

// SAFETY: each call goes to `System` as it came, and its answer comes back as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Relaxed: a count.
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this function, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as `alloc`; `block` came from here, and so from `System`.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as `realloc`.
        unsafe { System.dealloc(block, layout) }
    }
}

const ITEMS: u64 = 256;
const ROUNDS: u64 = 100;

fn builder() -> BatcherBuilder<u64> {
    Batcher::builder().max_items(ITEMS as usize).linger(Duration::MAX)
}

/// Runs `round` until it is warm, and then as often as is counted: how often was allocated.
fn allocations(mut round: impl FnMut()) -> u64 {
    (0..20).for_each(|_| round());
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (0..ROUNDS).for_each(|_| round());
    ALLOCATIONS.load(Ordering::Relaxed) - before
}

/// What may happen for the first time late, such as that a thread has to wait.
const FEW: u64 = ROUNDS / 10;

/// Takes the vector itself, as a handler does that sends it on.
fn take(batch: &mut Vec<u64>) {
    assert_eq!(mem::take(batch).len() as u64, ITEMS);
}

fn clear(batch: &mut Vec<u64>) {
    batch.clear();
}

#[test]
fn a_batcher_that_is_warm_allocates_once_a_batch_at_most() {
    let batcher = builder().inline(clear);
    let inline = allocations(|| (0..ITEMS).for_each(|n| batcher.push(n).unwrap()));
    assert_eq!(inline, 0, "inline");

    let batcher = builder().inline(take);
    let taken = allocations(|| (0..ITEMS).for_each(|n| batcher.push(n).unwrap()));
    assert_eq!(taken, ROUNDS, "inline, the handler keeps the vector");

    let batcher = builder().on_failed(drop).inline(|_| {});
    let failed = allocations(|| (0..ITEMS).for_each(|n| batcher.push(n).unwrap()));
    assert_eq!(failed, ROUNDS, "inline, all items fail");

    let batcher = builder().spawn("clear", clear).unwrap();
    let thread = allocations(|| {
        (0..ITEMS).for_each(|n| batcher.push(n).unwrap());
        batcher.flush().unwrap();
    });
    assert!(thread <= FEW, "with a thread: {thread}");

    let batcher = builder().spawn("take", take).unwrap();
    let taken = allocations(|| {
        (0..ITEMS).for_each(|n| batcher.push(n).unwrap());
        batcher.flush().unwrap();
    });
    assert!(taken <= ROUNDS + FEW, "with a thread, the handler keeps the vector: {taken}");

    let batcher = builder().spawn("staged", clear).unwrap();
    let mut producer = batcher.producer();
    let staged = allocations(|| {
        (0..ITEMS).for_each(|n| producer.push(n).unwrap());
        producer.flush().unwrap();
    });
    assert!(staged <= FEW, "staged: {staged}");

    let batcher = builder().spawn("bulk", clear).unwrap();
    let mut items: Vec<u64> = Vec::with_capacity(ITEMS as usize);
    let bulk = allocations(|| {
        items.extend(0..ITEMS);
        batcher.push_all(&mut items).unwrap();
        batcher.flush().unwrap();
    });
    assert!(bulk <= FEW, "many at once: {bulk}");

    // A full batcher whose oldest go: the handler is stuck in the first batch.
    let (open, opened) = mpsc::channel::<()>();
    let builder = builder().capacity(2 * ITEMS as usize).overflow(Overflow::DropOldest);
    let batcher = builder
        .spawn("oldest", move |batch| {
            let _ = opened.recv();
            batch.clear();
        })
        .unwrap();
    let dropped = allocations(|| (0..ITEMS).for_each(|n| batcher.push(n).unwrap()));
    assert!(dropped <= ROUNDS + FEW, "dropping the oldest: {dropped}");
    drop(open);
}
