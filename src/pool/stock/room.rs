use super::{Item, Stock};

/// Places of the bound that are held for items being made. Dropped, by an error or a panic of the maker, it frees them
/// and wakes as many waiters.
#[must_use = "the places are free again when this is dropped"]
pub(in crate::pool) struct Room<'a, I: Item> {
    stock: &'a Stock<I>,
    count: usize,
}

impl<'a, I: Item> Room<'a, I> {
    /// `count` places, which the caller has reserved in the depot.
    pub(super) fn new(stock: &'a Stock<I>, count: usize) -> Self {
        Self { stock, count }
    }

    pub(in crate::pool) fn count(&self) -> usize {
        self.count
    }

    /// One item was made and goes straight out.
    pub(in crate::pool) fn fill_out(mut self) {
        debug_assert_eq!(self.count, 1);
        let mut depot = self.stock.lock();
        self.count = 0;
        depot.fill(1);
        depot.counts.acquired += 1;
    }

    /// All of them were made and wait in the depot; the last goes out first. Handed back, and counted as items that are
    /// out, where that was closed meanwhile.
    pub(in crate::pool) fn fill_idle<J: ExactSizeIterator<Item = I>>(mut self, items: J) -> Result<(), J> {
        debug_assert_eq!(self.count, items.len());
        let count = std::mem::take(&mut self.count);
        {
            let mut depot = self.stock.lock();
            depot.fill(count);
            if depot.closed {
                return Err(items);
            }
            depot.idle.extend(items);
        }
        self.stock.freed(count);
        Ok(())
    }
}

impl<I: Item> Drop for Room<'_, I> {
    fn drop(&mut self) {
        if self.count != 0 {
            self.stock.lock().reserved -= self.count;
            self.stock.freed(self.count);
        }
    }
}
