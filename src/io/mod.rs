//! Files past the page cache, read and written in blocks of a pool, and a durable log (Linux).
//!
//! | want | take |
//! |---|---|
//! | read a file front to back, blocks by value | [`DirectReader`] |
//! | write a file front to back, to appear whole or not at all | [`DirectWriter`] |
//! | read and write at offsets of one's own choice | [`DirectFile`] |
//! | records that are durable when a call returns | [`AppendLog`], read with a [`LogReader`] |
//! | a file as a slice | [`map`] |
//!
//! `O_DIRECT` is asked for with a [`Demand`](crate::Demand), by default [`Prefer`](crate::Demand::Prefer): where a file
//! system refuses it, the same calls go through the page cache, and `effective()` tells so. Calls block the thread that
//! makes them, or threads that were asked for with [`Backend::Threads`].

mod advice;
mod alignment;
mod backend;
mod effective;
mod file;
mod file_error;
mod file_options;
mod file_stats;
mod log;
mod map;
mod publish;
mod reader;
mod reader_builder;
mod reader_stats;
mod workers;
mod writer;
mod writer_builder;
mod writer_stats;

pub use advice::Advice;
pub use alignment::Alignment;
pub use backend::Backend;
pub use effective::Effective;
pub use file::DirectFile;
pub use file_error::{Misaligned, SyncLost};
pub use file_options::DirectFileOptions;
pub use file_stats::FileStats;
pub use log::{
    AppendLog, AppendLogOptions, BatchError, LogError, LogReader, LogStats, Lsn, OwnedRecord, Record, Records,
    Recovery, VerifyReport,
};
pub use map::{Map, map};
pub use reader::DirectReader;
pub use reader_builder::DirectReaderBuilder;
pub use reader_stats::ReaderStats;
pub use writer::{DirectWriter, WriteFailed};
pub use writer_builder::DirectWriterBuilder;
pub use writer_stats::WriterStats;

#[cfg(test)]
mod tests;
