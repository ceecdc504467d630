use std::collections::{HashMap, HashSet};
use std::io;

use super::extent::Extent;
use super::{BlockStats, Zero};
use crate::mem::{Effective, Mapping};
use crate::pool::AcquireError;
use crate::pool::depot::{Depot, Taken};
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::{Arc, Mutex};
use crate::stats::Counter;
use crate::sys::Demand;
use crate::time::{Clock, Deadline};

/// The least block, the step of block lengths, and the alignment of each block.
pub(super) const UNIT: usize = 4096;

/// How a pool's memory is laid out; checked by the builder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) block_size: usize,
    pub(super) slab_blocks: usize,
    pub(super) max_blocks: usize,
    pub(super) huge_pages: Demand,
    pub(super) prefault: bool,
    pub(super) zero: Zero,
}

/// What the handles and the blocks of a [`BlockPool`](super::BlockPool) share.
///
/// The free list holds the extents themselves, beside the memory and never within it: a stray write into a block that
/// was given back cannot break the pool. An idle extent carries its count of the slab along, so neither acquiring nor
/// releasing touches that.
#[derive(Debug)]
pub(super) struct BlockStore {
    depot: Depot<Extent>,
    layout: Layout,
    /// Held while a slab is added or removed. Who finds nothing idle queues here and looks again, so that threads do
    /// not each map a slab, and none reports exhaustion while another is adding blocks.
    growth: Mutex<Growth>,
    mapped: Arc<AtomicUsize>,
    bypassed: Counter,
}

#[derive(Debug)]
struct Growth {
    grown: u64,
    /// What every slab so far obtained.
    effective: Effective,
}

impl BlockStore {
    pub(super) fn new(layout: Layout, clock: Clock) -> io::Result<Self> {
        let first = map(&layout, layout.slab_blocks * layout.block_size)?;
        let store = Self {
            depot: Depot::new(layout.max_blocks, clock),
            layout,
            growth: Mutex::new(Growth { grown: 0, effective: first.effective() }),
            mapped: Arc::new(AtomicUsize::new(0)),
            bypassed: Counter::new(),
        };
        match store.depot.reserve(layout.slab_blocks) {
            Ok(room) => room.fill_all(Extent::split(first, layout.block_size, Arc::clone(&store.mapped))),
            Err(_) => return Err(io::ErrorKind::OutOfMemory.into()),
        }
        Ok(store)
    }

    pub(super) fn block_size(&self) -> usize {
        self.layout.block_size
    }

    pub(super) fn clock(&self) -> &Clock {
        self.depot.clock()
    }

    #[inline]
    pub(super) fn try_take(&self) -> Result<Extent, AcquireError> {
        match self.depot.try_take()? {
            Some(extent) => Ok(extent),
            None => self.grow(),
        }
    }

    pub(super) fn take(&self, deadline: Deadline) -> Result<Extent, AcquireError> {
        self.depot.wait_for(deadline, || self.try_take())
    }

    #[cold]
    fn grow(&self) -> Result<Extent, AcquireError> {
        let mut growth = self.growth.lock();
        loop {
            let room = match self.depot.try_take_or_reserve(self.layout.slab_blocks)? {
                Taken::Item(extent) => return Ok(extent),
                Taken::Room(room) => room,
            };
            let slab = map(&self.layout, room.count() * self.layout.block_size)
                .map_err(|refused| AcquireError::Create(Box::new(refused)))?;
            let all = &mut growth.effective;
            all.huge_pages &= slab.effective().huge_pages;
            all.prefaulted &= slab.effective().prefaulted;
            growth.grown += 1;
            room.fill_all(Extent::split(slab, self.layout.block_size, Arc::clone(&self.mapped)));
        }
    }

    /// Memory beside the pool, for a length above the block size.
    #[cold]
    pub(super) fn bypass(&self, capacity: usize) -> Result<Extent, AcquireError> {
        if self.depot.is_closed() {
            return Err(AcquireError::Closed);
        }
        let len = capacity.checked_next_multiple_of(UNIT).ok_or_else(AcquireError::out_of_memory)?;
        let mapping = map(&self.layout, len).map_err(|refused| AcquireError::Create(Box::new(refused)))?;
        self.bypassed.add(1);
        Ok(Extent::whole(mapping))
    }

    #[inline]
    pub(super) fn release(&self, mut extent: Extent) {
        match self.layout.zero {
            Zero::Never => {}
            Zero::OnRelease => extent.as_mut_slice().fill(0),
        }
        if let Err(extent) = self.depot.put(extent) {
            self.depot.discard(extent);
        }
    }

    /// Unmaps wholly idle slabs while `keep` idle blocks remain; tells how many blocks went.
    pub(super) fn trim(&self, keep: usize) -> usize {
        let _growth = self.growth.lock();
        let surplus = self.depot.withdraw(|idle| {
            let mut idle_of = HashMap::<usize, usize>::new();
            let mut left = idle.len();
            let mut surplus = HashSet::new();
            for extent in idle.iter() {
                let (slab, extents) = extent.slab();
                let count = idle_of.entry(slab).or_default();
                *count += 1;
                if *count == extents && left - extents >= keep {
                    left -= extents;
                    surplus.insert(slab);
                }
            }
            idle.extract_if(.., |extent| surplus.contains(&extent.slab().0)).collect()
        });
        surplus.len()
    }

    pub(super) fn close(&self) {
        self.depot.close();
        // A slab is unmapped with the last of its blocks, wherever that is dropped.
        self.depot.trim(0);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.depot.is_closed()
    }

    pub(super) fn effective(&self) -> Effective {
        self.growth.lock().effective
    }

    pub(super) fn stats(&self) -> BlockStats {
        let grown = self.growth.lock().grown;
        let blocks = self.depot.stats();
        BlockStats {
            max: blocks.max,
            total: blocks.live,
            idle: blocks.idle,
            in_use: blocks.in_use,
            high_water: blocks.high_water,
            // Relaxed: the count orders nothing.
            slabs: self.mapped.load(Ordering::Relaxed),
            grown,
            acquired: blocks.acquired,
            bypassed: self.bypassed.get(),
            waits: blocks.waits,
        }
    }
}

fn map(layout: &Layout, len: usize) -> io::Result<Mapping> {
    let builder = Mapping::builder(len).huge_pages(layout.huge_pages);
    if layout.prefault { builder.prefault().build() } else { builder.build() }
}
