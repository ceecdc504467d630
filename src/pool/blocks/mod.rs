//! Pooled memory blocks: what stands on mappings, and so on Linux.

mod block;
mod block_pool;
mod block_pool_builder;
mod block_stats;
mod block_store;
mod extent;
mod zero;

pub use block::Block;
pub use block_pool::BlockPool;
pub use block_pool_builder::BlockPoolBuilder;
pub use block_stats::BlockStats;
pub use zero::Zero;
