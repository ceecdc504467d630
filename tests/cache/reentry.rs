use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::thread;
use std::time::Duration;

use bedplate::cache::{Cache, Compute};
use bedplate::time::Manual;

fn ignore<T>(_: T) {}

/// Runs `act`, which must panic with the message of a re-entry.
fn refused(act: impl FnOnce()) {
    let panic = catch_unwind(AssertUnwindSafe(act)).expect_err("a re-entry went through");
    let message = panic.downcast_ref::<&str>().copied().unwrap_or("another panic");
    assert!(message.contains("used from a closure, an Eq or a Clone"), "{message}");
}

#[test]
fn a_closure_under_the_lock_cannot_use_the_cache() {
    let cache: Cache<u32, u32> = Cache::builder(100).shards(4).build();
    (0..20).for_each(|key| ignore(cache.insert(key, key)));
    for other in 0..20 {
        let each: [&dyn Fn(); 8] = [
            &|| ignore(cache.get(&other)),
            &|| ignore(cache.insert(other, 0)),
            &|| ignore(cache.remove(&other)),
            &|| ignore(cache.get_or_insert_with(other, || 0)),
            &|| cache.retain(|_, _| false),
            &|| ignore(cache.purge_expired(usize::MAX)),
            &|| ignore(cache.len()),
            &|| ignore(cache.stats()),
        ];
        for act in each {
            refused(|| ignore(cache.get_with(&0, |_| act())));
        }
    }
    assert_eq!(cache.get_with(&0, |_| format!("{cache:?}").contains("100")), Some(true), "printing takes no lock");
    assert!((0..20).all(|key| cache.get(&key) == Some(key)), "nothing was changed");
}

#[test]
fn every_closure_under_the_lock_is_refused_and_those_before_it_are_not() {
    static CACHE: OnceLock<Cache<u32, u32>> = OnceLock::new();
    // Values from 100 on are asked for their weight, from 200 on for their time, by way of the cache.
    let weigh = |_: &u32, &value: &u32| {
        if (100..200).contains(&value) { CACHE.get().unwrap().len() as u32 } else { 1 }
    };
    let ttl = |_: &u32, &value: &u32| {
        let cache = CACHE.get().unwrap();
        (200..300).contains(&value).then(|| Duration::from_secs(1 + cache.len() as u64))
    };
    let builder = Cache::builder(100).shards(4).clock(Manual::new());
    let cache = CACHE.get_or_init(|| builder.weigher(weigh).expire_by(ttl).build());
    (0..20).for_each(|key| ignore(cache.insert(key, key)));
    cache.insert(20, 100);
    cache.insert(21, 200);
    assert_eq!((cache.len(), cache.weight()), (22, 41), "before an insertion there is no lock");
    let uses: [&dyn Fn(); 9] = [
        &|| ignore(cache.peek(&0, |_| cache.len())),
        &|| ignore(cache.remove_if(&0, |_| cache.contains(&1))),
        &|| cache.retain(|_, _| cache.insert(1, 2).is_none()),
        &|| ignore(cache.get_or_insert_with(30, || 100)),
        &|| ignore(cache.get_or_insert_ref(&30, || 200)),
        &|| ignore(cache.get_or_try_insert_with(30, || Ok::<_, ()>(100))),
        &|| ignore(cache.get_or_try_insert_timeout(30, Duration::ZERO, || Ok::<_, ()>(200))),
        &|| ignore(cache.compute(30, |_| Compute::Put(100))),
        &|| ignore(cache.compute(0, |_| Compute::Put(200))),
    ];
    for act in uses {
        refused(act);
        assert!((0..20).all(|key| cache.get(&key) == Some(key)), "nothing was changed");
        assert_eq!((cache.len(), cache.weight()), (22, 41));
    }
    assert_eq!(cache.get_or_insert_with(30, || 30), 30, "the key is free");
    cache.compute(31, |_| Compute::Put(cache.len() as u32));
    assert_eq!(cache.get(&31), Some(23), "a computation runs without a lock");
    assert_eq!(cache.iter().filter(|(key, _)| cache.contains(key)).count(), 24, "and so does an iteration");
}

#[test]
fn a_closure_may_use_another_cache_but_not_come_back_through_it() {
    let (a, b): (Cache<u32, u32>, Cache<u32, u32>) = (Cache::new(10), Cache::new(10));
    a.insert(1, 10);
    b.insert(1, 20);
    assert_eq!(a.get_with(&1, |x| x + b.get(&1).unwrap()), Some(30));
    refused(|| ignore(a.get_with(&1, |_| b.get_with(&1, |_| a.get(&2)))));
    assert_eq!(a.get_with(&1, |x| b.get_with(&1, |y| x + y)), Some(Some(30)));
    assert_eq!((a.get(&1), b.get(&1)), (Some(10), Some(20)));
}

