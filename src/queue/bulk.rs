#![allow(unsafe_code)] // Moves items out of the front of a source before it is told.

//! The item-by-item bulk operations of queues whose singles cannot be claimed together.

use std::marker::PhantomData;
use std::mem;

use super::{PopError, PushError, Source};

/// Pushes from the front of `items` until `room` items went in or one is refused; the rest stays, in order.
pub(super) fn push_front<T, S: Source<T>>(
    items: &mut S,
    room: usize,
    mut push: impl FnMut(T) -> Result<(), PushError<T>>,
) -> usize {
    /// Counts the items that were moved out, also where a push panics.
    struct Moved<'a, T, S: Source<T>>(&'a mut S, usize, PhantomData<T>);

    impl<T, S: Source<T>> Drop for Moved<'_, T, S> {
        fn drop(&mut self) {
            // SAFETY: the first items, as many as were counted, were moved into pushes.
            unsafe { self.0.advance(self.1) };
        }
    }

    let mut moved = Moved(items, 0, PhantomData);
    while moved.1 < room {
        let Some(item) = moved.0.waiting().get(moved.1) else { break };
        // SAFETY: the item is counted as moved before anything else can happen to it; where the push gives it back, the
        // copy is forgotten and the count taken back.
        let item = unsafe { std::ptr::read(item) };
        moved.1 += 1;
        if let Err(refused) = push(item) {
            mem::forget(refused.into_inner());
            moved.1 -= 1;
            break;
        }
    }
    moved.1
}

/// Pops onto the end of `items` until it got `max` of the `waiting` items or a pop brings nothing.
pub(super) fn pop_back<T>(
    items: &mut Vec<T>,
    max: usize,
    waiting: usize,
    mut pop: impl FnMut() -> Result<T, PopError>,
) -> usize {
    let most = max.min(waiting);
    // Before the pops, so that no item is in hand where this panics.
    items.reserve(most);
    for popped in 0..most {
        match pop() {
            Ok(item) => items.push(item),
            // Others took the items meanwhile.
            Err(_) => return popped,
        }
    }
    most
}
