//! The queues with an end a thread under one set of names.

use super::mpmc::Mpmc;
use bedplate::queue::{mpsc, spmc, spsc};
use rtrb::chunks::ChunkError;
use std::marker::PhantomData;
use std::sync::Arc;

/// A bounded queue with one producer and one consumer, each a handle of its own.
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

    /// Pushes up to `count` numbers from `first` on, by the ring's bulk call where it has one.
    fn push_range(producer: &mut Self::Producer, first: u64, count: usize) -> usize {
        (first..first + count as u64).take_while(|&value| Self::push(producer, value)).count()
    }

    /// Pops up to `max` items, by the ring's bulk call where it has one; they must count up from `first`.
    fn pop_range(consumer: &mut Self::Consumer, first: u64, max: usize) -> usize {
        let expected = first..first + max as u64;
        expected.map_while(|value| Self::pop(consumer).inspect(|&popped| assert_eq!(popped, value))).count()
    }
}

/// A queue of bedplate's with an end a handle, and its bulk calls.
macro_rules! bedplate {
    ($name:ident: $module:ident $(, $bulk:item)*) => {
        #[doc = concat!("`bedplate::queue::", stringify!($module), "`.")]
        #[derive(Debug)]
        pub struct $name;

        impl Ring for $name {
            type Producer = $module::Producer<u64>;
            type Consumer = $module::Consumer<u64>;

            fn with_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
                $module::ring(capacity)
            }

            #[inline]
            fn push(producer: &mut Self::Producer, value: u64) -> bool {
                producer.try_push(value).is_ok()
            }

            #[inline]
            fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
                consumer.try_pop().ok()
            }

            $($bulk)*
        }
    };
}

bedplate!(Mpsc: mpsc);
bedplate!(Spmc: spmc);
bedplate!(
    Spsc: spsc,
    fn push_range(producer: &mut Self::Producer, first: u64, count: usize) -> usize {
        producer.try_write_chunk(count).map_or(0, |chunk| chunk.fill_from_iter(first..first + count as u64))
    },
    fn pop_range(consumer: &mut Self::Consumer, first: u64, max: usize) -> usize {
        consumer.try_read_chunk(max).map_or(0, |chunk| {
            let count = chunk.len();
            assert!(chunk.into_iter().eq(first..first + count as u64), "items keep their order");
            count
        })
    }
);

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

    // Its error says how many there are, so that the other end's line is read only where it has to be: `slots()` before
    // each chunk reads it always.
    fn push_range(producer: &mut Self::Producer, first: u64, count: usize) -> usize {
        let count = match producer.write_chunk_uninit(count) {
            Ok(chunk) => return chunk.fill_from_iter(first..first + count as u64),
            Err(ChunkError::TooFewSlots(slots)) => slots,
        };
        let chunk = producer.write_chunk_uninit(count).expect("the slots were there");
        chunk.fill_from_iter(first..first + count as u64)
    }

    fn pop_range(consumer: &mut Self::Consumer, first: u64, max: usize) -> usize {
        let count = match consumer.read_chunk(max) {
            Ok(_) => max,
            Err(ChunkError::TooFewSlots(slots)) => slots,
        };
        let chunk = consumer.read_chunk(count).expect("the items were there");
        assert!(chunk.into_iter().eq(first..first + count as u64), "items keep their order");
        count
    }
}

/// A many-to-many queue used by two threads.
#[derive(Debug)]
pub struct Shared<Q>(PhantomData<Q>);

impl<Q: Mpmc<u64>> Ring for Shared<Q> {
    type Producer = Arc<Q>;
    type Consumer = Arc<Q>;

    fn with_capacity(capacity: usize) -> (Self::Producer, Self::Consumer) {
        let queue = Arc::new(Q::with_capacity(capacity));
        (Arc::clone(&queue), queue)
    }

    #[inline]
    fn push(producer: &mut Self::Producer, value: u64) -> bool {
        producer.as_ref().push(value)
    }

    #[inline]
    fn pop(consumer: &mut Self::Consumer) -> Option<u64> {
        consumer.as_ref().pop()
    }
}
