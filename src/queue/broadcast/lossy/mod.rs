//! A lossy broadcast: the sender never waits, and a slow receiver is told how many items it has lost. Made by
//! [`broadcast::lossy`](super::lossy()).
//!
//! Each slot is a sequence lock over words: the sender marks the slot, writes the item word by word and marks it again;
//! a receiver copies the words and believes the copy if the mark was the right one before and after. Every word is an
//! atomic, so a torn copy is only a wrong one, which is thrown away, and no data race; that is why an item has to be
//! [`Plain`] bytes. Receivers write nothing that others read: a stopped one holds nobody up, and any number of them
//! cost the sender nothing but the traffic of its lines. After Boehm, "Can seqlocks get along with programming language
//! memory models?" (2012).

mod plain;
mod receiver;
pub(super) mod ring;
mod sender;
mod shared_sender;

pub use plain::Plain;
pub use receiver::Receiver;
pub use sender::Sender;
pub use shared_sender::SharedSender;
