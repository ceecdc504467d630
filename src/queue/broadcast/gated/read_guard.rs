#![allow(unsafe_code)] // Borrows the item at its receiver's cursor, see `Ring`.

use std::fmt;
use std::ops::Deref;

use super::Receiver;

/// An item borrowed in place, from [`Receiver::try_read`]. Dropped, the item counts as seen.
#[must_use = "dropping it counts the item as seen: read it first"]
pub struct ReadGuard<'a, T> {
    receiver: &'a mut Receiver<T>,
}

impl<'a, T> ReadGuard<'a, T> {
    /// The receiver has an item to read.
    pub(super) fn new(receiver: &'a mut Receiver<T>) -> Self {
        Self { receiver }
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the receiver has seen a tail past its next item, and the cursor stands before it until the guard is
        // dropped. The reference borrows the guard.
        unsafe { self.receiver.ring.peek(self.receiver.index) }
    }
}

impl<T> Drop for ReadGuard<'_, T> {
    fn drop(&mut self) {
        self.receiver.release(1);
    }
}

impl<T: fmt::Debug> fmt::Debug for ReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadGuard").field(&**self).finish()
    }
}
