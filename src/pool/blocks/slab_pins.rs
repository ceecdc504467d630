use std::fmt;

use super::block_store::BlockStore;
use super::origin::Origin;
use super::{Block, Slab};
use crate::pool::home::Handle;

/// The slabs that a [`BlockPool`](super::BlockPool) had at one moment, held at their memory; made by
/// [`BlockPool::pin_slabs`](super::BlockPool::pin_slabs).
///
/// While it lives neither a trim nor a close takes the memory of these slabs, so what the kernel was told about it
/// stays true: register [`iovecs`](Self::iovecs) as the fixed buffers of an io_uring, and drop this after they are
/// unregistered. A block's place in the table is the slab of its [`location`](Block::location). Slabs that the pool
/// adds later are not in it: ask [`covers`](Self::covers), or have the pool full grown beforehand.
///
/// It keeps the pool open, as a handle does. To leak it costs memory that can no longer be trimmed.
///
/// ```
/// use bedplate::pool::BlockPool;
///
/// let pool = BlockPool::builder().slab_blocks(2).max_blocks(4).build()?;
/// let block = pool.try_acquire()?;
/// let pins = pool.pin_slabs();
/// let at = block.location().expect("a block of the pool");
/// let slab = pins.iovecs()[at.slab];
/// assert_eq!(slab.ptr.wrapping_add(at.offset).cast_const(), block.as_full().as_ptr());
/// assert!(pins.covers(&block));
///
/// let _second = pool.try_acquire()?;
/// let of_a_new_slab = pool.try_acquire()?;
/// assert!(!pins.covers(&of_a_new_slab));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the slabs are held until this is dropped"]
pub struct SlabPins {
    store: Handle<BlockStore>,
    slabs: Vec<Slab>,
}

impl SlabPins {
    pub(super) fn new(store: Handle<BlockStore>) -> Self {
        let slabs = store.pin();
        Self { store, slabs }
    }

    /// The slabs, each at its number; a number whose slab had no memory is an empty place.
    ///
    /// Each may be as long as the pool's slabs are. (io_uring takes 1 GiB each, and 16,384 of them.)
    #[must_use]
    pub fn iovecs(&self) -> &[Slab] {
        &self.slabs
    }

    /// Whether the block lies in one of the slabs.
    #[must_use]
    pub fn covers(&self, block: &Block) -> bool {
        let Some(at) = block.location() else { return false };
        // A slab that is held keeps its memory, so a block in a held number lies in the memory that was meant.
        block.origin() == Origin::pool(self.store.address())
            && self.slabs.get(at.slab).is_some_and(|slab| slab.len != 0)
    }
}

impl Drop for SlabPins {
    fn drop(&mut self) {
        self.store.unpin(&self.slabs);
    }
}

impl fmt::Debug for SlabPins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SlabPins").field("slabs", &self.slabs).finish_non_exhaustive()
    }
}
