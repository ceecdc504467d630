//! One item to and fro through two channels.

use super::ends::Channel;
use crate::suite::trips::round_trips;

/// The nanoseconds of each of so many trips through two channels of that capacity.
pub fn pingpong<C: Channel<u64>>(capacity: usize, trips: u64) -> Vec<u64> {
    let (there, received) = one_each::<C>(capacity);
    let (back, returned) = one_each::<C>(capacity);
    let take = |receiver: &C::Receiver| C::recv(receiver).expect("the other end is there");
    round_trips(
        trips,
        move |number| {
            C::send(&there, number);
            take(&returned)
        },
        move || C::send(&back, take(&received)),
    )
}

/// A sender and a receiver.
pub fn one_each<C: Channel<u64>>(capacity: usize) -> (C::Sender, C::Receiver) {
    let (mut senders, mut receivers) = C::ends(capacity, 1, 1);
    senders.pop().zip(receivers.pop()).expect("one of each was asked for")
}
