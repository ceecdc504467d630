//! The queues through their public interface: what all of them promise is in `suite`, once.
#![cfg(feature = "queue")]

mod bounded;
mod model;
mod segmented;
mod spsc;
mod suite;
