//! The one-to-one rings under one set of names.

use bedplate::queue::spsc;

/// A bounded ring of one producer and one consumer.
pub trait Ring {
    /// Pushes.
    type Producer: Send;
    /// Pops.
    type Consumer: Send;

    /// An empty ring.
    fn with_capacity(capacity: usize) -> (Self::Producer, Self::Consumer);
    /// Whether there was room.
    fn push(producer: &mut Self::Producer, value: u64) -> bool;
    /// The oldest, if there is one.
    fn pop(consumer: &mut Self::Consumer) -> Option<u64>;
    /// Pushes up to `count` numbers from `first` on, by the ring's bulk call.
    fn push_range(producer: &mut Self::Producer, first: u64, count: usize) -> usize;
    /// Pops up to `max` items by the ring's bulk call; they must count up from `first`.
    fn pop_range(consumer: &mut Self::Consumer, first: u64, max: usize) -> usize;
}

/// `bedplate::queue::spsc`. Its bulk calls move items out of and into a vector, which the handles keep beside them.
#[derive(Debug)]
pub struct Bedplate;

impl Ring for Bedplate {
    type Producer = (spsc::Producer<u64>, Vec<u64>);
    type Consumer = (spsc::Consumer<u64>, Vec<u64>);

    fn with_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let (producer, consumer) = spsc::ring(capacity);
        ((producer, Vec::new()), (consumer, Vec::new()))
    }

    #[inline]
    fn push(producer: &mut Self::Producer, value: u64) -> bool {
        producer.0.try_push(value).is_ok()
    }

    #[inline]
    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        consumer.0.try_pop().ok()
    }

    fn push_range((producer, items): &mut Self::Producer, first: u64, count: usize) -> usize {
        items.clear();
        items.extend(first..first + count as u64);
        producer.try_push_bulk(items)
    }

    fn pop_range((consumer, items): &mut Self::Consumer, first: u64, max: usize) -> usize {
        items.clear();
        let popped = consumer.try_pop_bulk(items, max);
        assert!(items.iter().copied().eq(first..first + popped as u64), "items keep their order");
        popped
    }
}

/// Crate `rtrb`.
#[derive(Debug)]
pub struct Rtrb;

impl Ring for Rtrb {
    type Producer = rtrb::Producer<u64>;
    type Consumer = rtrb::Consumer<u64>;

    fn with_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        rtrb::RingBuffer::new(capacity)
    }

    #[inline]
    fn push(producer: &mut Self::Producer, value: u64) -> bool {
        producer.push(value).is_ok()
    }

    #[inline]
    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        consumer.pop().ok()
    }

    fn push_range(producer: &mut Self::Producer, first: u64, count: usize) -> usize {
        let count = count.min(producer.slots());
        let chunk = producer.write_chunk_uninit(count).expect("the slots were there");
        chunk.fill_from_iter(first..first + count as u64)
    }

    fn pop_range(consumer: &mut Self::Consumer, first: u64, max: usize) -> usize {
        let count = max.min(consumer.slots());
        let chunk = consumer.read_chunk(count).expect("the items were there");
        assert!(chunk.into_iter().eq(first..first + count as u64), "items keep their order");
        count
    }
}
