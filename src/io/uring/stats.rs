/// What a [`Uring`](super::Uring) holds and did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UringStats {
    /// Operations that were accepted.
    pub accepted: u64,
    /// Operations that came to their end, polled or not.
    pub completed: u64,
    /// Those of them whose result is an error, cancelled ones too.
    pub failed: u64,
    /// Bytes that reads gave.
    pub bytes_read: u64,
    /// Bytes that writes took which ended well.
    pub bytes_written: u64,
    /// Operations on memory that is registered with the kernel.
    pub fixed: u64,
    /// Cancellations that were asked for.
    pub cancels: u64,
    /// Times that entries of [`write_then_sync`](super::Uring::write_then_sync) or
    /// [`write_durable`](super::Uring::write_durable) were submitted again, for the rest of a short write, or another
    /// way.
    pub resumed: u64,
    /// Calls of the kernel, `io_uring_enter`.
    pub enters: u64,
    /// Operations that may be in flight at once.
    pub depth: usize,
    /// Operations that were accepted and not polled.
    pub in_flight: usize,
}

crate::stats::figures!(UringStats {
    count: accepted, completed, failed, bytes_read, bytes_written, fixed, cancels, resumed, enters;
    level: depth, in_flight
});
