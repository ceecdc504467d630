mod append_log;
mod block_refused;
mod callbacks;
mod error;
mod filling;
mod follower;
pub(super) mod format;
mod frame;
mod gather;
mod held;
mod log_frame;
#[cfg(bedplate_loom)]
mod loom_disk;
mod lsn;
mod options;
#[cfg(feature = "io-uring")]
mod part;
mod position;
mod progress;
mod reader;
#[cfg(feature = "io-uring")]
mod reap;
mod record;
mod records;
pub(super) mod recover;
mod report;
#[cfg(feature = "io-uring")]
mod ring;
mod scan;
pub(super) mod segment;
pub(super) mod segments;
mod shared;
pub(super) mod storage;
mod tail;
pub(super) mod verify;
pub(super) mod window;
mod writers;

pub use append_log::AppendLog;
pub use block_refused::BlockRefused;
pub use error::LogError;
pub use follower::LogFollower;
pub use log_frame::LogFrame;
#[cfg(bedplate_loom)]
pub use loom_disk::LoomDisk;
pub use lsn::Lsn;
pub use options::AppendLogOptions;
pub use reader::LogReader;
pub use record::{OwnedRecord, Record};
pub use records::Records;
pub use report::{LogHistograms, LogStats, Recovery, VerifyReport};
