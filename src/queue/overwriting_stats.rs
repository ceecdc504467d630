/// What an [`Overwriting`](super::Overwriting) ring holds and what became of what was pushed, as of one call.
///
/// With no other call at work, `pushed == popped + lost + len`. The fields are read one after the other: while others
/// push and pop they may be of slightly different moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OverwritingStats {
    /// The most items the ring holds.
    pub capacity: usize,
    /// Items in the ring.
    pub len: usize,
    /// Items ever accepted.
    pub pushed: u64,
    /// Items ever handed to a pop.
    pub popped: u64,
    /// Items overwritten before a pop came for them, those that [`force_push`](super::Overwriting::force_push) gave
    /// back among them.
    pub lost: u64,
    /// Pushes answered [`Busy`](super::PushError::Busy). Their items were never accepted, and are in no other count.
    pub busy: u64,
    /// Whether the ring is closed.
    pub closed: bool,
}

crate::stats::figures!(OverwritingStats { level: capacity, len; count: pushed, popped, lost, busy; flag: closed });
