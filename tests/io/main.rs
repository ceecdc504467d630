//! What the io module promises, over its public interface.
#![cfg(feature = "io")]
#![cfg(target_os = "linux")]

mod append_log;
mod append_log_blocks;
mod append_log_damage;
mod append_log_space;
mod append_log_waits;
mod backends;
mod copy;
mod direct_file;
mod direct_file_space;
mod direct_file_write;
mod direct_reader;
mod direct_reader_properties;
mod direct_writer;
mod direct_writer_properties;
mod kill;
mod log_bytes;
mod log_support;
mod map;
mod places;
mod properties;
mod twin;
#[cfg(feature = "io-uring")]
mod uring;
#[cfg(feature = "io-uring")]
mod uring_life;
#[cfg(feature = "io-uring")]
mod uring_model;
#[cfg(feature = "io-uring")]
mod uring_refused;
#[cfg(feature = "io-uring")]
mod uring_registered;
#[cfg(feature = "io-uring")]
mod uring_support;
#[cfg(feature = "io-uring")]
mod uring_sync;
#[cfg(feature = "io-uring")]
mod uring_wait;
