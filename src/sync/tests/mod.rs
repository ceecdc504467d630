#[cfg(all(bedplate_loom, feature = "batch"))]
mod asym_mutex;
#[cfg(bedplate_loom)]
mod loom;
#[cfg(feature = "channel")]
mod relay;
mod sharded;
mod thread_slot;
#[cfg(not(any(bedplate_loom, bedplate_shuttle)))]
mod writers;
