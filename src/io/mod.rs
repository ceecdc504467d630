//! Files past the page cache, read and written in blocks of a pool, and a durable log (Linux).
//!
//! | want | take |
//! |---|---|
//! | read a file front to back, blocks by value | [`DirectReader`] |
//! | write a file front to back, to appear whole or not at all | [`DirectWriter`] |
//! | read and write at offsets of one's own choice | [`DirectFile`] |
//! | records that are durable when a call returns | [`AppendLog`], read with a [`LogReader`] |
//! | many reads and writes at once, from one thread | `Uring` (feature `io-uring`) |
//! | the content of one file in another, moved by the kernel | [`copy()`] |
//! | a file as a slice | [`map_sealed`] where the kernel keeps it from changing, else [`map()`] |
//!
//! `O_DIRECT` is asked for with a [`Demand`](crate::Demand), by default [`Prefer`](crate::Demand::Prefer): where a file
//! system refuses it, the same calls go through the page cache, and `effective()` tells so. Calls block the thread that
//! makes them; with [`Backend::Threads`] those that were asked for, and with `Backend::Uring` nobody but who waits for a
//! result.

mod advice;
mod ahead;
mod alignment;
mod atomic_writes;
mod backend;
mod copied;
mod copy;
mod copy_options;
mod copy_way;
mod effective;
mod engine;
mod extent;
mod file;
mod file_error;
mod file_options;
mod file_stats;
mod log;
mod map;
mod map_file;
mod not_atomic;
mod not_sealed;
mod preallocate;
mod publish;
mod read_options;
mod reader;
mod reader_builder;
mod reader_stats;
mod storage;
#[cfg(feature = "io-uring")]
mod uring;
mod write_failed;
mod write_options;
mod writer;
mod writer_builder;
mod writer_stats;

pub use advice::Advice;
pub use alignment::Alignment;
pub use atomic_writes::AtomicWrites;
pub use backend::Backend;
pub use copied::Copied;
pub use copy::{copy, copy_with};
pub use copy_options::CopyOptions;
pub use copy_way::CopyWay;
pub use effective::Effective;
pub use file::DirectFile;
pub use file_error::{Misaligned, SyncLost};
pub use file_options::DirectFileOptions;
pub use file_stats::FileStats;
#[cfg(bedplate_loom)]
#[doc(hidden)]
pub use log::LoomDisk;
pub use log::{
    AppendLog, AppendLogOptions, BlockRefused, LogError, LogFollower, LogFrame, LogHistograms, LogReader, LogStats,
    Lsn, OwnedRecord, Record, Records, Recovery, VerifyReport,
};
pub use map::Map;
pub use map_file::{map, map_range, map_sealed};
pub use not_atomic::NotAtomic;
pub use not_sealed::NotSealed;
pub use preallocate::Preallocate;
pub use read_options::ReadOptions;
pub use reader::DirectReader;
pub use reader_builder::DirectReaderBuilder;
pub use reader_stats::ReaderStats;
#[cfg(feature = "io-uring")]
pub use uring::{
    Buffers, Completion, FileId, IoBuf, OpId, Refusal, Refused, Uring, UringBuilder, UringEffective, UringStats,
    UringUnavailable,
};
pub use write_failed::WriteFailed;
pub use write_options::WriteOptions;
pub use writer::DirectWriter;
pub use writer_builder::DirectWriterBuilder;
pub use writer_stats::WriterStats;

#[cfg(test)]
mod tests;
