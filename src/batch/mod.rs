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
//! # Nothing is lost
//!
//! Each item that a push accepted ends in one of three places: the handler takes it, or it is handed to
//! [`on_failed`](BatcherBuilder::on_failed), or [`close`](Batcher::close_timeout) gives it back. [`BatcherStats`] counts
//! every one of them, and the four figures `handled`, `failed`, `left_over` and "still inside" sum up to `pushed` at
//! every moment.
//!
//! # Whose thread
//!
//! [`spawn`](BatcherBuilder::spawn) makes one thread with the name it is given, the only one this module ever makes.
//! It sleeps while nothing is due, without a tick: a push wakes it when the first item of a batch arrives and nothing
//! is there to time, and once more when a batch is full. [`inline`](BatcherBuilder::inline) makes none: the caller
//! whose push makes a batch due runs the handler for it.

mod batcher;
mod batcher_builder;
mod batcher_stats;
mod close_report;
mod contain;
mod flush_error;
mod inside;
mod open_batch;
mod push_error;
mod shared;
mod state;
mod trigger;

pub use batcher::Batcher;
pub use batcher_builder::BatcherBuilder;
pub use batcher_stats::BatcherStats;
pub use close_report::CloseReport;
pub use flush_error::FlushError;
pub use push_error::PushError;

#[cfg(test)]
mod tests;
