//! What the pools lend, under one set of names.

use poolshark::Poolable;
use sharded_slab::Clear;
use std::fmt;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is lent. The two traits of peers reset it between users, where it has to be: both do the same.
pub trait Object: Default + Clear + Poolable + Send + Sync + 'static {
    /// Whether it has to be reset between users.
    const RESET: bool = false;

    /// What a user does with it.
    fn turn(&mut self);

    /// After the pool of that name is gone: checks that its objects had so many turns since the last measurement ended, and
    /// that no more than `max` of them were in use. One measurement is under way at a time.
    fn verify(pool: &str, turns: u64, max: usize);
}

/// Turns of the objects that were dropped since the last measurement ended.
static TURNS: AtomicU64 = AtomicU64::new(0);
/// How many of them had turns.
static USED: AtomicU64 = AtomicU64::new(0);

fn verify_used(pool: &str, used: u64, max: usize) {
    assert!(used <= max as u64, "{pool}: {used} objects were used where {max} are enough, a pool has to reuse them");
}

/// A count and some bytes. Counts its turns without an atomic, so that two users at a time lose some.
pub struct Counted<const REST: usize> {
    turns: u64,
    _rest: [u8; REST],
}

/// 4 KiB, boxed: where a pool moves its objects, it moves a pointer.
pub type Page = Box<Counted<{ 4096 - 8 }>>;

/// 24 bytes, the size of a `Vec` or a `String`, not boxed: up to three of them may share a cache line.
pub type Small = Counted<16>;

impl<const REST: usize> Default for Counted<REST> {
    fn default() -> Self {
        Self { turns: 0, _rest: [0; REST] }
    }
}

impl<const REST: usize> Drop for Counted<REST> {
    fn drop(&mut self) {
        if self.turns > 0 {
            // Relaxed, as where they are read.
            TURNS.fetch_add(self.turns, Ordering::Relaxed);
            USED.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<const REST: usize> fmt::Debug for Counted<REST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("turns", &self.turns).finish_non_exhaustive()
    }
}

/// Kept as it is.
impl<const REST: usize> Clear for Counted<REST> {
    #[inline]
    fn clear(&mut self) {}
}

/// Kept as it is.
impl Poolable for Small {
    fn empty() -> Self {
        Self::default()
    }

    #[inline]
    fn reset(&mut self) {}

    #[inline]
    fn capacity(&self) -> usize {
        1
    }
}

impl Object for Small {
    #[inline]
    fn turn(&mut self) {
        self.turns += 1;
    }

    fn verify(pool: &str, turns: u64, max: usize) {
        // Relaxed: the threads of a measurement are joined before.
        let (had, used) = (TURNS.swap(0, Ordering::Relaxed), USED.swap(0, Ordering::Relaxed));
        assert_eq!(had, turns, "{pool}: an object has one user at a time, and is dropped with its pool");
        verify_used(pool, used, max);
    }
}

/// Kept as it is.
impl Poolable for Page {
    fn empty() -> Self {
        Self::default()
    }

    #[inline]
    fn reset(&mut self) {}

    #[inline]
    fn capacity(&self) -> usize {
        1
    }
}

impl Object for Page {
    #[inline]
    fn turn(&mut self) {
        self.turns += 1;
    }

    fn verify(pool: &str, turns: u64, max: usize) {
        Small::verify(pool, turns, max);
    }
}

/// Numbers that a user appends to a buffer.
const APPENDED: u64 = 8;

/// A buffer, emptied between users and not freed. Each turn verifies that it is.
impl Object for Vec<u64> {
    const RESET: bool = true;

    #[inline]
    fn turn(&mut self) {
        assert!(self.is_empty(), "emptied since its last user");
        if self.capacity() == 0 {
            // Relaxed, as where it is read.
            USED.fetch_add(1, Ordering::Relaxed);
        }
        self.extend(0..APPENDED);
        let sum = black_box(&mut *self).iter().sum::<u64>();
        assert_eq!(sum, APPENDED * (APPENDED - 1) / 2, "one user at a time");
    }

    fn verify(pool: &str, _: u64, max: usize) {
        // Relaxed, as above.
        verify_used(pool, USED.swap(0, Ordering::Relaxed), max);
    }
}
