//! Bound, reuse, counts and ownership.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use bedplate::pool::{AcquireError, ObjectPool, OwnedPooled, Pooled, Recycle};

/// Counts itself while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn pool(max: usize) -> (ObjectPool<Self>, Arc<AtomicUsize>) {
        let living = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&living);
        let create = move || {
            count.fetch_add(1, Ordering::SeqCst);
            Self(Arc::clone(&count))
        };
        (ObjectPool::builder(create).max(max).build(), living)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn what_came_back_last_goes_out_first() {
    let pool = ObjectPool::builder(|| 0).max(3).build();
    let mut guards: Vec<_> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    for (i, guard) in guards.iter_mut().enumerate() {
        **guard = i;
    }
    drop(guards.remove(1));
    drop(guards.remove(0));
    assert_eq!(*pool.try_acquire().unwrap(), 0);
    let top = pool.try_acquire().unwrap();
    assert_eq!((*top, *pool.try_acquire().unwrap()), (0, 1));
}

#[test]
fn an_object_keeps_its_address() {
    let pool = ObjectPool::builder(|| [0u8; 100]).max(1).build();
    let guard = pool.acquire().unwrap();
    let address = guard.as_ptr();
    let moved = Box::new(guard);
    assert_eq!(moved.as_ptr(), address);
    drop(moved);
    assert_eq!(pool.acquire().unwrap().as_ptr(), address);
}

#[test]
fn objects_of_no_size_are_bounded_too() {
    let pool = ObjectPool::builder(|| ()).max(2).build();
    let _both = (pool.try_acquire().unwrap(), pool.try_acquire().unwrap());
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
}

#[test]
fn no_more_objects_live_than_the_bound_allows() {
    const MAX: usize = 3;
    let living = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&living);
    let most = Arc::new(AtomicUsize::new(0));
    let peak = Arc::clone(&most);
    let uses = AtomicUsize::new(0);
    let pool = ObjectPool::builder(move || {
        peak.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Counted(Arc::clone(&count))
    })
    .max(MAX)
    .recycle(
        move |_| if uses.fetch_add(1, Ordering::Relaxed).is_multiple_of(3) { Recycle::Discard } else { Recycle::Keep },
    )
    .build();
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for i in 0..500 {
                    let first = pool.acquire().unwrap();
                    match (pool.try_acquire(), i % 5) {
                        (Ok(second), 0) => drop(Pooled::detach(second)),
                        (Ok(_) | Err(AcquireError::Exhausted), _) => {}
                        (Err(e), _) => panic!("{e}"),
                    }
                    drop(first);
                    if i % 50 == 0 {
                        pool.trim(1);
                    }
                }
            });
        }
    });
    // A detached object lives on in its owner while another takes its place; there is at most one for each thread.
    assert!(most.load(Ordering::SeqCst) <= MAX + 4, "{most:?}");
    let stats = pool.stats();
    assert!(stats.high_water <= MAX && stats.live == stats.idle, "{stats:?}");
    assert_eq!(stats.created, stats.live as u64 + stats.discarded + stats.detached);
    assert_eq!(living.load(Ordering::SeqCst), stats.live);
}

#[test]
fn the_bound_holds_exactly_without_detaching() {
    const MAX: usize = 2;
    let living = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&living);
    let pool = ObjectPool::builder(move || {
        assert!(count.fetch_add(1, Ordering::SeqCst) < MAX, "one more than the bound");
        Counted(Arc::clone(&count))
    })
    .max(MAX)
    .recycle(|_| Recycle::Discard)
    .build();
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| (0..500).for_each(|_| drop(pool.acquire().unwrap())));
        }
    });
    assert_eq!(pool.stats().created, 2_000);
    assert_eq!(living.load(Ordering::SeqCst), 0);
}

#[test]
fn no_two_users_hold_one_object() {
    let pool = ObjectPool::builder(|| 0u64).max(2).build();
    thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for _ in 0..1_000 {
                    let mut object = pool.acquire().unwrap();
                    let before = *object;
                    thread::yield_now();
                    *object = before + 1;
                }
            });
        }
    });
    let all = [pool.acquire().unwrap(), pool.acquire().unwrap()];
    assert_eq!(all.iter().map(|n| **n).sum::<u64>(), 4_000);
}

