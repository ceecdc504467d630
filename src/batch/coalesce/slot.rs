/// Where a pair waits in the table: what the batcher behind a coalescer gathers in the pair's stead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot(pub(super) usize);

impl Slot {
    /// Of a pair that was taken out of the table for the handler.
    pub(super) const SPENT: Self = Self(usize::MAX);
}