#[test]
fn two_threads_in_closures_do_not_wait_for_each_other() {
    let cache: Cache<u32, u32> = Cache::builder(2_000).shards(64).build();
    (0..1_000).for_each(|key| ignore(cache.insert(key, key)));
    thread::scope(|s| {
        for t in 0..2 {
            let cache = &cache;
            s.spawn(move || {
                (0..500).for_each(|n| refused(|| ignore(cache.get_with(&(2 * n + t), |_| cache.get(&(n + 1))))))
            });
        }
    });
}

/// A key and a value whose trait methods come back to the cache they are in.
#[derive(Clone, Copy, PartialEq)]
enum Trap {
    None,
    Eq,
    Clone,
    Drop,
}

thread_local! {
    static TRAP: Cell<Trap> = const { Cell::new(Trap::None) };
}

#[derive(Debug)]
struct Tricky(u32, Weak<Cache<Tricky, Tricky>>);

impl Tricky {
    fn spring(&self, trap: Trap) {
        if TRAP.get() == trap
            && let Some(cache) = self.1.upgrade()
        {
            TRAP.set(Trap::None);
            let _ = cache.len();
        }
    }
}

impl Hash for Tricky {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq for Tricky {
    fn eq(&self, other: &Self) -> bool {
        self.spring(Trap::Eq);
        self.0 == other.0
    }
}

impl Eq for Tricky {}

impl Clone for Tricky {
    fn clone(&self) -> Self {
        self.spring(Trap::Clone);
        Self(self.0, self.1.clone())
    }
}

impl Drop for Tricky {
    fn drop(&mut self) {
        self.spring(Trap::Drop);
    }
}

#[test]
fn eq_and_clone_cannot_come_back_and_drop_can() {
    let time = Manual::new();
    let cache = Arc::new(Cache::builder(2).shards(1).clock(time.clone()).build());
    let new = |n| Tricky(n, Arc::downgrade(&cache));
    cache.insert(new(1), new(10));
    TRAP.set(Trap::Eq);
    refused(|| ignore(cache.get(&new(1))));
    TRAP.set(Trap::Clone);
    refused(|| ignore(cache.get(&new(1))));
    // Old value, spare key, victim and removed entry are dropped outside the lock.
    let acts: [&dyn Fn(); 4] = [
        &|| ignore(cache.insert(new(1), new(11))),
        &|| (2..6).for_each(|n| ignore(cache.insert(new(n), new(n)))),
        &|| ignore(cache.remove(&new(5))),
        &|| cache.retain(|_, _| false),
    ];
    for act in acts {
        TRAP.set(Trap::Drop);
        act();
        assert!(TRAP.get() == Trap::None, "nothing was dropped");
    }
    assert!(cache.is_empty());

    let key = new(1);
    let acts: [&dyn Fn(); 4] = [
        &|| assert!(cache.get(&key).is_none()),
        &|| assert!(cache.get_or_try_insert_with(new(1), || Err(())).is_err()),
        &|| assert_eq!(cache.purge_expired(usize::MAX), 1),
        &|| assert!(cache.insert(new(1), new(1)).is_none()),
    ];
    for act in acts {
        cache.insert_with_ttl(new(1), new(1), Duration::from_nanos(1));
        time.advance(Duration::from_nanos(1));
        TRAP.set(Trap::Drop);
        act();
        assert!(TRAP.get() == Trap::None, "nothing that had expired was dropped");
    }
}

#[test]
fn the_cache_can_be_used_while_a_thread_ends() {
    static CACHE: OnceLock<Cache<u32, u32>> = OnceLock::new();
    static SEEN: Mutex<Option<u32>> = Mutex::new(None);
    struct Last;
    impl Drop for Last {
        fn drop(&mut self) {
            let cache = CACHE.get().unwrap();
            *SEEN.lock().unwrap() = cache.get_with(&1, |&v| v + cache.capacity() as u32);
        }
    }
    thread_local!(static LAST: Last = const { Last });
    CACHE.get_or_init(|| Cache::new(10)).insert(1, 5);
    thread::spawn(|| {
        LAST.with(|_| ());
        assert_eq!(CACHE.get().unwrap().get(&1), Some(5));
    })
    .join()
    .unwrap();
    assert_eq!(*SEEN.lock().unwrap(), Some(15));
}
