//! The item-by-item bulk operations that queues share.

use std::iter;

use super::{PopError, PushError};

/// Pushes from the front of `items` until `room` items went in or one is refused; the rest stays, in order.
pub(super) fn push_front<T>(
    items: &mut Vec<T>,
    room: usize,
    mut push: impl FnMut(T) -> Result<(), PushError<T>>,
) -> usize {
    let mut pushed = 0;
    let mut front = items.drain(..room.min(items.len()));
    while let Some(item) = front.next() {
        match push(item) {
            Ok(()) => pushed += 1,
            // Others took the room meanwhile.
            Err(refused) => {
                let rest: Vec<T> = iter::once(refused.into_inner()).chain(front).collect();
                items.splice(0..0, rest);
                return pushed;
            }
        }
    }
    pushed
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
