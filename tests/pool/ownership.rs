//! Who keeps a pool alive, and that it is freed when nobody does: its objects, its hooks, and its own memory.

use std::cell::RefCell;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, Weak};
use std::thread;

use bedplate::pool::{ObjectPool, ObjectPoolBuilder, OwnedPooled, Recycle};

use crate::worker::Worker;

/// What lives of a pool.
struct Life {
    objects: Arc<AtomicUsize>,
    /// Owned by the pool's hook, which is dropped with the pool's own memory.
    hook: Weak<()>,
}

impl Life {
    fn objects(&self) -> usize {
        self.objects.load(Ordering::SeqCst)
    }

    /// Whether the pool's own memory is there.
    fn pool(&self) -> bool {
        self.hook.strong_count() > 0
    }

    fn is_over(&self) -> bool {
        self.objects() == 0 && !self.pool()
    }
}

/// Counts itself while it lives.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        assert_ne!(self.0.fetch_sub(1, Ordering::SeqCst), 0, "dropped twice");
    }
}

fn counted(max: usize) -> (ObjectPoolBuilder<Counted>, Life) {
    let objects = Arc::new(AtomicUsize::new(0));
    let hook = Arc::new(());
    let life = Life { objects: Arc::clone(&objects), hook: Arc::downgrade(&hook) };
    let create = move || {
        let _of_the_pool = &hook;
        objects.fetch_add(1, Ordering::SeqCst);
        Counted(Arc::clone(&objects))
    };
    (ObjectPool::builder(create).max(max), life)
}

#[test]
fn a_pool_without_objects_ends_with_its_last_handle() {
    let (pool, life) = counted(1);
    let pool = pool.build();
    let other = pool.clone();
    drop(pool);
    assert!(life.pool());
    drop(other);
    assert!(life.is_over());
}

#[test]
fn idle_objects_end_with_the_last_handle_wherever_they_lie() {
    let (pool, life) = counted(200);
    let pool = pool.build();
    let workers = [Worker::new(), Worker::new()];
    for worker in &workers {
        let pool = pool.clone();
        worker.run(move || drop((0..100).map(|_| pool.acquire().unwrap()).collect::<Vec<_>>()));
    }
    assert!(life.objects() >= 100);
    drop(pool);
    assert!(life.is_over());
    workers.into_iter().for_each(Worker::end);
}

#[test]
fn the_last_owned_guard_ends_the_pool() {
    for detached in [false, true] {
        let (pool, life) = counted(3);
        let pool = pool.build();
        let (first, last) = (pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap());
        drop(pool.acquire_owned().unwrap());
        drop(pool);
        assert_eq!((life.objects(), life.pool()), (2, true), "what was idle is gone");
        thread::spawn(move || drop(first)).join().unwrap();
        assert_eq!((life.objects(), life.pool()), (1, true));
        if detached {
            let object = OwnedPooled::detach(last);
            assert_eq!((life.objects(), life.pool()), (1, false), "the object is none of the pool's any more");
            drop(object);
        } else {
            drop(last);
        }
        assert!(life.is_over());
    }
}

#[test]
fn guards_and_handles_race_for_the_end() {
    const THREADS: usize = 3;
    const GUARDS: usize = 4;
    let workers: Vec<_> = (0..THREADS).map(|_| Worker::new()).collect();
    for round in 0..300 {
        let (pool, life) = counted(THREADS * GUARDS);
        let pool = match round % 3 {
            0 => pool.build(),
            1 => pool.recycle(|_| Recycle::Discard).build(),
            _ => pool.magazine(1).build(),
        };
        let begin = Arc::new(Barrier::new(THREADS + 1));
        let (done, all_done) = std::sync::mpsc::channel();
        for (i, worker) in workers.iter().enumerate() {
            let mut guards: Vec<_> = (0..GUARDS).map(|_| pool.acquire_owned().unwrap()).collect();
            // Handles of their own make the last one anybody's.
            let handle = (i < round % (THREADS + 1)).then(|| pool.clone());
            let (begin, done) = (Arc::clone(&begin), done.clone());
            worker.start(move || {
                begin.wait();
                if round % 2 == 0 {
                    drop(guards.split_off(GUARDS / 2));
                }
                if let Some(handle) = handle {
                    drop(handle.try_acquire());
                    drop(handle);
                }
                drop(guards);
                done.send(()).unwrap();
            });
        }
        drop(done);
        begin.wait();
        drop(pool);
        assert_eq!(all_done.iter().count(), THREADS);
        assert!(life.is_over(), "round {round}: {} objects, pool {}", life.objects(), life.pool());
    }
    workers.into_iter().for_each(Worker::end);
}

