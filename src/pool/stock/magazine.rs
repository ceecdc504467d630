//! The idle items of one thread.
#![allow(unsafe_code)] // Items are stored in cells that the protocol, not the compiler, gives to one thread at a time.

use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use super::Item;
use super::access::Access;
use crate::primitive::UnsafeCell;
use crate::primitive::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering};

/// The most items in a magazine: with its counts it fills 512 bytes, four pairs of lines. Under loom two, so that the
/// models run into both ends.
pub(in crate::pool) const CAPACITY: usize = if cfg!(bedplate_loom) { 2 } else { 62 };

/// A stack of idle items, for one thread to push to and pop from without a locked instruction.
///
/// The item on top has a place of its own. A thread that takes and gives back in turn finds it there, or finds the place
/// empty, which the CPU guesses: so nothing goes round through memory but the item itself, and no count.
///
/// Who may touch the items: the owner, in a [`Visit`]; and whoever holds the depot's lock, if it is the owner, or has
/// revoked the magazines before. A magazine of zero bytes is an empty one that takes nothing.
#[derive(Debug)]
#[repr(C, align(128))]
pub(super) struct Magazine<I> {
    /// A visit is going on. Written by the owner.
    busy: AtomicBool,
    /// How many of `below` are there. Written by who may touch the items, read by anybody as a figure.
    len: AtomicU8,
    /// How many are accepted: 0 until the owner has come to the depot once.
    limit: AtomicU8,
    /// Items popped, ever. Written by the owner.
    popped: AtomicU64,
    /// The item on top, or null: then the top is that of `below`. Written and read as `len`.
    top: AtomicPtr<()>,
    below: [UnsafeCell<MaybeUninit<I>>; CAPACITY - 1],
}

impl<I: Item> Magazine<I> {
    /// An empty one, where there is no memory of zero bytes.
    #[allow(dead_code)]
    pub(super) fn new() -> Self {
        Self {
            busy: AtomicBool::new(false),
            len: AtomicU8::new(0),
            limit: AtomicU8::new(0),
            popped: AtomicU64::new(0),
            top: AtomicPtr::new(ptr::null_mut()),
            below: std::array::from_fn(|_| UnsafeCell::new(MaybeUninit::uninit())),
        }
    }

    /// Begins a visit by the owner; `None` where the magazines are revoked.
    #[inline]
    pub(super) fn visit(&self, access: &Access) -> Option<Visit<'_, I>> {
        // Relaxed: ordered by the fence in `admits`.
        self.busy.store(true, Ordering::Relaxed);
        let visit = Visit { magazine: self };
        access.admits().then_some(visit)
    }

    /// Whether a visit is going on. To a revoker, past its heavy fence, `false` says that no visit will touch the items.
    pub(super) fn is_busy(&self) -> bool {
        // Acquire pairs with the Release store in `Visit::drop` (edge "leave"): what the visit did to the items.
        self.busy.load(Ordering::Acquire)
    }

    /// How many items are there, as a figure.
    pub(super) fn len(&self) -> usize {
        self.len_below() + usize::from(self.top().is_some())
    }

    #[inline]
    fn len_below(&self) -> usize {
        // Relaxed: who may touch the items is ordered with who wrote it; to others it is a figure.
        usize::from(self.len.load(Ordering::Relaxed))
    }

    #[inline]
    fn top(&self) -> Option<NonNull<()>> {
        // Relaxed: as in `len_below`.
        NonNull::new(self.top.load(Ordering::Relaxed))
    }

    #[inline]
    fn set_top(&self, item: Option<I>) {
        // Relaxed: as in `len_below`.
        self.top.store(item.map_or(ptr::null_mut(), |item| item.into_ptr().as_ptr()), Ordering::Relaxed);
    }

    pub(super) fn popped(&self) -> u64 {
        // Relaxed: a figure.
        self.popped.load(Ordering::Relaxed)
    }

    /// Whether the owner has come to the depot, and how much it may keep since.
    pub(super) fn limit(&self) -> usize {
        // Relaxed: written by the owner, or under the lock.
        usize::from(self.limit.load(Ordering::Relaxed))
    }

    pub(super) fn set_limit(&self, limit: usize) {
        debug_assert!(limit <= CAPACITY);
        // Relaxed: as in `limit`.
        self.limit.store(limit as u8, Ordering::Relaxed);
    }

    /// Puts an item on top, or gives it back where the magazine is full.
    ///
    /// # Safety
    ///
    /// - The calling thread may touch the items (see [`Magazine`]).
    #[inline]
    pub(super) unsafe fn push(&self, item: I) -> Result<(), I> {
        if self.limit() == 0 {
            return Err(item);
        }
        if let Some(top) = self.top() {
            // SAFETY: the caller's promise.
            if unsafe { self.push_below(I::from_ptr(top)) }.is_err() {
                return Err(item);
            }
        }
        self.set_top(Some(item));
        Ok(())
    }

    /// # Safety
    ///
    /// - As for [`push`](Self::push).
    #[inline]
    unsafe fn push_below(&self, item: I) -> Result<(), I> {
        let len = self.len_below();
        if len + 1 >= self.limit() {
            return Err(item);
        }
        let Some(slot) = self.below.get(len) else { return Err(item) };
        // SAFETY: nobody else touches the items, says the caller.
        slot.with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item)) });
        self.set_len(len + 1);
        Ok(())
    }

    /// Takes the item on top.
    ///
    /// # Safety
    ///
    /// - The calling thread may touch the items (see [`Magazine`]).
    #[inline]
    pub(super) unsafe fn pop(&self) -> Option<I> {
        if let Some(top) = self.top() {
            self.set_top(None);
            return Some(I::from_ptr(top));
        }
        let top = self.len_below().wrapping_sub(1);
        let slot = self.below.get(top)?;
        // SAFETY: nobody else touches the items, says the caller, and those below `len` were written.
        let item = slot.with(|slot| unsafe { (*slot).assume_init() });
        self.set_len(top);
        Some(item)
    }

    /// Takes the `n` items that lie lowest, which came first, or all if there are fewer.
    ///
    /// # Safety
    ///
    /// - The calling thread may touch the items (see [`Magazine`]).
    pub(super) unsafe fn take_lowest(&self, n: usize, mut to: impl FnMut(I)) {
        let len = self.len_below();
        for (at, slot) in self.below[..len].iter().enumerate() {
            // SAFETY: as in `pop`.
            let item = slot.with(|slot| unsafe { (*slot).assume_init() });
            match at.checked_sub(n) {
                None => to(item),
                // SAFETY: as in `push_below`.
                Some(lower) => self.below[lower].with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item)) }),
            }
        }
        self.set_len(len.saturating_sub(n));
        if n > len
            && let Some(top) = self.top()
        {
            self.set_top(None);
            to(I::from_ptr(top));
        }
    }

    #[inline]
    fn set_len(&self, len: usize) {
        // Relaxed: as in `len_below`.
        self.len.store(len as u8, Ordering::Relaxed);
    }

    /// Counts items that the owner, who calls this, got from elsewhere than the depot.
    #[inline]
    pub(super) fn count_popped(&self, n: u64) {
        // Relaxed: only the owner writes it, for others it is a figure.
        self.popped.store(self.popped.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }
}

