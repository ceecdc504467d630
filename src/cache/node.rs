/// An entry of a shard, and its place in one of the two queues.
#[derive(Debug)]
pub(super) struct Node<K, V> {
    /// The whole hash, so that moving the table needs no user code and most unequal keys are told apart without `Eq`.
    pub(super) hash: u64,
    /// Towards the newer end of the queue.
    pub(super) newer: u32,
    /// Towards the older end.
    pub(super) older: u32,
    pub(super) queue: Queue,
    /// Hits since the entry came into its queue, up to [`MAX_FREQUENCY`].
    pub(super) frequency: u8,
    pub(super) key: K,
    pub(super) value: V,
}

/// Two bits, as in the paper.
pub(super) const MAX_FREQUENCY: u8 = 3;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Queue {
    Small,
    Main,
}
