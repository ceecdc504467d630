//! Items through a channel.

use super::ends::Channel;
use crate::harness::{Job, share};
use crate::suite::payload::{Payload, sum_below};
use crate::suite::shape::Shape;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// `ops` items from the senders to the receivers, who take what comes until the channel is closed.
pub fn flow<T: Payload, C: Channel<T>>(shape: Shape, ops: u64) -> Duration {
    let received = &AtomicU64::new(0);
    let (senders, receivers) = C::ends(shape.capacity, shape.producers, shape.consumers);
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for (index, sender) in senders.into_iter().enumerate() {
        let numbers = share(ops, shape.producers as u64, index as u64);
        jobs.push(Box::new(move || {
            send::<T, C>(&sender, numbers, shape.bulk);
            0
        }));
    }
    for receiver in receivers {
        jobs.push(Box::new(move || {
            let (count, sum) = receive::<T, C>(&receiver, shape.bulk);
            received.fetch_add(count, Ordering::Relaxed);
            sum
        }));
    }
    let (elapsed, sum) = shape.start(jobs);
    assert_eq!(received.load(Ordering::Relaxed), ops, "each item arrives");
    assert_eq!(sum, sum_below(ops), "each item arrives once");
    elapsed
}

fn send<T: Payload, C: Channel<T>>(sender: &C::Sender, numbers: Range<u64>, bulk: usize) {
    if bulk == 1 {
        numbers.for_each(|number| C::send(sender, T::numbered(number)));
        return;
    }
    let mut items = Vec::with_capacity(bulk);
    let Range { start: mut next, end } = numbers;
    while next < end {
        let until = end.min(next + bulk as u64);
        items.extend((next..until).map(T::numbered));
        next = until;
        C::send_all(sender, &mut items);
        assert!(items.is_empty(), "a bulk send that waits sends all");
    }
}

/// The count of what came until the channel was closed, and the sum of the numbers.
fn receive<T: Payload, C: Channel<T>>(receiver: &C::Receiver, bulk: usize) -> (u64, u64) {
    let (mut count, mut sum) = (0, 0_u64);
    if bulk == 1 {
        while let Some(item) = C::recv(receiver) {
            count += 1;
            sum = sum.wrapping_add(item.number());
        }
        return (count, sum);
    }
    let mut items = Vec::with_capacity(bulk);
    loop {
        C::recv_many(receiver, &mut items, bulk);
        if items.is_empty() {
            return (count, sum);
        }
        count += items.len() as u64;
        sum = items.drain(..).fold(sum, |sum, item| sum.wrapping_add(item.number()));
    }
}
