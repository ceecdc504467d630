//! Panics of user code, one at each place where the pool runs some, while another thread waits: the place is free, the waiter
//! is served, and what is not concerned stays.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bedplate::pool::{AcquireError, ObjectPool, ObjectPoolBuilder, OwnedPooled, Recycle};
use bedplate::time::{Clock, Manual};

const HOUR: Duration = Duration::from_secs(3600);

/// Where in the user's code the panic comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Nowhere,
    Create,
    Recycle,
    Validate,
    /// In the drop of an object that the hook discards.
    DropDiscarded,
    /// In the drop of an object that the check refuses.
    DropRefused,
    /// In the drop of an object for other reasons.
    Drop,
}

/// The user's code: announces itself where it is to panic, waits for the word, and panics. Once.
struct Script {
    at: Mutex<At>,
    reached: Sender<()>,
    go: Mutex<Receiver<()>>,
    living: AtomicUsize,
}

impl Script {
    fn run(&self, here: At) {
        let mut at = self.at.lock().unwrap();
        if *at == here {
            *at = At::Nowhere;
            drop(at);
            self.reached.send(()).unwrap();
            self.go.lock().unwrap().recv().unwrap();
            panic!("as told: {here:?}");
        }
    }

    fn is(&self, at: At) -> bool {
        *self.at.lock().unwrap() == at
    }
}

struct Object(Arc<Script>);

impl Drop for Object {
    fn drop(&mut self) {
        self.0.living.fetch_sub(1, Ordering::SeqCst);
        for at in [At::DropDiscarded, At::DropRefused, At::Drop] {
            self.0.run(at);
        }
    }
}

/// What the test has of it.
struct Stage {
    script: Arc<Script>,
    reached: Receiver<()>,
    go: Sender<()>,
    time: Manual,
}

fn stage(max: usize) -> (ObjectPoolBuilder<Object>, Stage) {
    let (reached, is_reached) = mpsc::channel();
    let (go, gone) = mpsc::channel();
    let living = AtomicUsize::new(0);
    let script = Arc::new(Script { at: Mutex::new(At::Nowhere), reached, go: Mutex::new(gone), living });
    let time = Manual::new();
    let (creates, recycles, validates) = (Arc::clone(&script), Arc::clone(&script), Arc::clone(&script));
    let create = move || {
        creates.run(At::Create);
        assert!(creates.living.fetch_add(1, Ordering::SeqCst) < max);
        Object(Arc::clone(&creates))
    };
    let builder = ObjectPool::builder(create)
        .max(max)
        .idle_timeout(HOUR)
        .clock(Clock::from(time.clone()))
        .recycle(move |_| {
            recycles.run(At::Recycle);
            if recycles.is(At::DropDiscarded) { Recycle::Discard } else { Recycle::Keep }
        })
        .validate(move |_| {
            validates.run(At::Validate);
            !validates.is(At::DropRefused)
        });
    (builder, Stage { script, reached: is_reached, go, time })
}

/// One thread does `provoke`, which runs into the panic at `at` while the only place of the pool is taken; another waits for
/// it, and must get an object.
fn a_waiter_is_served(
    at: At,
    idle: bool,
    provoke: impl FnOnce(&ObjectPool<Object>, Option<OwnedPooled<Object>>) + Send,
) {
    let (pool, stage) = stage(1);
    let pool = pool.build();
    let held = (at != At::Create).then(|| pool.acquire_owned().unwrap());
    let held = held.filter(|_| !idle);
    *stage.script.at.lock().unwrap() = at;
    thread::scope(|s| {
        let provoker = s.spawn(|| provoke(&pool, held));
        stage.reached.recv().unwrap();
        let waiter = s.spawn(|| pool.acquire_timeout(HOUR).map(drop));
        while stage.time.sleepers() == 0 {
            thread::yield_now();
        }
        stage.go.send(()).unwrap();
        provoker.join().unwrap_err();
        waiter.join().unwrap().unwrap();
    });
    let stats = pool.stats();
    assert_eq!((stats.live, stats.idle, stats.waits), (1, 1, 1), "{at:?}");
    assert_eq!(stage.script.living.load(Ordering::SeqCst), 1);
    assert_eq!(stats.created, stats.live as u64 + stats.discarded, "{at:?}");
    drop(pool.try_acquire().unwrap());
}

