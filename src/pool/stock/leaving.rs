use super::{Item, Stock};

/// How an item that was out ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::pool) enum End {
    Discarded,
    Detached,
    /// It was taken, but did not go out.
    Rejected,
}

/// Items that are out and end. Dropped, also by a panic of what ends them, it frees their places and wakes as many
/// waiters.
#[must_use = "the places are free when this is dropped"]
pub(in crate::pool) struct Leaving<'a, I: Item> {
    stock: &'a Stock<I>,
    count: usize,
    end: End,
}

impl<'a, I: Item> Leaving<'a, I> {
    pub(super) fn new(stock: &'a Stock<I>, count: usize, end: End) -> Self {
        Self { stock, count, end }
    }
}

impl<I: Item> Drop for Leaving<'_, I> {
    fn drop(&mut self) {
        if self.count == 0 {
            return;
        }
        {
            let mut depot = self.stock.lock();
            depot.live -= self.count;
            match self.end {
                End::Discarded => depot.counts.discarded += self.count as u64,
                End::Detached => depot.counts.detached += self.count as u64,
                End::Rejected => {
                    depot.counts.discarded += self.count as u64;
                    depot.counts.rejected += self.count as u64;
                }
            }
        }
        self.stock.freed(self.count);
    }
}
