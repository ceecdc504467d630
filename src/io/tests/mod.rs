mod copy;
mod engine;
mod faults;
mod file;
mod log;
mod log_store;
mod map;
mod reader;
#[cfg(feature = "io-uring")]
mod uring;
mod workers;
mod writer;
