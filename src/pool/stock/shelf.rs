use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use super::Item;
use crate::primitive::atomic::{AtomicBool, AtomicPtr, Ordering};
use crate::primitive::fence_under_loom;
use crate::sync::CachePadded;

/// How many items lie on the shelf at most; a power of two.
const PLACES: usize = if cfg!(bedplate_loom) { 1 } else { 8 };

/// How many places a thread tries before it goes to the depot with its item.
const TRIES: usize = 3;

/// A few idle items, each in a place of its own, that any thread takes or puts by one exchange: for when the magazines rest.
///
/// A thread begins at the place of its slot, so two threads with few items between them seldom meet. An item changes hands by
/// its address, of which there is one, so nothing can be mistaken for something else (no ABA).
#[derive(Debug)]
pub(super) struct Shelf<I> {
    /// Everything goes through the depot's lock: somebody waits there, or gathers what is idle, or the pool is closed.
    /// Written under that lock.
    locked: AtomicBool,
    /// The depot found nothing idle, in itself or in any magazine, and may make nothing: who finds nothing on the shelf need
    /// not ask it. Written under the depot's lock, and `false` whenever that is taken.
    bare: AtomicBool,
    places: [CachePadded<AtomicPtr<()>>; PLACES],
    /// Addresses may be sent whatever they name: the depot beside this one asks what may not.
    _items: PhantomData<fn(I) -> I>,
}

impl<I: Item> Shelf<I> {
    pub(super) fn new() -> Self {
        Self {
            locked: AtomicBool::new(false),
            bare: AtomicBool::new(false),
            places: std::array::from_fn(|_| CachePadded::new(AtomicPtr::new(ptr::null_mut()))),
            _items: PhantomData,
        }
    }

    /// Under the depot's lock: whether everything is to go there. To be followed by [`clear`](Self::clear) where it is.
    pub(super) fn lock(&self, locked: bool) {
        // SeqCst: edge "shelf". With `false` a Release would do: the depot was looked at before.
        self.locked.store(locked, Ordering::SeqCst);
        if locked {
            fence_under_loom();
        }
    }

    pub(super) fn is_bare(&self) -> bool {
        // Relaxed: an item that was put into the depot before this call, as far as the program can tell, was put there under
        // the lock.
        self.bare.load(Ordering::Relaxed)
    }

    /// Under the depot's lock.
    pub(super) fn set_bare(&self, bare: bool) {
        // Relaxed: as in `is_bare`. Written only where it changes: readers share the line.
        if self.bare.load(Ordering::Relaxed) != bare {
            self.bare.store(bare, Ordering::Relaxed);
        }
    }

    /// An item, by the thread of `slot`.
    pub(super) fn take(&self, slot: usize) -> Option<I> {
        // Acquire pairs with the store in `lock`: where that is seen, so is `bare` as it was then or later.
        if self.locked.load(Ordering::Acquire) {
            return None;
        }
        (0..PLACES).find_map(|next| {
            let place = self.place(slot, next);
            // A place that another thread filled before this call, as far as the program can tell, is seen filled, or emptied
            // since. Acquire pairs with the swap in `empty`: where it was emptied under the lock, `bare` is seen as it was
            // then or later.
            if place.load(Ordering::Acquire).is_null() { None } else { Self::empty(place) }
        })
    }

    /// Puts an item into a free place, by the thread of `slot`. Gives an item back, that one or another, where none is free or the shelf is locked.
    pub(super) fn put(&self, slot: usize, item: I) -> Result<(), I> {
        // Relaxed: looked at again below.
        if self.locked.load(Ordering::Relaxed) {
            return Err(item);
        }
        let put = (0..TRIES.min(PLACES)).map(|next| self.place(slot, next)).find(|place| {
            // Release pairs with the Acquire in `empty` (edge "place"): what the item names. SeqCst: edge "shelf". Relaxed: a guess,
            // and a failure.
            place.load(Ordering::Relaxed).is_null()
                && place
                    .compare_exchange(ptr::null_mut(), item.into_ptr().as_ptr(), Ordering::SeqCst, Ordering::Relaxed)
                    .is_ok()
        });
        let Some(place) = put else { return Err(item) };
        fence_under_loom();
        // SeqCst: edge "shelf": of "item put, then `locked` read" here and "`locked` stored, then the places emptied" there, at
        // least one side sees the other's store.
        if self.locked.load(Ordering::SeqCst) {
            return Self::empty(place).map_or(Ok(()), Err);
        }
        Ok(())
    }

    /// Takes every item; tells how many there were.
    pub(super) fn clear(&self, to: impl FnMut(I)) -> usize {
        // SeqCst: edge "shelf".
        let filled = self.places.iter().filter(|place| !place.load(Ordering::SeqCst).is_null());
        filled.filter_map(|place| Self::empty(place)).map(to).count()
    }

    /// How many items there are, as a figure.
    pub(super) fn len(&self) -> usize {
        self.places.iter().filter(|place| !place.load(Ordering::Relaxed).is_null()).count()
    }

    /// The `next`th place that the thread of a slot comes to: threads of neighbouring slots begin apart.
    fn place(&self, slot: usize, next: usize) -> &AtomicPtr<()> {
        &self.places[(slot * TRIES + next) & (PLACES - 1)]
    }

    fn empty(place: &AtomicPtr<()>) -> Option<I> {
        // Acquire pairs with the Release in `put` (edge "place"). SeqCst: edge "shelf".
        NonNull::new(place.swap(ptr::null_mut(), Ordering::SeqCst)).map(I::from_ptr)
    }
}
