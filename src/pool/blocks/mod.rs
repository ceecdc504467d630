//! Pooled memory blocks: what stands on mappings, and so on Linux.

mod block;
mod block_location;
mod block_pool;
mod block_pool_builder;
mod block_stats;
mod block_store;
mod frame;
mod layout;
mod origin;
mod raw_block;
mod region;
mod slab;
mod slab_pins;
mod slabs;
mod zero;

pub use block::Block;
pub use block_location::BlockLocation;
pub use block_pool::BlockPool;
pub use block_pool_builder::BlockPoolBuilder;
pub use block_stats::BlockStats;
pub use raw_block::RawBlock;
pub use slab::Slab;
pub use slab_pins::SlabPins;
pub use zero::Zero;
