//! What the io module promises, over its public interface.
#![cfg(feature = "io")]
#![cfg(target_os = "linux")]

mod append_log;
mod direct_file;
mod direct_reader;
mod direct_writer;
mod kill;
mod map;
mod no_space;
mod places;
