use std::fmt;

/// What became of the items of a closed [`Batcher`](super::Batcher).
///
/// The counts are those of the batcher's whole life: `handled + failed + dropped + in_flight`, and the left-over items
/// of all calls to close together, are what pushes succeeded with.
///
/// ```
/// use bedplate::batch::Batcher;
///
/// let batcher = Batcher::builder().max_items(2).linger(std::time::Duration::MAX).inline(|b: &mut Vec<u64>| b.clear());
/// (1..=3).for_each(|n| batcher.push(n).unwrap());
/// let report = batcher.try_close();
/// assert_eq!((report.handled, report.in_flight), (2, 0));
/// assert_eq!(report.left_over, [3]);
/// ```
#[must_use = "`left_over` holds the items that nobody has handled"]
#[non_exhaustive]
pub struct CloseReport<T> {
    /// How many items the handler took.
    pub handled: u64,
    /// How many items the handler left or panicked over; they went to `on_failed`.
    pub failed: u64,
    /// How many items were dropped where the batcher was full, by [`Overflow`](super::Overflow).
    pub dropped: u64,
    /// How many items are in the batch that the handler still works on. They will be handled or fail.
    pub in_flight: usize,
    /// The items that no handler was called with before the time was up, in the order they were pushed.
    pub left_over: Vec<T>,
}

/// The left-over items as their number, so that `T` need not be `Debug`.
impl<T> fmt::Debug for CloseReport<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloseReport")
            .field("handled", &self.handled)
            .field("failed", &self.failed)
            .field("dropped", &self.dropped)
            .field("in_flight", &self.in_flight)
            .field("left_over", &self.left_over.len())
            .finish()
    }
}