#[test]
fn a_panic_in_a_creation_serves_the_waiter() {
    a_waiter_is_served(At::Create, false, |pool, _| drop(pool.try_acquire()));
    a_waiter_is_served(At::Create, false, |pool, _| drop(pool.acquire_owned()));
    a_waiter_is_served(At::Create, false, |pool, _| drop(pool.warm(1)));
}

#[test]
fn a_panic_in_the_recycle_hook_serves_the_waiter() {
    a_waiter_is_served(At::Recycle, false, |_, held| drop(held));
}

#[test]
fn a_panic_in_the_check_serves_the_waiter() {
    a_waiter_is_served(At::Validate, true, |pool, _| drop(pool.try_acquire()));
    a_waiter_is_served(At::Validate, true, |pool, _| drop(pool.acquire_owned()));
}

#[test]
fn a_panic_in_the_drop_of_an_object_serves_the_waiter() {
    a_waiter_is_served(At::DropDiscarded, false, |_, held| drop(held));
    a_waiter_is_served(At::DropRefused, true, |pool, _| drop(pool.try_acquire()));
    a_waiter_is_served(At::Drop, true, |pool, _| assert_eq!(pool.trim(0), 1));
}

/// Of many that are given back at once, the place of the one that panics and all the others are free.
#[test]
fn a_panic_among_many_serves_the_waiters() {
    let (pool, stage) = stage(3);
    let pool = pool.build();
    let mut many = Vec::new();
    assert_eq!(pool.try_acquire_many(3, &mut many).unwrap(), 3);
    *stage.script.at.lock().unwrap() = At::Recycle;
    thread::scope(|s| {
        let giver = s.spawn(|| pool.release_many(&mut many));
        stage.reached.recv().unwrap();
        let waiters: Vec<_> = (0..3).map(|_| s.spawn(|| pool.acquire_owned_timeout(HOUR).unwrap())).collect();
        while stage.time.sleepers() != 3 {
            thread::yield_now();
        }
        stage.go.send(()).unwrap();
        giver.join().unwrap_err();
        let all: Vec<_> = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
        assert_eq!(all.len(), 3);
    });
    assert!(many.is_empty());
    assert_eq!((pool.stats().live, pool.stats().discarded), (3, 1));
}

/// A creation that panics among many keeps none of the others.
#[test]
fn a_panic_while_many_are_made_gives_back_what_was_taken() {
    let (pool, stage) = stage(3);
    let pool = pool.build();
    drop(pool.acquire().unwrap());
    *stage.script.at.lock().unwrap() = At::Create;
    stage.go.send(()).unwrap();
    let mut many = Vec::new();
    catch_unwind(AssertUnwindSafe(|| pool.try_acquire_many(3, &mut many).map(drop))).unwrap_err();
    drop(many);
    assert_eq!((pool.stats().live, pool.stats().in_use), (1, 0));
    assert_eq!(pool.warm(3).unwrap(), 2);
}

/// The check runs for a thread that waits too: the place that its panic frees is the next one's.
#[test]
fn a_panic_in_the_check_of_one_waiter_serves_the_next() {
    let (pool, stage) = stage(1);
    let pool = pool.build();
    let held = pool.acquire_owned().unwrap();
    *stage.script.at.lock().unwrap() = At::Validate;
    thread::scope(|s| {
        let first = s.spawn(|| pool.acquire_timeout(HOUR).map(drop));
        while stage.time.sleepers() == 0 {
            thread::yield_now();
        }
        drop(held);
        stage.reached.recv().unwrap();
        let second = s.spawn(|| pool.acquire_timeout(HOUR).map(drop));
        while stage.time.sleepers() == 0 {
            thread::yield_now();
        }
        stage.go.send(()).unwrap();
        first.join().unwrap_err();
        second.join().unwrap().unwrap();
    });
    assert_eq!((pool.stats().created, pool.stats().discarded), (2, 1));
}

/// Panics when dropped, if told to, and counts itself.
struct Bomb {
    armed: Arc<AtomicBool>,
    living: Arc<AtomicUsize>,
    number: usize,
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::SeqCst);
        assert!(!(self.number == 1 && self.armed.swap(false, Ordering::SeqCst)), "armed");
    }
}

