mod expiry;
mod ghost;
mod shard;
mod waits;
