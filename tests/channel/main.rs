//! Channels through their public interface: what all of them promise is in `suite`, once.
#![cfg(feature = "channel")]

mod bounded;
mod segmented;
mod spsc;
mod suite;
