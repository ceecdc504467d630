mod copy;
mod engine;
mod faults;
mod file;
mod group_commit;
mod log_damage;
mod log_faults;
mod map;
mod model;
mod reader;
#[cfg(feature = "io-uring")]
mod uring;
mod workers;
mod writer;
