//! The queues through their public interface: what all of them promise is in `suite`, once.
#![cfg(feature = "queue")]

mod bounded;
mod broadcast_gated;
mod broadcast_gated_model;
mod broadcast_lossy;
mod history;
mod history_check;
mod linearizable;
mod linearizable_checker;
mod model;
mod mpsc;
mod overwriting;
mod segmented;
mod spmc;
mod spsc;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod stalled;
mod suite;
