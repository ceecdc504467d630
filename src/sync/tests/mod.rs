#[cfg(feature = "channel")]
mod relay;
mod sharded;
mod thread_slot;