/// The owner's access to the items of its magazine, while nobody has revoked it.
#[derive(Debug)]
pub(in crate::pool) struct Visit<'a, I> {
    magazine: &'a Magazine<I>,
}

impl<I: Item> Visit<'_, I> {
    /// Puts an item on top, if the top is free: what [`push`](Self::push) begins with, and all that a thread needs which takes
    /// and gives back in turn.
    #[inline]
    pub(in crate::pool) fn push_top(&mut self, item: I) -> Result<(), I> {
        if self.magazine.limit() == 0 || self.magazine.top().is_some() {
            return Err(item);
        }
        self.magazine.set_top(Some(item));
        Ok(())
    }

    /// Takes the item on top, if there is one: what [`pop`](Self::pop) begins with.
    #[inline]
    pub(super) fn pop_top(&mut self) -> Option<I> {
        let top = self.magazine.top()?;
        self.magazine.set_top(None);
        self.magazine.count_popped(1);
        Some(I::from_ptr(top))
    }

    #[inline]
    pub(in crate::pool) fn push(&mut self, item: I) -> Result<(), I> {
        // SAFETY: in a visit the owner may touch the items: a revoker waits for the visit's end before it does, and who
        // holds the lock without revoking is the owner, which is here.
        unsafe { self.magazine.push(item) }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<I> {
        // SAFETY: as in `push`.
        let item = unsafe { self.magazine.pop() }?;
        self.magazine.count_popped(1);
        Some(item)
    }

    /// Takes the top `n` items, or all if there are fewer, and tells how many that were.
    #[inline]
    pub(super) fn pop_many(&mut self, n: usize, mut to: impl FnMut(I)) -> usize {
        let mut taken = 0;
        if n > 0
            && let Some(top) = self.magazine.top()
        {
            self.magazine.set_top(None);
            to(I::from_ptr(top));
            taken = 1;
        }
        let Some(items) = self.magazine.below.get(..self.magazine.len_below()) else { return taken };
        let (rest, top) = items.split_at(items.len() - (n - taken).min(items.len()));
        // First, so that a panic in `to` loses items rather than lends them twice.
        self.magazine.set_len(rest.len());
        taken += top.len();
        self.magazine.count_popped(taken as u64);
        // SAFETY: as in `Magazine::pop`, in a visit.
        top.iter().rev().map(|slot| slot.with(|slot| unsafe { (*slot).assume_init() })).for_each(to);
        taken
    }

    /// Puts items on top, which `item` gives by number from 0 to `n`, until the magazine is full; tells how many went in.
    #[inline]
    pub(super) fn push_many(&mut self, n: usize, item: impl Fn(usize) -> I) -> usize {
        self.lower_top();
        let len = self.magazine.len_below();
        let Some(free) = self.free() else { return 0 };
        let n = n.min(free.len());
        for (at, slot) in free[..n].iter().enumerate() {
            // SAFETY: as in `Magazine::push`, in a visit.
            slot.with_mut(|slot| unsafe { slot.write(MaybeUninit::new(item(at))) });
        }
        self.magazine.set_len(len + n);
        n
    }

    /// Puts the item on top with those below it, unless they are full: then it stays.
    #[inline]
    fn lower_top(&mut self) {
        if let Some(top) = self.magazine.top()
            // SAFETY: as in `push`.
            && unsafe { self.magazine.push_below(I::from_ptr(top)) }.is_ok()
        {
            self.magazine.set_top(None);
        }
    }

    /// The free places below the top.
    #[inline]
    fn free(&self) -> Option<&[UnsafeCell<MaybeUninit<I>>]> {
        self.magazine.below.get(self.magazine.len_below()..self.magazine.limit().saturating_sub(1))
    }
}

impl<I> Drop for Visit<'_, I> {
    #[inline]
    fn drop(&mut self) {
        // Release pairs with the Acquire load in `Magazine::is_busy` (edge "leave").
        self.magazine.busy.store(false, Ordering::Release);
    }
}
