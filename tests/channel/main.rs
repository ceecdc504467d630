//! Channels through their public interface: what all of them promise is in `suite`, once.
#![cfg(feature = "channel")]

mod bounded;
mod hook;
#[cfg(target_os = "linux")]
mod idle;
mod mpsc;
#[cfg(all(feature = "topo", target_os = "linux"))]
mod one_cpu;
mod segmented;
mod spmc;
mod spsc;
mod suite;
mod waits;
mod wakes;
