#![cfg(feature = "mem")]
#![cfg(target_os = "linux")]

mod aligned_buf;
mod mapping;