/// Three idle objects, of which the second panics when it is dropped.
fn bombs() -> (ObjectPool<Bomb>, Arc<AtomicUsize>, Manual) {
    let living = Arc::new(AtomicUsize::new(0));
    let (count, armed, next) = (Arc::clone(&living), Arc::new(AtomicBool::new(true)), AtomicUsize::new(0));
    let create = move || {
        count.fetch_add(1, Ordering::SeqCst);
        let number = next.fetch_add(1, Ordering::Relaxed);
        Bomb { armed: Arc::clone(&armed), living: Arc::clone(&count), number }
    };
    let time = Manual::new();
    let pool = ObjectPool::builder(create).max(3).clock(Clock::from(time.clone())).idle_timeout(HOUR).build();
    drop([pool.try_acquire().unwrap(), pool.try_acquire().unwrap(), pool.try_acquire().unwrap()]);
    (pool, living, time)
}

/// Whether the pool's own memory is gone: its hook owned a count of `living`, each object another.
fn is_freed(living: &Arc<AtomicUsize>) -> bool {
    Arc::strong_count(living) == 1
}

#[test]
fn one_object_that_panics_keeps_none_of_the_others() {
    for what in 0..5 {
        let (pool, living, time) = bombs();
        assert_eq!(living.load(Ordering::SeqCst), 3);
        let other = pool.clone();
        let panicked = match what {
            0 => catch_unwind(AssertUnwindSafe(|| {
                let _ = pool.trim(0);
            })),
            1 => catch_unwind(AssertUnwindSafe(|| pool.close())),
            4 => {
                // The first period finds what the magazine held.
                time.advance(HOUR);
                assert_eq!(pool.evict_idle(), 0);
                time.advance(HOUR);
                catch_unwind(AssertUnwindSafe(|| {
                    pool.evict_idle();
                }))
            }
            2 => {
                drop(other);
                catch_unwind(AssertUnwindSafe(|| drop(pool))).unwrap_err();
                assert_eq!(living.load(Ordering::SeqCst), 0);
                assert!(is_freed(&living));
                continue;
            }
            3 => {
                let guards =
                    [pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap()];
                drop((pool, other));
                for guard in guards {
                    let armed = guard.number == 1;
                    assert_eq!(catch_unwind(AssertUnwindSafe(|| drop(guard))).is_err(), armed);
                }
                assert_eq!(living.load(Ordering::SeqCst), 0);
                assert!(is_freed(&living));
                continue;
            }
            _ => unreachable!(),
        };
        panicked.unwrap_err();
        assert_eq!(living.load(Ordering::SeqCst), 0);
        let stats = pool.stats();
        assert_eq!((stats.live, stats.idle, stats.discarded), (0, 0, 3));
        match what {
            0 | 4 => drop([pool.try_acquire().unwrap(), pool.try_acquire().unwrap(), pool.try_acquire().unwrap()]),
            _ => assert!(matches!(pool.try_acquire(), Err(AcquireError::Closed))),
        }
        drop((pool, other));
        assert!(is_freed(&living));
    }
}

/// The last guard of a pool without a handle, and its hook or its object panics: all is freed nevertheless.
#[test]
fn a_panic_at_the_very_end_leaks_nothing() {
    for at in [At::Recycle, At::DropDiscarded, At::Drop] {
        let (pool, stage) = stage(1);
        let pool = pool.build();
        let last = pool.acquire_owned().unwrap();
        drop(pool);
        *stage.script.at.lock().unwrap() = at;
        stage.go.send(()).unwrap();
        catch_unwind(AssertUnwindSafe(|| drop(last))).unwrap_err();
        assert_eq!(stage.script.living.load(Ordering::SeqCst), 0, "{at:?}");
        assert_eq!(Arc::strong_count(&stage.script), 1, "{at:?}: the hooks are gone");
    }
}

/// What the check refuses is dropped, and the next idle object is tried before a new one is made.
#[test]
fn each_idle_object_is_checked_before_one_is_made() {
    let next = AtomicUsize::new(0);
    let good = Arc::new(AtomicUsize::new(0));
    let least = Arc::clone(&good);
    let pool = ObjectPool::builder(move || next.fetch_add(1, Ordering::Relaxed))
        .validate(move |n| *n >= least.load(Ordering::Relaxed))
        .build();
    let all: Vec<_> = (0..100).map(|_| pool.try_acquire().unwrap()).collect();
    // The last made lies lowest, and is the only good one.
    all.into_iter().rev().for_each(drop);
    good.store(99, Ordering::Relaxed);
    assert_eq!(*pool.try_acquire().unwrap(), 99);
    let stats = pool.stats();
    assert_eq!((stats.created, stats.discarded, stats.live), (100, 99, 1));
    assert_eq!(stats.acquired, 101, "those that were refused were not given out");
}
