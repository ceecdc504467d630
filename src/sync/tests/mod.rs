mod sharded;
mod thread_slot;
