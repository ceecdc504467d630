use super::Bounded;

/// Takes all items out of a [`Bounded`], from [`Bounded::drain`]. Dropped, it drops the items it was not asked for; a
/// panic in one item's `Drop` does not keep the others inside.
#[derive(Debug)]
#[must_use = "dropping it drops the items: iterate over it to have them"]
pub struct Drain<'a, T> {
    queue: &'a mut Bounded<T>,
}

impl<'a, T> Drain<'a, T> {
    pub(super) fn new(queue: &'a mut Bounded<T>) -> Self {
        Self { queue }
    }
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        // Nobody else is at work on the queue, so anything but an item means that there is none.
        self.queue.try_pop().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.queue.len();
        (len, Some(len))
    }
}

impl<T> ExactSizeIterator for Drain<'_, T> {}

impl<T> Drop for Drain<'_, T> {
    fn drop(&mut self) {
        /// Goes on with the other items where dropping one of them panics.
        struct Rest<'r, 'a, T>(&'r mut Drain<'a, T>);

        impl<T> Drop for Rest<'_, '_, T> {
            fn drop(&mut self) {
                self.0.for_each(drop);
            }
        }

        let rest = Rest(self);
        rest.0.for_each(drop);
    }
}
