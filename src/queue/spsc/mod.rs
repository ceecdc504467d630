//! A ring between exactly one producer and one consumer, without an atomic read-modify-write.
//!
//! [`ring`] makes the two ends. Each may be sent to another thread but not shared: that one thread pushes and one pops
//! is in the types. Either end closes the ring by being dropped; what was pushed before is still there for the
//! consumer.
//!
//! Many items at once go by [`Producer::try_push_bulk`] and [`Consumer::try_pop_bulk`], which move them from and into
//! a `Vec`, or in place: a [`WriteChunk`] is a range of free slots to be written, a [`ReadChunk`] a range of items to
//! be read. Both are two slices where the range goes round the end of the ring. The other end sees all of a chunk at
//! once, or of one that is committed in part, all of that part.
//!
//! ```
//! use bedplate::queue::spsc;
//! use std::io::Write;
//!
//! let (mut producer, mut consumer) = spsc::ring::<u8>(4096);
//! let chunk = producer.try_write_chunk(5).unwrap();
//! assert_eq!(chunk.fill_from_iter(*b"bytes"), 5);
//!
//! let mut file = Vec::new();
//! let chunk = consumer.try_read_chunk(usize::MAX).unwrap();
//! let written = file.write(chunk.as_slices().0).unwrap();
//! chunk.commit(written);
//! assert_eq!(file, b"bytes");
//! ```
//!
//! Head and tail are on lines of their own, and each end keeps the last it saw of the other, so that it reads the
//! other's line only when the ring looks full or empty. After `rtrb`, whose chunks these are, and the ring of folly's
//! `ProducerConsumerQueue`.

mod consumer;
mod into_iter;
mod producer;
mod read_chunk;
mod ring;
mod write_chunk;

pub use consumer::Consumer;
pub use into_iter::IntoIter;
pub use producer::Producer;
pub use read_chunk::ReadChunk;
pub use ring::ring;
pub use write_chunk::WriteChunk;
