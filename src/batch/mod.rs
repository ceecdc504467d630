//! Gathering single items into batches, for work that costs nearly the same for one item as for a hundred.
//!
//! A [`Batcher`] takes items one by one from any number of threads and hands them to one handler many at a time: a
//! commit, a `write`, a request for a hundred rows. A batch is handed over when it is full, when it holds enough bytes,
//! when its first item has waited for the linger, or when somebody asks for it.
//!
//! | linger | a batch is | for |
//! |---|---|---|
//! | zero, the default | what gathered while the handler was busy with the one before | the lowest latency at any load |
//! | a few milliseconds | what came within that time of its first item | handlers whose every call is dear |
//! | [`Duration::MAX`](std::time::Duration::MAX) | full, or flushed | work that need not be done soon |
//!
//! A [`Coalescer`] does the same for pairs of a key and a value, and merges what comes for a key that waits.
//!
//! # Nothing is lost
//!
//! Each item that a push accepted ends in one of three places: the handler takes it, or it is handed to
//! [`on_failed`](BatcherBuilder::on_failed), or [`close`](Batcher::close_timeout) gives it back. Where a batcher was
//! asked to drop when it is full ([`Overflow`]), it counts what it drops. [`BatcherStats`] counts every item, and
//! `handled`, `failed`, `left_over`, `dropped_oldest` and what is still inside sum up to `pushed` at every moment.
//!
//! # Whose thread
//!
//! [`spawn`](BatcherBuilder::spawn) makes one thread with the name it is given, the only one it ever makes. It sleeps
//! while nothing is due, without a tick: a push wakes it when the first item of a batch arrives and nothing is there to
//! time, and once more when a batch is full; after a full batch it looks for 20 µs whether more comes.
//! [`inline`](BatcherBuilder::inline) makes none: the caller whose push makes a batch due runs the handler for it.
//!
//! # What a push costs
//!
//! | push | costs, where nothing is in the way | order |
//! |---|---|---|
//! | [`Batcher::push`] | one atomic read-modify-write | that of all pushes |
//! | [`Batcher::push_all`] | the same for many items | neighbours, as far as the batch goes |
//! | [`Producer::push`] | none; the lock once a stage | that of the producer |
//!
//! # By key, and signals
//!
//! A [`Coalescer`] gathers values by key and merges those of one key: a batch is made of distinct keys. On Linux a
//! [`SignalBatcher`] takes POSIX signals in batches.
//!
//! `docs/batchers` says why all this is as it is.

mod ahead;
mod back;
mod batcher;
mod batcher_builder;
mod batcher_stats;
mod close_report;
mod coalesce;
mod contain;
mod feed;
mod flush_error;
mod front;
mod inside;
mod limits;
mod linger;
mod overflow;
mod producer;
mod push_error;
mod retry;
mod serve;
mod shared;
#[cfg(target_os = "linux")]
pub mod signals;
mod stage;
mod trigger;
mod watch;

pub use batcher::Batcher;
pub use batcher_builder::BatcherBuilder;
pub use batcher_stats::BatcherStats;
pub use close_report::CloseReport;
pub use coalesce::{Coalescer, CoalescerBuilder, CoalescerStats};
pub use flush_error::FlushError;
pub use overflow::Overflow;
pub use producer::Producer;
pub use push_error::PushError;
#[cfg(target_os = "linux")]
pub use signals::SignalBatcher;

#[cfg(test)]
mod tests;
