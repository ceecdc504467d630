use std::ptr::NonNull;

/// What names a thing of a pool: an address, which nobody but the owner of the stock looks behind.
pub(in crate::pool) trait Item: Copy {
    fn into_ptr(self) -> NonNull<()>;

    /// The item that [`into_ptr`](Self::into_ptr) was called on.
    fn from_ptr(ptr: NonNull<()>) -> Self;
}
