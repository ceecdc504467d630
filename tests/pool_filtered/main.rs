//! Pools in a process that may not call `membarrier`: from the start, or from some moment on. Each test runs in a process of its
//! own, which is this program called again, because a filter cannot be taken off.
#![cfg(all(feature = "pool", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![allow(unsafe_code)] // A filter of system calls cannot be set otherwise.

mod filter;
#[path = "../support/filter.rs"]
mod seccomp;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use bedplate::pool::{AcquireError, ObjectPool};
use filter::{On, has_membarrier, refuse_membarrier};

/// Set in the processes that are to be filtered.
const INSIDE: &str = "BEDPLATE_TEST_FILTERED";

/// Runs `test` in a process of its own, in which only the test of this name runs.
fn in_a_process_of_its_own(name: &str, test: fn()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let this = std::env::current_exe().unwrap();
    let status = Command::new(this).args(["--exact", name, "--nocapture"]).env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "{status}");
}

/// Puts the filter on, or tells that the test says nothing here.
fn filtered(on: On) -> bool {
    match refuse_membarrier(on) {
        Ok(()) => true,
        Err(error) => {
            println!("skipped: no filter of system calls can be put on here: {error}");
            false
        }
    }
}

/// An object that knows how many live, and whether two use it.
struct Watched {
    living: Arc<AtomicUsize>,
    in_use: AtomicBool,
}

impl Watched {
    fn pool(max: usize) -> (ObjectPool<Self>, Arc<AtomicUsize>) {
        let living = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&living);
        let create = move || {
            assert!(count.fetch_add(1, Ordering::SeqCst) < max, "one more than the bound");
            Self { living: Arc::clone(&count), in_use: AtomicBool::new(false) }
        };
        (ObjectPool::builder(create).max(max).build(), living)
    }

    fn touch(&self) {
        assert!(!self.in_use.swap(true, Ordering::Relaxed), "lent to two");
        thread::yield_now();
        self.in_use.store(false, Ordering::Relaxed);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        assert!(!self.in_use.load(Ordering::Relaxed), "dropped in use");
        self.living.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Threads that reach into each other's magazines, and trim.
fn threads_meet(pool: &ObjectPool<Watched>) {
    thread::scope(|s| {
        for thread in 0..4 {
            s.spawn(move || {
                for round in 0..500 {
                    let got = match round % 3 {
                        0 => pool.try_acquire(),
                        _ => pool.acquire_timeout(Duration::from_millis(1)),
                    };
                    match got {
                        Ok(object) => object.touch(),
                        Err(AcquireError::Exhausted | AcquireError::Timeout) => {}
                        Err(error) => panic!("{error}"),
                    }
                    if thread == 0 && round % 50 == 0 {
                        pool.trim(1);
                    }
                }
            });
        }
    });
}

/// A thread that holds what lies in its magazine, until it is told to give it to all.
struct Keeper {
    go: Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Keeper {
    /// Takes and gives back `n` objects, and lives on.
    fn of(pool: &ObjectPool<Watched>, n: usize) -> Self {
        let (go, gone) = mpsc::channel();
        let (put, is_put) = mpsc::channel();
        let pool = pool.clone();
        let thread = thread::spawn(move || {
            let all: Vec<_> = (0..n).map(|_| pool.try_acquire().unwrap()).collect();
            drop(all);
            put.send(()).unwrap();
            if gone.recv().is_err() {
                return;
            }
            // Comes to the pool once more, by which it brings what it has.
            drop(pool.acquire_timeout(Duration::from_secs(10)).unwrap());
        });
        is_put.recv().unwrap();
        Self { go, thread }
    }

    fn end(self) {
        self.go.send(()).unwrap();
        self.thread.join().unwrap();
    }
}

#[test]
fn from_the_start() {
    in_a_process_of_its_own("from_the_start", || {
        if !filtered(On::Everybody) {
            return;
        }
        let (pool, living) = Watched::pool(3);
        threads_meet(&pool);
        // Full fences on both sides: everything works, and all is found.
        let keeper = Keeper::of(&pool, 3);
        let all = [pool.try_acquire().unwrap(), pool.acquire().unwrap(), pool.acquire().unwrap()];
        assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
        drop(all);
        keeper.end();
        assert_eq!(pool.trim(0), 3);
        drop(pool);
        assert_eq!(living.load(Ordering::SeqCst), 0);
    });
}

/// Half-way the kernel refuses. What lies in another thread's magazine is out of reach until that comes to the pool again.
fn from_some_moment_on(on: On) {
    let (pool, living) = Watched::pool(3);
    let (ending, ending_living) = Watched::pool(2);
    let (busy, _) = Watched::pool(2);
    threads_meet(&busy);
    let keeper = Keeper::of(&pool, 3);
    let ending_keeper = Keeper::of(&ending, 2);
    let agreed_before = has_membarrier();
    if !filtered(on) {
        return;
    }
    // Nobody is given what may be in use, nobody makes one beyond the bound, nobody waits past the deadline.
    if agreed_before {
        assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
        let late = pool.acquire_timeout(Duration::from_millis(20));
        assert!(matches!(late, Err(AcquireError::Timeout)));
    }
    assert_eq!(living.load(Ordering::SeqCst), 3);
    // A waiter gets what the owner brings.
    thread::scope(|s| {
        let waiter = s.spawn(|| pool.acquire_timeout(Duration::from_secs(10)).map(|object| object.touch()));
        keeper.end();
        waiter.join().unwrap().unwrap();
    });
    // It brought all: nothing is lost.
    let all: Vec<_> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    drop(all);
    threads_meet(&pool);
    threads_meet(&busy);
    assert!(pool.trim(0) <= 3);
    let stats = pool.stats();
    assert_eq!((stats.live, stats.in_use), (living.load(Ordering::SeqCst), 0));
    drop(pool);
    assert_eq!(living.load(Ordering::SeqCst), 0);

    // A pool that ends while a thread that does not come again has idle objects: those are lost, and nothing else happens.
    ending.close();
    assert!(matches!(ending.acquire(), Err(AcquireError::Closed)));
    drop(ending);
    assert!(ending_living.load(Ordering::SeqCst) <= 2);
    drop(ending_keeper);
}

#[test]
fn from_some_moment_on_for_all_threads() {
    in_a_process_of_its_own("from_some_moment_on_for_all_threads", || from_some_moment_on(On::Everybody));
}

/// As in a program whose threads put themselves into sandboxes: others still may.
#[test]
fn from_some_moment_on_for_one_thread() {
    in_a_process_of_its_own("from_some_moment_on_for_one_thread", || from_some_moment_on(On::ThisThread));
}
