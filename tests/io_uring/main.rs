//! What a ring promises where a process has to be given up for it: dropped over a device that has stalled, refused by a
//! filter, without memory that may be locked, over a limit, forked. Each test runs in a process of its own, which is
//! this program called again.
//!
//! Under the address sanitizer, which does not see what the kernel writes but all that the ring itself does with what
//! it gave back:
//!
//! ```text
//! RUSTFLAGS=-Zsanitizer=address ASAN_OPTIONS=detect_leaks=0 cargo +nightly test --target x86_64-unknown-linux-gnu \
//!     --target-dir target/asan --no-default-features --features io-uring --test io_uring
//! ```
#![cfg(all(feature = "io-uring", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![allow(unsafe_code)] // Filters, mounts, limits and forks are had by calls of the C library.

mod allocations;
mod alone;
mod arena;
mod close;
#[path = "../support/filter.rs"]
mod filter;
mod forked;
mod interrupted;
mod limits;
mod refused;
mod stalled;
