use std::fmt;

use super::Receiver;
use crate::primitive::Arc;
use crate::queue::{Bounded, Pop};

/// Receives until the channel is closed and drained, from [`Receiver::iter`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Iter<'a, T, Q: Pop<T>> {
    receiver: &'a Receiver<T, Q>,
}

/// Receives what is there, from [`Receiver::try_iter`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct TryIter<'a, T, Q: Pop<T>> {
    receiver: &'a Receiver<T, Q>,
}

/// Owns a receiver and receives until the channel is closed and drained. Dropped before, it drops the receiver.
#[must_use = "dropping the last receiver closes the channel"]
pub struct IntoIter<T, Q: Pop<T> = Arc<Bounded<T>>> {
    receiver: Receiver<T, Q>,
}

impl<'a, T, Q: Pop<T>> Iter<'a, T, Q> {
    pub(super) fn new(receiver: &'a Receiver<T, Q>) -> Self {
        Self { receiver }
    }
}

impl<'a, T, Q: Pop<T>> TryIter<'a, T, Q> {
    pub(super) fn new(receiver: &'a Receiver<T, Q>) -> Self {
        Self { receiver }
    }
}

impl<T, Q: Pop<T>> IntoIter<T, Q> {
    pub(super) fn new(receiver: Receiver<T, Q>) -> Self {
        Self { receiver }
    }
}

impl<T, Q: Pop<T>> Iterator for Iter<'_, T, Q> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T, Q: Pop<T>> Iterator for TryIter<'_, T, Q> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.try_recv().ok()
    }
}

impl<T, Q: Pop<T>> Iterator for IntoIter<T, Q> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv().ok()
    }
}

impl<T, Q: Pop<T>> fmt::Debug for Iter<'_, T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iter").field("receiver", self.receiver).finish()
    }
}

impl<T, Q: Pop<T>> fmt::Debug for TryIter<'_, T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryIter").field("receiver", self.receiver).finish()
    }
}

impl<T, Q: Pop<T>> fmt::Debug for IntoIter<T, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntoIter").field("receiver", &self.receiver).finish()
    }
}
