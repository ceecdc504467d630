/// What a channel holds, what has gone through it and who is at it, as of one call.
///
/// The fields are read one after the other: while others send and receive they may be of slightly different moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The most items the channel holds.
    pub capacity: usize,
    /// Items in the channel.
    pub len: usize,
    /// Items ever accepted from senders.
    pub sent: u64,
    /// Items ever handed to receivers, and those dropped after the last receiver.
    pub received: u64,
    /// Living senders.
    pub senders: usize,
    /// Living receivers.
    pub receivers: usize,
    /// Senders that are parked for room.
    pub parked_senders: usize,
    /// Receivers that are parked for an item.
    pub parked_receivers: usize,
    /// How often a sender parked for room since the channel was made.
    pub sender_parks: u64,
    /// How often a receiver parked for an item since the channel was made.
    pub receiver_parks: u64,
    /// How often a sender was woken because there was room, a close left out.
    pub sender_wakes: u64,
    /// How often a receiver was woken because there was an item, a close left out.
    pub receiver_wakes: u64,
    /// How often a closure of [`Builder::on_readable`](super::Builder::on_readable) or
    /// [`Builder::on_writable`](super::Builder::on_writable) panicked.
    pub hook_panics: u64,
    /// Whether the channel is closed.
    pub closed: bool,
}

crate::stats::figures!(Stats {
    level: capacity, len;
    count: sent, received;
    level: senders, receivers, parked_senders, parked_receivers;
    count: sender_parks, receiver_parks, sender_wakes, receiver_wakes, hook_panics;
    flag: closed;
});
