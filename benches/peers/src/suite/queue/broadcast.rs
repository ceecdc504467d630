//! Items from one producer that every consumer sees, where the slowest holds the producer up.

use super::stream::one_to_each;
use crate::harness::{Bench, Better, Spec};
use crate::suite::shape::CAPACITY;
use bedplate::queue::broadcast;
use disruptor::{BusySpin, EventPoller, Producer, SingleProducerBarrier, build_single_producer};
use std::time::Duration;

/// Measures single and bulk pushes to one and to two consumers.
pub fn run(bench: &mut Bench) {
    for bulk in [1, 32] {
        let (calls, how) = match bulk {
            1 => ("broadcast", "single pushes".to_owned()),
            n => ("broadcast32", format!("{n} items a push")),
        };
        for consumers in [1, 2] {
            let detail = format!(
                "u64; capacity {CAPACITY}; {how}, read in place, all there is at once; {}; verified: order of all items \
                 at each consumer",
                super::WAIT
            );
            bench.run(
                Spec::new(format!("{calls} 1p{consumers}c"), detail)
                    .threads(1 + consumers)
                    .unit("ns/item", Better::Lower)
                    .timed("bedplate", move |ops| gated(consumers, bulk, ops))
                    .timed("disruptor", move |ops| disruptor(consumers, bulk, ops)),
            );
        }
    }
}

/// `bedplate::queue::broadcast::gated`.
fn gated(consumers: usize, bulk: usize, ops: u64) -> Duration {
    let (sender, receiver) = broadcast::gated(CAPACITY);
    let mut receivers = vec![receiver];
    receivers.resize_with(consumers, || sender.subscribe());
    let read = |mut receiver: broadcast::gated::Receiver<u64>| {
        move |first| {
            let mut next = first;
            let check = |&value: &u64| {
                assert_eq!(value, next, "items keep their order");
                next += 1;
            };
            receiver.try_read_bulk(usize::MAX, check).unwrap_or(0)
        }
    };
    let reads = receivers.into_iter().map(read).collect();
    if bulk == 1 {
        return one_to_each(ops, move |next| usize::from(sender.try_push(next).is_ok()), reads);
    }
    let mut items = Vec::with_capacity(bulk);
    let push = move |next: u64| {
        items.clear();
        items.extend(next..ops.min(next + bulk as u64));
        sender.try_push_bulk(&mut items.as_slice())
    };
    one_to_each(ops, push, reads)
}

/// Crate `disruptor`, whose consumers poll, so that they wait as all threads here do.
fn disruptor(consumers: usize, bulk: usize, ops: u64) -> Duration {
    let (first, builder) = build_single_producer(CAPACITY, || 0_u64, BusySpin).new_event_poller();
    // How many consumers there are is in the type of the producer.
    if consumers == 1 {
        return publish(builder.build(), vec![first], bulk, ops);
    }
    let (second, builder) = builder.new_event_poller();
    publish(builder.build(), vec![first, second], bulk, ops)
}

fn publish(
    mut producer: impl Producer<u64> + Send,
    pollers: Vec<EventPoller<u64, SingleProducerBarrier>>,
    bulk: usize,
    ops: u64,
) -> Duration {
    let read = |mut poller: EventPoller<u64, SingleProducerBarrier>| {
        move |first: u64| {
            poller.poll().map_or(0, |mut events| {
                let mut next = first;
                for &value in &mut events {
                    assert_eq!(value, next, "items keep their order");
                    next += 1;
                }
                (next - first) as usize
            })
        }
    };
    let reads = pollers.into_iter().map(read).collect();
    if bulk == 1 {
        return one_to_each(ops, move |next| usize::from(producer.try_publish(|event| *event = next).is_ok()), reads);
    }
    let push = move |next: u64| {
        let count = (ops - next).min(bulk as u64) as usize;
        let published =
            producer.try_batch_publish(count, |events| events.zip(next..).for_each(|(event, number)| *event = number));
        published.map_or(0, |_| count)
    };
    one_to_each(ops, push, reads)
}
