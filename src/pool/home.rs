//! What a pool shares, and what keeps it alive.
#![allow(unsafe_code)] // Items that are out name their home by an address, and keep it alive without a count of their own.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

use crate::primitive::Arc;
use crate::primitive::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The shared part of a pool.
pub(super) trait Shared {
    /// Refuses acquisitions from now on, and ends the items that are idle. The last handle is gone.
    fn abandon(&self);
    /// Whether, after [`abandon`](Self::abandon), every item has ended.
    fn is_over(&self) -> bool;
}

/// The shared part of a pool, with how many handles lead to it.
///
/// It lives while there is a [`Handle`], and after that until the last item that is out has ended: all items together hold
/// one count of the `Arc`, which is given up when the pool is abandoned and none is left. So an item that is out needs no
/// count, and taking one and giving it back touches none.
#[derive(Debug)]
pub(super) struct Home<S> {
    handles: AtomicUsize,
    /// The items' count was given up.
    settled: AtomicBool,
    shared: S,
}

impl<S: Shared> Home<S> {
    /// Gives the items' count up if it is time. The caller has a count of its own.
    fn settle(home: &Arc<Self>) {
        // Relaxed: whoever finds it over has had the pool's lock after all that led to it, and `swap` picks one of them.
        if home.shared.is_over() && !home.settled.swap(true, Ordering::Relaxed) {
            // SAFETY: `Handle::new` forgot one count, and this is the only place where it is given up, once. The caller's
            // own count keeps the home alive here.
            unsafe { Arc::decrement_strong_count(Arc::as_ptr(home)) };
        }
    }
}

/// Leads to the shared part of a pool. With the last one, the pool is abandoned.
#[derive(Debug)]
pub(super) struct Handle<S: Shared> {
    home: Arc<Home<S>>,
}

impl<S: Shared> Handle<S> {
    pub(super) fn new(shared: S) -> Self {
        let home = Arc::new(Home { handles: AtomicUsize::new(1), settled: AtomicBool::new(false), shared });
        // The items' count.
        std::mem::forget(Arc::clone(&home));
        Self { home }
    }

    /// What an item that is out names its home by.
    #[inline]
    pub(super) fn address(&self) -> Address<S> {
        // From the `Arc` itself, not from a reference to what is in it: `Address` goes back to its counts.
        let home = NonNull::new(Arc::as_ptr(&self.home).cast_mut()).expect("an `Arc` is not at zero");
        Address { home }
    }
}

impl<S: Shared> Deref for Handle<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        &self.home.shared
    }
}

impl<S: Shared> Clone for Handle<S> {
    fn clone(&self) -> Self {
        // Relaxed: a handle is cloned from a living one, so the count is not 0.
        self.home.handles.fetch_add(1, Ordering::Relaxed);
        Self { home: Arc::clone(&self.home) }
    }
}

impl<S: Shared> Drop for Handle<S> {
    fn drop(&mut self) {
        /// Settles also where the end of an item panics.
        struct Settle<'a, S: Shared>(&'a Arc<Home<S>>);
        impl<S: Shared> Drop for Settle<'_, S> {
            fn drop(&mut self) {
                Home::settle(self.0);
            }
        }
        // AcqRel pairs with itself in the other handles: what was done through them comes before the end.
        if self.home.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            let settle = Settle(&self.home);
            self.home.shared.abandon();
            drop(settle);
        }
    }
}

/// Where an item that is out belongs. Keeps nothing alive: the item does.
pub(super) struct Address<S> {
    home: NonNull<Home<S>>,
}

// SAFETY: an address gives out shared references to the home, and may be the last to drop it, as an `Arc` of it would.
unsafe impl<S: Send + Sync> Send for Address<S> {}
// SAFETY: as above.
unsafe impl<S: Send + Sync> Sync for Address<S> {}

impl<S> Address<S> {
    /// The alignment of what it points to.
    pub(super) const ALIGN: usize = align_of::<Home<S>>();

    /// For where one word is all there is.
    #[inline]
    pub(super) fn into_raw(self) -> NonNull<()> {
        self.home.cast()
    }

    /// # Safety
    ///
    /// - `raw` came from [`into_raw`](Self::into_raw) of an address of the same type.
    #[inline]
    pub(super) unsafe fn from_raw(raw: NonNull<()>) -> Self {
        Self { home: raw.cast() }
    }
}

impl<S> Clone for Address<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Address<S> {}

impl<S> fmt::Debug for Address<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.home.fmt(f)
    }
}

/// The way from an item that is out to what it belongs to.
pub(super) trait Way<S>: Copy {
    /// The shared part.
    ///
    /// # Safety
    ///
    /// - An item of the pool is out when this is called, and the reference is not used once it is not: but to put that very
    ///   item into a magazine, whose visit keeps the home alive to its end.
    unsafe fn shared(&self) -> &S;

    /// Runs `f`, which may end the item, with the shared part.
    ///
    /// # Safety
    ///
    /// - An item of the pool is out when this is called.
    unsafe fn enter<R>(self, f: impl FnOnce(&S) -> R) -> R;
}

/// A borrowed guard's: the pool outlives it.
impl<S> Way<S> for &S {
    #[inline]
    unsafe fn shared(&self) -> &S {
        self
    }

    unsafe fn enter<R>(self, f: impl FnOnce(&S) -> R) -> R {
        f(self)
    }
}

/// An owned guard's.
impl<S: Shared> Way<S> for Address<S> {
    #[inline]
    unsafe fn shared(&self) -> &S {
        // SAFETY: an item is out, says the caller, so the items' count is not given up and the home lives. Where the item
        // goes into a magazine: it is not ended before a revoker has seen the visit's end, and the visit touches nothing
        // after that.
        unsafe { &self.home.as_ref().shared }
    }

    unsafe fn enter<R>(self, f: impl FnOnce(&S) -> R) -> R {
        /// Settles at the end, also by a panic.
        struct Visitor<S: Shared>(ManuallyDrop<Arc<Home<S>>>);
        impl<S: Shared> Drop for Visitor<S> {
            fn drop(&mut self) {
                // Relaxed: if this thread's item was the last to end after the pool was abandoned, its turn at the lock came
                // after that of the thread that abandoned it, and this load sees 0.
                if self.0.handles.load(Ordering::Relaxed) == 0 {
                    Home::settle(&self.0);
                }
                // SAFETY: dropped once, here.
                unsafe { ManuallyDrop::drop(&mut self.0) };
            }
        }
        // SAFETY: an item is out, says the caller, so there is a count beside the one this adds. The address is one that an
        // `Arc` gave.
        let visitor = unsafe {
            Arc::increment_strong_count(self.home.as_ptr().cast_const());
            Visitor(ManuallyDrop::new(Arc::from_raw(self.home.as_ptr().cast_const())))
        };
        f(&visitor.0.shared)
    }
}
