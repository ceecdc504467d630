//! Threads that run where a plan says.

mod launch;
mod scoped_worker_set;
mod spawn_error;
mod start;
mod worker;
mod worker_report;
mod worker_set;
mod worker_set_builder;

pub use scoped_worker_set::ScopedWorkerSet;
pub use spawn_error::SpawnError;
pub use worker::Worker;
pub use worker_report::WorkerReport;
pub use worker_set::WorkerSet;
pub use worker_set_builder::WorkerSetBuilder;
