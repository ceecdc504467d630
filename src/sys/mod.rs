//! The only home of system calls: thin, safe signatures over rustix, and over libc for what rustix lacks.

#[cfg(any(feature = "topo", feature = "mem", feature = "io"))]
mod demand;
#[cfg(any(feature = "topo", feature = "mem", feature = "io"))]
pub use demand::Demand;

#[cfg(all(any(feature = "pool", feature = "batch"), target_os = "linux"))]
pub(crate) mod barrier;
#[cfg(feature = "time")]
pub(crate) mod clock;
#[cfg(all(feature = "io", target_os = "linux"))]
pub(crate) mod copy;
#[cfg(all(feature = "topo", target_os = "linux"))]
pub(crate) mod cpu;
#[cfg(all(feature = "topo", target_os = "linux"))]
pub(crate) mod dir;
#[cfg(all(feature = "io", target_os = "linux"))]
pub(crate) mod file;
#[cfg(all(feature = "mem", target_os = "linux"))]
pub(crate) mod memory;
#[cfg(all(feature = "io", target_os = "linux"))]
pub(crate) mod names;
#[cfg(all(feature = "topo", target_os = "linux"))]
pub(crate) mod numa;
#[cfg(all(feature = "pool", target_os = "linux"))]
pub(crate) mod reserved;
#[cfg(all(feature = "io-uring", target_os = "linux"))]
pub(crate) mod ring;
#[cfg(all(feature = "io", target_os = "linux"))]
pub(crate) mod seal;
#[cfg(all(feature = "batch", target_os = "linux"))]
pub(crate) mod signal;
#[cfg(all(feature = "batch", target_os = "linux"))]
pub(crate) mod timer;
