/// What a queue holds and what has gone through it, as of one call.
///
/// Read from the words the queue runs on anyway, so counting costs a push and a pop nothing. The fields are read one
/// after the other: while others push and pop they may be of slightly different moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The most items the queue holds.
    pub capacity: usize,
    /// Items in the queue.
    pub len: usize,
    /// Items ever accepted. Starts over past what the queue's position word can tell, which on 64-bit machines is out
    /// of reach.
    pub pushed: u64,
    /// Items ever handed out; starts over as `pushed` does.
    pub popped: u64,
    /// Whether the queue is closed.
    pub closed: bool,
}

crate::stats::figures!(Stats { level: capacity, len; count: pushed, popped; flag: closed });
