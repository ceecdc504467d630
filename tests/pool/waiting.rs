//! Who waits, who is woken, and by what. A manual clock tells when a thread has gone to sleep.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bedplate::pool::{AcquireError, ObjectPool, ObjectPoolBuilder, OwnedPooled, Recycle};
use bedplate::time::{Clock, Deadline, Instant, Manual};

const HOUR: Duration = Duration::from_secs(3600);

fn until_asleep(time: &Manual, threads: usize) {
    while time.sleepers() != threads {
        thread::yield_now();
    }
}

fn numbers(time: &Manual) -> ObjectPoolBuilder<u32> {
    ObjectPool::builder(|| 0).max(1).clock(Clock::from(time.clone()))
}

/// One thread waits on a pool of one whose object is out; then `free` ends that. The waiter must get an object.
fn a_waiter_is_served(pool: &ObjectPool<u32>, time: &Manual, free: impl FnOnce(OwnedPooled<u32>)) {
    let held = pool.try_acquire_owned().unwrap();
    thread::scope(|s| {
        let waiter = s.spawn(|| pool.acquire_timeout(HOUR).map(drop));
        until_asleep(time, 1);
        free(held);
        waiter.join().unwrap().unwrap();
    });
    assert_eq!(pool.stats().waits, 1);
}

#[test]
fn a_release_serves_a_waiter() {
    let time = Manual::new();
    a_waiter_is_served(&numbers(&time).build(), &time, drop);
}

#[test]
fn a_discard_serves_a_waiter() {
    let time = Manual::new();
    a_waiter_is_served(&numbers(&time).recycle(|_| Recycle::Discard).build(), &time, drop);
}

#[test]
fn a_detach_serves_a_waiter() {
    let time = Manual::new();
    a_waiter_is_served(&numbers(&time).build(), &time, |guard| {
        let _ = OwnedPooled::detach(guard);
    });
}

#[test]
fn a_panic_in_the_hook_serves_a_waiter() {
    let time = Manual::new();
    let pool = numbers(&time).recycle(|n| if *n == 9 { panic!("nine") } else { Recycle::Keep }).build();
    a_waiter_is_served(&pool, &time, |mut guard| {
        *guard = 9;
        thread::scope(|s| s.spawn(|| drop(guard)).join().unwrap_err());
    });
}

#[test]
fn without_a_release_the_deadline_ends_the_wait() {
    let time = Manual::new();
    let pool = numbers(&time).build();
    let held = pool.try_acquire().unwrap();
    thread::scope(|s| {
        let waiter = s.spawn(|| pool.acquire_timeout(HOUR).map(drop));
        until_asleep(&time, 1);
        time.advance(HOUR - Duration::from_nanos(1));
        until_asleep(&time, 1);
        assert!(!waiter.is_finished());
        time.advance(Duration::from_nanos(1));
        assert!(matches!(waiter.join().unwrap(), Err(AcquireError::Timeout)));
    });
    let past = pool.acquire_deadline(Deadline::at(Instant::from_nanos(0)));
    assert!(matches!(past, Err(AcquireError::Timeout)));
    let owned = pool.acquire_owned_timeout(Duration::ZERO);
    assert!(matches!(owned, Err(AcquireError::Timeout)));
    drop(held);
    drop(pool.acquire_deadline(Deadline::at(Instant::from_nanos(0))).expect("an idle object needs no wait"));
}

#[test]
fn one_object_wakes_one_waiter_and_each_in_its_turn() {
    const WAITERS: usize = 4;
    let time = Manual::new();
    let pool = numbers(&time).build();
    let held = pool.try_acquire().unwrap();
    thread::scope(|s| {
        let (got, served) = mpsc::channel();
        for i in 0..WAITERS {
            let (pool, got) = (&pool, got.clone());
            s.spawn(move || got.send((i, pool.acquire_owned_timeout(HOUR))).unwrap());
            until_asleep(&time, i + 1);
        }
        drop(held);
        for i in 0..WAITERS {
            let (who, guard) = served.recv().unwrap();
            assert_eq!(who, i, "first come, first served while nobody else asks");
            // The others sleep on: nobody was woken beside the one that was served.
            assert_eq!(time.sleepers(), WAITERS - 1 - i);
            assert!(served.try_recv().is_err());
            drop(guard.unwrap());
        }
    });
    assert_eq!(pool.stats().waits, WAITERS as u64);
    assert_eq!(pool.stats().created, 1);
}

#[test]
fn closing_wakes_all_who_wait() {
    let time = Manual::new();
    let pool = numbers(&time).build();
    let _held = pool.try_acquire().unwrap();
    thread::scope(|s| {
        let waiters: Vec<_> = (0..3).map(|_| s.spawn(|| pool.acquire_timeout(HOUR).map(drop))).collect();
        until_asleep(&time, 3);
        pool.close();
        for waiter in waiters {
            assert!(matches!(waiter.join().unwrap(), Err(AcquireError::Closed)));
        }
    });
}

/// While the only place is held by a creation that fails at last, another thread waits for it.
fn a_failed_creation_serves_a_waiter(fail: fn() -> Result<u32, Box<dyn std::error::Error + Send + Sync>>) {
    let time = Manual::new();
    let (begun, creating) = mpsc::channel();
    let (go, going) = mpsc::channel::<()>();
    // The first creation announces itself, waits for the word, and fails.
    let first = std::sync::Mutex::new(Some((begun, going)));
    let create = move || {
        let Some((begun, going)) = first.lock().unwrap().take() else { return Ok(1) };
        begun.send(()).unwrap();
        going.recv().unwrap();
        fail()
    };
    let pool = ObjectPool::try_builder(create).max(1).clock(Clock::from(time.clone())).build();
    thread::scope(|s| {
        let creator = s.spawn(|| pool.try_acquire().map(drop));
        creating.recv().unwrap();
        let waiter = s.spawn(|| pool.acquire_timeout(HOUR).map(|n| *n));
        until_asleep(&time, 1);
        go.send(()).unwrap();
        assert!(!matches!(creator.join(), Ok(Ok(()))));
        assert_eq!(waiter.join().unwrap().unwrap(), 1);
    });
    let stats = pool.stats();
    assert_eq!((stats.live, stats.idle, stats.created), (1, 1, 1));
}

#[test]
fn an_error_of_the_creation_serves_a_waiter() {
    a_failed_creation_serves_a_waiter(|| Err("refused".into()));
}

#[test]
fn a_panic_of_the_creation_serves_a_waiter() {
    a_failed_creation_serves_a_waiter(|| panic!("refused"));
}

#[test]
fn many_threads_on_few_objects_all_come_through() {
    let pool = ObjectPool::builder(|| 0u64).max(2).build();
    thread::scope(|s| {
        for _ in 0..6 {
            s.spawn(|| {
                for _ in 0..300 {
                    *pool.acquire().unwrap() += 1;
                }
            });
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.acquired, stats.in_use), (1_800, 0));
}
