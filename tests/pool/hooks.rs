//! User code that panics or uses the pool it runs for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use bedplate::pool::{ObjectPool, Recycle};

#[test]
fn the_hook_sees_each_object_and_its_word_counts() {
    let pool = ObjectPool::builder(|| vec![1u8])
        .max(1)
        .recycle(|bytes: &mut Vec<u8>| {
            bytes.clear();
            if bytes.capacity() > 100 { Recycle::Discard } else { Recycle::Keep }
        })
        .build();
    drop(pool.try_acquire().unwrap());
    assert!(pool.try_acquire().unwrap().is_empty());
    pool.try_acquire().unwrap().reserve(200);
    assert_eq!(*pool.try_acquire().unwrap(), [1], "the large one was replaced");
    assert_eq!((pool.stats().created, pool.stats().discarded), (2, 1));
}

#[test]
fn a_panic_in_the_creation_leaves_the_pool_whole() {
    let broken = AtomicBool::new(true);
    let pool = ObjectPool::builder(move || if broken.swap(false, Ordering::Relaxed) { panic!("no") } else { 5 })
        .max(1)
        .build();
    catch_unwind(AssertUnwindSafe(|| pool.try_acquire().map(drop))).unwrap_err();
    assert_eq!(pool.stats().live, 0);
    assert_eq!(*pool.try_acquire().unwrap(), 5);
}

#[test]
fn a_panic_in_the_hook_drops_the_object_and_frees_its_place() {
    let pool =
        ObjectPool::builder(|| 0).max(1).recycle(|n| if *n == 9 { panic!("nine") } else { Recycle::Keep }).build();
    let mut guard = pool.try_acquire().unwrap();
    *guard = 9;
    catch_unwind(AssertUnwindSafe(|| drop(guard))).unwrap_err();
    assert_eq!((pool.stats().live, pool.stats().discarded), (0, 1));
    assert_eq!(*pool.try_acquire().unwrap(), 0);
}

/// Panics when dropped, if told to.
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0, "armed");
    }
}

#[test]
fn a_panic_in_the_drop_of_an_object_frees_its_place() {
    let bombs = || ObjectPool::builder(|| Bomb(false)).max(1);

    let discards = bombs().recycle(|_| Recycle::Discard).build();
    let mut guard = discards.try_acquire().unwrap();
    guard.0 = true;
    catch_unwind(AssertUnwindSafe(|| drop(guard))).unwrap_err();
    drop(discards.try_acquire().unwrap());

    let trims = bombs().build();
    trims.try_acquire().unwrap().0 = true;
    catch_unwind(AssertUnwindSafe(|| trims.trim(0))).unwrap_err();
    assert_eq!(trims.stats().live, 0);
    drop(trims.try_acquire().unwrap());

    let closes = bombs().build();
    let mut guard = closes.try_acquire().unwrap();
    guard.0 = true;
    closes.close();
    catch_unwind(AssertUnwindSafe(|| drop(guard))).unwrap_err();
    assert_eq!(closes.stats().live, 0);
}

#[test]
fn closures_and_drops_may_use_their_own_pool() {
    struct Asks;
    impl Drop for Asks {
        fn drop(&mut self) {
            let _ = POOL.get().unwrap().stats();
        }
    }
    static POOL: OnceLock<ObjectPool<Asks>> = OnceLock::new();
    let pool = ObjectPool::builder(|| {
        let _ = POOL.get().unwrap().stats();
        Asks
    })
    .max(2)
    .recycle(|_| match POOL.get().unwrap().try_acquire() {
        // The inner guard's release comes back here, and then everything is in use.
        Ok(inner) => {
            drop(inner);
            Recycle::Discard
        }
        Err(_) => Recycle::Keep,
    })
    .build();
    let pool = POOL.get_or_init(|| pool);
    drop(pool.try_acquire().unwrap());
    assert_eq!((pool.stats().live, pool.stats().idle), (1, 1));
    assert_eq!(pool.trim(0), 1);
    pool.close();
}

#[test]
fn an_object_counts_until_its_drop_has_ended() {
    struct Witness;
    impl Drop for Witness {
        fn drop(&mut self) {
            assert_eq!(POOL.get().unwrap().stats().live, 1, "its place is not free yet");
        }
    }
    static POOL: OnceLock<ObjectPool<Witness>> = OnceLock::new();
    static KEEP: AtomicBool = AtomicBool::new(false);
    let hook = |_: &mut Witness| if KEEP.load(Ordering::Relaxed) { Recycle::Keep } else { Recycle::Discard };
    let pool = POOL.get_or_init(|| ObjectPool::builder(|| Witness).max(1).recycle(hook).build());

    drop(pool.try_acquire().unwrap());
    assert_eq!(pool.stats().discarded, 1);

    KEEP.store(true, Ordering::Relaxed);
    drop(pool.try_acquire().unwrap());
    assert_eq!(pool.trim(0), 1);

    let held = pool.try_acquire().unwrap();
    pool.close();
    drop(held);
    assert_eq!((pool.stats().discarded, pool.stats().live), (3, 0));
}
