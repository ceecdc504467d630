//! A file at offsets of the caller's choice: its transfers, its space, its durability.

mod asked;
mod direct_file;
mod durability;
mod read;
mod refused;
mod space;
mod unaligned;
mod uninterrupted;
mod vectored;
mod write;

pub use direct_file::DirectFile;
