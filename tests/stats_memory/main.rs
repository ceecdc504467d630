//! What counters and histograms allocate. A process of its own with one test, because the figures are the process's.
#![cfg(feature = "stats")]
#![allow(unsafe_code)] // An allocator that counts.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bedplate::stats::{Counter, Histogram};

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all is done by the system's allocator, under the same contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs `work` in `threads` threads that are alive at the same time, and waits until they have ended for good: a scope
/// alone would not wait for their thread-locals.
fn together(threads: usize, work: impl Fn() + Sync) {
    let all = Barrier::new(threads);
    let run = || {
        work();
        all.wait();
    };
    thread::scope(|s| {
        let started: Vec<_> = (0..threads).map(|_| s.spawn(run)).collect();
        started.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// The bytes that `make` leaves allocated, and what it made.
fn left<T>(make: impl FnOnce() -> T) -> (usize, T) {
    let before = LIVE.load(Ordering::Relaxed);
    let made = make();
    (LIVE.load(Ordering::Relaxed) - before, made)
}

/// Room for what the system and the test take beside: less than a table.
const SLACK: usize = 64 << 10;
/// A table of the default options: the 134 KiB that `Histogram` tells.
const TABLE: usize = 8 * 17_224;

#[test]
fn memory_is_that_of_the_threads_at_one_moment() {
    let (bytes, counter) = left(Counter::new);
    let cells = bytes / size_of_val(&bedplate::sync::CachePadded::new(0u64));
    // What `Counter` says of 1 to 256 CPUs.
    let cpus = thread::available_parallelism().unwrap().get();
    assert!((6..=320).contains(&cells) && (cells <= 80 || cells <= 2 * cpus), "{cells} cells on {cpus} CPUs");

    let (empty, histogram) = left(Histogram::new);
    assert!(empty <= bytes, "a histogram nobody recorded in has no table: {empty} bytes");

    let record = || {
        counter.add(1);
        (0..100).for_each(|n| histogram.record(1 << (n % 40)));
    };
    let (of_three, ()) = left(|| together(3, record));
    assert!((3 * TABLE..3 * TABLE + SLACK).contains(&of_three), "{of_three} bytes for 3 threads");
    let (grown, ()) = left(|| (0..400).for_each(|_| together(3, record)));
    assert!(grown < SLACK, "{grown} bytes more after 1,200 threads of which 3 lived at one moment");

    // More threads than tables, at one moment, twice.
    let (of_many, ()) = left(|| together(cells + 20, record));
    let most = cells * TABLE - of_three;
    assert!((most - SLACK..most + SLACK).contains(&of_many), "{of_many} bytes for {} threads", cells + 20);
    let (grown, ()) = left(|| together(cells + 20, record));
    assert!(grown < SLACK, "{grown} bytes more for as many threads");

    let threads = (3 * 401 + 2 * (cells + 20)) as u64;
    assert_eq!((counter.get(), histogram.snapshot().count()), (threads, 100 * threads));
}
