use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::sync::AsymMutex;

/// A lock under which code of the user's runs. A thread that has it and asks for it again would wait for itself: it is
/// told.
#[derive(Debug)]
pub(super) struct Guarded<T> {
    /// The [`this_thread`] of who has the lock, 0 where nobody has. Written by who has it.
    owner: AtomicUsize,
    value: AsymMutex<T>,
}

impl<T> Guarded<T> {
    pub(super) fn new(value: T) -> Self {
        Self { owner: AtomicUsize::new(0), value: AsymMutex::new(value) }
    }

    /// Whether the calling thread has the lock.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        // Relaxed: a thread's own number is stored and taken back by that thread alone, and it sees its own stores in
        // order.
        self.owner.load(Ordering::Relaxed) == this_thread()
    }

    /// Panics where the calling thread has the lock.
    #[inline]
    pub(super) fn refuse_held(&self) {
        assert!(
            !self.is_held(),
            "bedplate::batch::Coalescer used from a merge or an Eq that it runs under its own lock"
        );
    }

    /// Runs `f` with the value. Panics where the calling thread has the lock.
    #[inline]
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.refuse_held();
        self.value.with(|value| {
            let _owner = Owner::enter(&self.owner);
            f(value)
        })
    }
}

/// Says, while it lives, that the calling thread has the lock.
struct Owner<'a>(&'a AtomicUsize);

impl<'a> Owner<'a> {
    #[inline]
    fn enter(owner: &'a AtomicUsize) -> Self {
        // Relaxed: see `is_held`.
        owner.store(this_thread(), Ordering::Relaxed);
        Self(owner)
    }
}

impl Drop for Owner<'_> {
    #[inline]
    fn drop(&mut self) {
        // Relaxed: see `is_held`.
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A number that no other living thread has, and not 0.
#[cfg(not(any(bedplate_loom, bedplate_shuttle)))]
#[inline]
fn this_thread() -> usize {
    thread_local! {
        /// Const-initialised and without `Drop`, so that it is there in the thread's last destructors, too.
        static MARK: u8 = const { 0 };
    }
    MARK.with(|mark| std::ptr::from_ref(mark) as usize)
}

/// Model checkers run many threads on one.
#[cfg(any(bedplate_loom, bedplate_shuttle))]
fn this_thread() -> usize {
    crate::sync::thread_slot().map_or(usize::MAX, |slot| slot + 1)
}
