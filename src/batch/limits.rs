/// What bounds a batch and a batcher.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_items: usize,
    pub(super) max_bytes: usize,
    /// At least `max_items`: whenever it is reached, a full batch is there to be taken.
    pub(super) capacity: usize,
}

impl Limits {
    /// Vectors are made for a whole batch up to this many bytes, and grow where a batch is larger.
    const WHOLE: usize = 1 << 20;

    /// How long a new vector for a batch of items of type `T` is made.
    pub(super) fn vec_capacity<T>(&self) -> usize {
        self.max_items.min(Self::WHOLE / size_of::<T>().max(1)).max(1)
    }

    /// How many empty vectors are kept: as many as there are batches when the batcher is full, the open one and the one
    /// in flight. More come up only where batches end at their bytes.
    pub(super) fn spares(&self) -> usize {
        self.capacity / self.max_items + 2
    }
}
