use crate::model;
use bedplate::pool::{AcquireError, ObjectPool, Recycle};
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// Two threads wait for one object in turn: neither sleeps past the release that serves it, and one object is enough.
#[test]
fn a_release_is_never_slept_through() {
    model(2, || {
        let pool = ObjectPool::builder(|| 0).max(1).build();
        let other = {
            let pool = pool.clone();
            thread::spawn(move || *pool.acquire().unwrap() += 1)
        };
        *pool.acquire().unwrap() += 1;
        other.join().unwrap();
        assert_eq!(*pool.try_acquire().unwrap(), 2);
        assert_eq!(pool.stats().created, 1);
    });
}

/// Each object is discarded, so what the waiter is woken by is a free place.
#[test]
fn a_free_place_is_never_slept_through_and_the_bound_holds() {
    model(2, || {
        let living = loom::sync::Arc::new(AtomicUsize::new(0));
        let count = loom::sync::Arc::clone(&living);
        struct Living(loom::sync::Arc<AtomicUsize>);
        impl Drop for Living {
            fn drop(&mut self) {
                // Relaxed here and below: the pool's lock orders them.
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let create = move || {
            assert_eq!(count.fetch_add(1, Ordering::Relaxed), 0, "two live at a time");
            Living(loom::sync::Arc::clone(&count))
        };
        let pool = ObjectPool::builder(create).max(1).recycle(|_| Recycle::Discard).build();
        let other = {
            let pool = pool.clone();
            thread::spawn(move || drop(pool.acquire().unwrap()))
        };
        drop(pool.acquire().unwrap());
        other.join().unwrap();
        assert_eq!(pool.stats().discarded, 2);
    });
}

/// Whoever waits when the pool is closed is told so.
#[test]
fn closing_is_never_slept_through() {
    model(2, || {
        let pool = ObjectPool::builder(|| 0).max(1).build();
        let held = pool.acquire_owned().unwrap();
        let waiter = {
            let pool = pool.clone();
            thread::spawn(move || matches!(pool.acquire(), Err(AcquireError::Closed)))
        };
        pool.close();
        assert!(waiter.join().unwrap());
        drop(held);
        assert_eq!(pool.stats().live, 0);
    });
}