/// Leaking loses what was leaked, and does no harm beyond that: not to the other objects, not to who still holds one.
#[test]
fn a_leaked_guard_keeps_its_object_and_nothing_else() {
    let (pool, life) = counted(3);
    let pool = pool.build();
    let last = pool.acquire_owned().unwrap();
    mem::forget(pool.acquire().unwrap());
    mem::forget(pool.acquire_owned().unwrap());
    assert!(pool.try_acquire().is_err());
    assert_eq!(pool.stats().in_use, 3);
    drop(pool);
    drop(last);
    assert_eq!(life.objects(), 2);
}

thread_local! {
    static HELD: RefCell<Option<OwnedPooled<Counted>>> = const { RefCell::new(None) };
    static HANDLE: RefCell<Option<ObjectPool<Counted>>> = const { RefCell::new(None) };
    static USES: RefCell<Option<Uses>> = const { RefCell::new(None) };
}

/// Uses its pool in the end.
struct Uses(ObjectPool<Counted>);

impl Drop for Uses {
    fn drop(&mut self) {
        let guards = (self.0.acquire().unwrap(), self.0.acquire_owned().unwrap());
        drop(guards);
        self.0.trim(1);
        drop(self.0.try_acquire().unwrap());
    }
}

/// Runs `first`, then `second`, on a thread that ends. Thread-locals are destroyed in the opposite order of their first use, so
/// with a use of a pool as one of them, and of a thread-local of the test's own as the other, that is destroyed before what the
/// crate keeps for the thread, or after.
fn on_a_thread_that_ends(first: impl FnOnce() + Send + 'static, second: impl FnOnce() + Send + 'static) {
    thread::spawn(|| {
        first();
        second();
    })
    .join()
    .unwrap();
}

#[test]
fn a_guard_comes_back_while_its_thread_ends() {
    for crate_ends_first in [false, true] {
        let (pool, life) = counted(1);
        let pool = pool.build();
        // Taken elsewhere, so that storing it is no use of the pool.
        let guard = pool.acquire_owned().unwrap();
        let theirs = pool.clone();
        let store = move || HELD.set(Some(guard));
        let other = || drop(ObjectPool::builder(|| 0).build().acquire().unwrap());
        if crate_ends_first {
            on_a_thread_that_ends(store, other);
        } else {
            on_a_thread_that_ends(other, store);
        }
        assert_eq!((pool.stats().idle, life.objects()), (1, 1));
        drop(theirs);
        drop(pool.try_acquire().unwrap());
        let stats = pool.stats();
        // A thread whose own thread-locals are gone has no magazine any more: it may be another's by now.
        assert_eq!((stats.created, stats.revocations), (1, u64::from(!crate_ends_first)));
        drop(pool);
        assert!(life.is_over());
    }
}

#[test]
fn the_last_guard_ends_the_pool_while_its_thread_ends() {
    for crate_ends_first in [false, true] {
        let (pool, life) = counted(2);
        let pool = pool.build();
        let guard = pool.acquire_owned().unwrap();
        drop(pool.acquire().unwrap());
        drop(pool);
        let store = move || HELD.set(Some(guard));
        let other = || drop(ObjectPool::builder(|| 0).build().acquire().unwrap());
        if crate_ends_first {
            on_a_thread_that_ends(store, other);
        } else {
            on_a_thread_that_ends(other, store);
        }
        assert!(life.is_over());
    }
}