#[test]
fn detaching_frees_the_place_and_keeps_the_object() {
    let (pool, living) = Counted::pool(1);
    let mine = Pooled::detach(pool.try_acquire().unwrap());
    let other = OwnedPooled::detach(pool.try_acquire_owned().unwrap());
    let third = pool.try_acquire().unwrap();
    assert_eq!(living.load(Ordering::SeqCst), 3);
    drop((mine, other, third));
    assert_eq!(living.load(Ordering::SeqCst), 1);
    let stats = pool.stats();
    assert_eq!((stats.created, stats.detached, stats.live, stats.idle), (3, 2, 1, 1));
}

#[test]
fn a_leaked_guard_costs_one_place() {
    let pool = ObjectPool::builder(|| 0).max(2).build();
    std::mem::forget(pool.try_acquire().unwrap());
    let last = pool.try_acquire().unwrap();
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Exhausted)));
    drop(last);
    assert_eq!(pool.stats().in_use, 1);
    drop(pool.try_acquire().unwrap());
}

#[test]
fn an_owned_guard_outlives_every_handle() {
    let (pool, living) = Counted::pool(2);
    let other = pool.clone();
    drop(pool.acquire().unwrap());
    let owned = pool.acquire_owned().unwrap();
    drop(pool);
    drop(other);
    assert_eq!(living.load(Ordering::SeqCst), 1);
    thread::spawn(move || drop(owned)).join().unwrap();
    assert_eq!(living.load(Ordering::SeqCst), 0);
}

#[test]
fn warming_makes_objects_up_to_the_bound() {
    let (pool, living) = Counted::pool(3);
    assert_eq!(pool.warm(2).unwrap(), 2);
    assert_eq!(pool.warm(2).unwrap(), 0);
    assert_eq!(pool.warm(100).unwrap(), 1);
    assert_eq!(living.load(Ordering::SeqCst), 3);
    assert_eq!(pool.stats().idle, 3);
    assert_eq!(pool.stats().acquired, 0);
    pool.close();
    assert!(matches!(pool.warm(1), Err(AcquireError::Closed)));
}

#[test]
fn trimming_drops_what_was_idle_longest() {
    let pool = ObjectPool::builder(|| 0).max(3).build();
    let mut guards: Vec<_> = (0..3).map(|_| pool.try_acquire().unwrap()).collect();
    for (i, guard) in guards.iter_mut().enumerate() {
        **guard = i + 1;
    }
    guards.into_iter().for_each(drop);
    assert_eq!(pool.trim(1), 2);
    assert_eq!(pool.trim(1), 0);
    assert_eq!(*pool.try_acquire().unwrap(), 3);
    assert_eq!(pool.stats().live, 1);
}

#[test]
fn closing_drops_what_is_idle_now_and_what_is_in_use_later() {
    let (pool, living) = Counted::pool(2);
    let held = pool.try_acquire().unwrap();
    drop(pool.try_acquire().unwrap());
    assert_eq!(living.load(Ordering::SeqCst), 2);
    pool.close();
    pool.close();
    assert!(pool.is_closed());
    assert_eq!(living.load(Ordering::SeqCst), 1);
    assert!(matches!(pool.try_acquire(), Err(AcquireError::Closed)));
    assert!(matches!(pool.acquire(), Err(AcquireError::Closed)));
    assert!(matches!(pool.acquire_owned(), Err(AcquireError::Closed)));
    drop(held);
    assert_eq!(living.load(Ordering::SeqCst), 0);
    assert_eq!(pool.stats().live, 0);
}

#[test]
fn a_creation_that_fails_takes_no_place() {
    let tries = AtomicUsize::new(0);
    let pool = ObjectPool::try_builder(move || match tries.fetch_add(1, Ordering::Relaxed) {
        0..3 => Err("not yet".into()),
        n => Ok(n),
    })
    .max(1)
    .build();
    let Err(error) = pool.try_acquire() else { panic!("the first creation fails") };
    assert_eq!(error.source().unwrap().to_string(), "not yet");
    assert!(matches!(pool.acquire(), Err(AcquireError::Create(_))));
    assert!(matches!(pool.warm(1), Err(AcquireError::Create(_))));
    assert_eq!((pool.stats().live, pool.stats().acquired), (0, 0));
    assert_eq!(*pool.try_acquire().unwrap(), 3);
}

#[test]
#[should_panic(expected = "at most 0 objects")]
fn a_bound_of_zero_is_refused() {
    let _ = ObjectPool::builder(|| 0).max(0).build();
}

#[test]
fn a_huge_bound_costs_nothing() {
    let pool = ObjectPool::builder(|| 0).max(usize::MAX).build();
    drop(pool.try_acquire().unwrap());
    assert_eq!(pool.stats().live, 1);
}
