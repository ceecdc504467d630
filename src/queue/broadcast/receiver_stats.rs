/// What one receiver has seen and has before it, as of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiverStats {
    /// Items that were pushed and not yet seen. Lossy: those of them that are still there.
    pub len: usize,
    /// Items this receiver got, through whichever operation. A clone starts at zero.
    pub received: u64,
    /// Items it was told to have lost: the sum of all `Lagged`. Gated: always zero. A clone starts at zero.
    pub missed: u64,
    /// Whether the broadcast is closed.
    pub closed: bool,
}

crate::stats::figures!(ReceiverStats { level: len; count: received, missed; flag: closed });
