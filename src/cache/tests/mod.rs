mod expiry;
mod ghost;
mod shard;
