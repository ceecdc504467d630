//! Which caches the calling thread has locked, so that user code under a lock cannot come back and wait for itself.

use std::cell::{Cell, RefCell};

thread_local! {
    /// The cache locked last, by the address of its shards; 0 where there is none. Const-initialised and without
    /// `Drop`: reading it is a bare TLS access.
    static INNERMOST: Cell<usize> = const { Cell::new(0) };
    /// The caches locked before that one, from inside which it is used.
    static OUTER: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Says, while it lives, that the calling thread holds a lock of one cache.
///
/// The mark is of the cache, not of the shard: two threads that each hold one shard and reach for the other's would wait
/// for ever too.
#[derive(Debug)]
pub(super) struct Held {
    outer: usize,
}

impl Held {
    /// Does nothing where the calling thread holds a lock of any cache.
    #[inline]
    pub(super) fn enter_first(cache: usize) -> Option<Self> {
        if INNERMOST.get() != 0 {
            return None;
        }
        INNERMOST.set(cache);
        Some(Self { outer: 0 })
    }

    /// Panics where the calling thread holds a lock of `cache` already.
    #[inline]
    pub(super) fn enter(cache: usize) -> Self {
        let outer = INNERMOST.get();
        if outer != 0 {
            nest(cache, outer);
        }
        INNERMOST.set(cache);
        Self { outer }
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        INNERMOST.set(self.outer);
        if self.outer != 0 {
            unnest();
        }
    }
}

#[cold]
fn nest(cache: usize, outer: usize) {
    // `OUTER` is gone in the thread's last destructors: then only the innermost cache is known.
    let held = cache == outer || OUTER.try_with(|caches| caches.borrow().contains(&cache)).unwrap_or(false);
    assert!(!held, "bedplate::cache::Cache used from a closure, an Eq or a Clone that it runs under its own lock");
    let _ = OUTER.try_with(|caches| caches.borrow_mut().push(outer));
}

#[cold]
fn unnest() {
    let _ = OUTER.try_with(|caches| caches.borrow_mut().pop());
}

/// A number no other living thread has, and none of `Landing`'s two others: the address of a
/// thread-local.
#[inline]
pub(super) fn this_thread() -> usize {
    INNERMOST.with(|mark| std::ptr::from_ref(mark) as usize)
}
