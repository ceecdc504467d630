//! The pools under one set of names.

mod array_queue;
mod bedplate;
mod lockfree;
mod nexus;
mod object_pool;
mod opool;
mod owned;
mod poolshark;
mod sharded;
mod thread_vec;

pub use array_queue::ArrayQueuePool;
pub use bedplate::BedplatePool;
pub use lockfree::{LinearPool, SpinPool};
pub use nexus::{NexusLocalPool, NexusPool};
pub use object_pool::LockedPool;
pub use opool::{Opool, OpoolLocal};
pub use owned::Owned;
pub use poolshark::{SharkLocalPool, SharkPool};
pub use sharded::{SlabPool, SlabSendPool};
pub use thread_vec::ThreadVec;

use super::object::Object;
use std::ops::DerefMut;

/// A pool that makes what it does not hold.
pub trait ObjectPool: 'static {
    /// What it is called in the rows.
    const NAME: &'static str;
    /// What it lends.
    type Object: Object;
    /// An object in use, given back when dropped.
    type Guard<'a>: DerefMut<Target = Self::Object>;

    /// A pool without objects, of up to `max` where it has a bound.
    fn new(max: usize) -> Self;

    /// An object that was given back, or a new one.
    fn acquire(&self) -> Self::Guard<'_>;
}

/// A pool shared by threads that lends no more than it may, and says so.
pub trait StrictPool: ObjectPool + Sync {
    /// A pool of exactly `max` objects at most, in use and idle.
    fn strict(max: usize) -> Self;

    /// An object, unless as many as there may be are in use.
    fn try_acquire(&self) -> Option<Self::Guard<'_>>;
}
