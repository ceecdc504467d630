//! What the io module does on machines and with devices that are not as one wishes: sectors of 4 KiB, disks that fail or are
//! full, limits, filters, interruptions, death. What needs root or a program that is not there is skipped with a line that
//! says so.
#![cfg(all(feature = "io", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![allow(unsafe_code)] // Devices, mounts, limits and filters are had by calls of the C library.

mod alone;
mod atomic;
mod backends;
mod copies;
mod disk_error;
mod filter;
mod filtered;
mod full;
mod interrupted;
mod killed;
mod limits;
mod log;
mod log_calls;
mod loop_device;
mod mount;
mod noise;
mod order;
mod properties;
#[cfg(feature = "io-uring")]
mod refused;
#[cfg(feature = "io-uring")]
mod rings;
#[path = "../support/filter.rs"]
mod seccomp;
mod sectors;
mod short_writes;
mod strace;
mod streams;
#[path = "../io/twin.rs"]
mod twin;
mod zram;
