//! A ring between exactly one producer and one consumer, without an atomic read-modify-write.
//!
//! [`ring`] makes the two ends. Each may be sent to another thread but not shared: that one thread pushes and one pops
//! is in the types. Either end closes the ring by being dropped; what was pushed before is still there for the
//! consumer.
//!
//! Head and tail are on lines of their own, and each end keeps the last it saw of the other, so that it reads the
//! other's line only when the ring looks full or empty. After `rtrb` and the ring of folly's `ProducerConsumerQueue`.

mod consumer;
mod producer;
mod ring;

pub use consumer::Consumer;
pub use producer::Producer;
pub use ring::ring;