#[test]
fn the_last_handle_goes_while_its_thread_ends() {
    for crate_ends_first in [false, true] {
        let (pool, life) = counted(2);
        let pool = pool.build();
        let used = pool.clone();
        let store = move || HANDLE.set(Some(pool));
        // Leaves an object in the magazine of the thread that ends.
        let other = move || drop(used.acquire().unwrap());
        if crate_ends_first {
            on_a_thread_that_ends(store, other);
        } else {
            on_a_thread_that_ends(other, store);
        }
        assert!(life.is_over());
    }
}

#[test]
fn a_pool_serves_a_thread_that_ends() {
    for crate_ends_first in [false, true] {
        let (pool, life) = counted(2);
        let pool = pool.build();
        let (theirs, used) = (pool.clone(), pool.clone());
        let store = move || USES.set(Some(Uses(theirs)));
        let other = move || drop(used.acquire().unwrap());
        if crate_ends_first {
            on_a_thread_that_ends(store, other);
        } else {
            on_a_thread_that_ends(other, store);
        }
        let stats = pool.stats();
        assert_eq!((stats.idle, stats.live, stats.acquired), (1, 1, 4));
        drop((pool.try_acquire().unwrap(), pool.try_acquire().unwrap()));
        drop(pool);
        assert!(life.is_over());
    }
}

/// The hook has the last handle, and lets it go.
#[test]
fn a_hook_may_end_its_own_pool() {
    for word in [Recycle::Keep, Recycle::Discard] {
        let (pool, life) = counted(3);
        let last = Arc::new(Mutex::new(None));
        let theirs = Arc::clone(&last);
        let pool = pool
            .recycle(move |_| {
                let handle = theirs.lock().unwrap().take();
                drop(handle);
                word
            })
            .build();
        let (guard, other) = (pool.acquire_owned().unwrap(), pool.acquire_owned().unwrap());
        drop(last.lock().unwrap().replace(pool));
        drop(guard);
        assert!(last.lock().unwrap().is_none());
        assert_eq!((life.objects(), life.pool()), (1, true), "one is out");
        drop(other);
        assert!(life.is_over());
    }
}

/// An object that has the last handle to its own pool, and ends.
#[test]
fn an_object_may_end_its_own_pool() {
    struct Owner {
        _counted: Counted,
        pool: Option<ObjectPool<Owner>>,
    }
    let objects = Arc::new(AtomicUsize::new(0));
    let hook = Arc::new(());
    let life = Life { objects: Arc::clone(&objects), hook: Arc::downgrade(&hook) };
    let create = move || {
        let _of_the_pool = &hook;
        objects.fetch_add(1, Ordering::SeqCst);
        Owner { _counted: Counted(Arc::clone(&objects)), pool: None }
    };
    let pool = ObjectPool::builder(create).max(2).recycle(|_| Recycle::Discard).build();
    let mut guard = pool.acquire_owned().unwrap();
    guard.pool = Some(pool);
    drop(guard);
    assert!(life.is_over());
}

/// Handles and guards of one pool as the objects of another.
#[test]
fn pools_may_be_pooled_and_so_may_guards() {
    let (inner, life) = counted(10);
    let inner = inner.build();
    let (first, second) = (inner.clone(), inner.clone());
    let handles = ObjectPool::builder(move || first.clone()).max(2).build();
    let guards = ObjectPool::builder(move || second.acquire_owned().unwrap()).max(2).build();
    let handle = handles.acquire_owned().unwrap();
    let guard = guards.acquire_owned().unwrap();
    drop(inner);
    drop((handles, guards));
    assert_eq!((life.objects(), life.pool()), (1, true));
    drop(handle.acquire().unwrap());
    assert_eq!(life.objects(), 2);
    drop(guard);
    assert!(life.pool());
    drop(handle);
    assert!(life.is_over());
}
