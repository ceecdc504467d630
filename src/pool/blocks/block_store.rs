//! What the handles and the blocks of a [`BlockPool`](super::BlockPool) share.
#![allow(unsafe_code)] // Frames change hands by the stock's protocol.

use std::fmt;
use std::io;

use super::frame::Frame;
use super::layout::{Layout, UNIT};
use super::region::Region;
use super::slabs::Slabs;
use super::{Block, BlockLocation, BlockStats, Slab, Zero};
use crate::mem::wishes::Wishes;
use crate::mem::{Effective, Mapping};
use crate::pool::AcquireError;
use crate::pool::home::{Address, Shared, Way};
use crate::pool::stock::{End, Look, MAGAZINE, Room, Stock, Taken};
use crate::primitive::Mutex;
use crate::stats::Counter;
use crate::sync::CachePadded;
use crate::time::{Clock, Deadline};

/// The blocks of a pool.
pub(super) struct BlockStore {
    stock: Stock<Frame>,
    region: Region,
    zero: Zero,
    /// Whether [`clean`](Self::clean) has anything to do.
    cleans: bool,
    /// Held while a slab is added or taken away. Places are reserved under it alone, so a thread that holds it and
    /// finds neither an idle block nor room knows that no other is adding any.
    slabs: CachePadded<Mutex<Slabs>>,
    bypassed: Counter,
}

impl BlockStore {
    pub(super) fn new(layout: Layout, wishes: Wishes, zero: Zero, clock: Clock) -> io::Result<Self> {
        let region = Region::new(layout, wishes)?;
        let store = Self {
            stock: Stock::new(layout.max_blocks(), MAGAZINE, clock),
            region,
            zero,
            cleans: matches!(zero, Zero::OnRelease | Zero::Decommit),
            slabs: CachePadded::new(Mutex::new(Slabs::new())),
            bypassed: Counter::new(),
        };
        match store.stock.take_or_reserve(layout.blocks_of(0)) {
            Ok(Taken::Room(room)) => store.add(&mut store.slabs.lock(), room)?,
            _ => return Err(io::ErrorKind::OutOfMemory.into()),
        }
        Ok(store)
    }

    #[inline]
    pub(super) fn block_size(&self) -> usize {
        self.region.layout().block_size()
    }

    pub(super) fn clock(&self) -> &Clock {
        self.stock.clock()
    }

    pub(super) fn locate(&self, frame: Frame) -> BlockLocation {
        self.region.locate(frame)
    }

    /// An idle frame, or one of a new slab. Does not wait for one to come back.
    #[inline]
    pub(super) fn try_take(&self) -> Result<Frame, AcquireError> {
        let frame = match self.stock.try_take() {
            Some(frame) => frame,
            None => self.try_take_slow()?,
        };
        self.acquired(frame);
        Ok(frame)
    }

    /// As [`try_take`](Self::try_take), or the first that comes back before the deadline.
    pub(super) fn take(&self, deadline: Deadline) -> Result<Frame, AcquireError> {
        match self.try_take() {
            Err(AcquireError::Exhausted) => {}
            other => return other,
        }
        let frame = self.stock.wait_for(deadline, || self.try_take_slow())?;
        self.acquired(frame);
        Ok(frame)
    }

    /// Up to `n` idle frames, or of new slabs, to `place`, with their numbers from 0; tells how many, at least one
    /// unless `n` is 0. Does not wait for any to come back. They are [`acquired`](Self::acquired_many) by the caller.
    #[inline]
    pub(super) fn try_take_many(&self, n: usize, place: impl Fn(usize, Frame) + Copy) -> Result<usize, AcquireError> {
        // A closure of its own, and not `place` by reference: then the number is in a register.
        let mut at = 0;
        let taken = self.stock.take_many(n, move |frame| {
            place(at, frame);
            at += 1;
        });
        if taken < n { self.try_take_more(taken, n, place) } else { Ok(taken) }
    }

    #[cold]
    fn try_take_more(&self, taken: usize, n: usize, place: impl Fn(usize, Frame)) -> Result<usize, AcquireError> {
        let mut at = taken;
        while at < n {
            match self.try_take_slow() {
                Ok(frame) => place(at, frame),
                Err(_) if at > 0 => break,
                Err(refused) => return Err(refused),
            }
            at += 1;
            self.stock.take_many(n - at, |frame| {
                place(at, frame);
                at += 1;
            });
        }
        Ok(at)
    }

    /// Zeroes a block that goes out, where that is the time for it.
    #[inline]
    fn acquired(&self, frame: Frame) {
        if self.zero == Zero::OnAcquire {
            // SAFETY: the frame was taken out of the stock by the caller, which has made no block of it yet.
            unsafe { self.region.zero(frame) };
        }
    }

    /// As [`acquired`](Self::acquired), for many.
    #[inline]
    pub(super) fn acquired_many(&self, frames: impl Iterator<Item = Frame>) {
        if self.zero == Zero::OnAcquire {
            frames.for_each(|frame| self.acquired(frame));
        }
    }

    pub(super) fn max_blocks(&self) -> usize {
        self.stock.max()
    }

    #[inline(never)]
    fn try_take_slow(&self) -> Result<Frame, AcquireError> {
        match self.stock.look() {
            Look::Item(frame) => Ok(frame),
            Look::Nothing | Look::Further => self.try_take_elsewhere(),
        }
    }

    #[cold]
    fn try_take_elsewhere(&self) -> Result<Frame, AcquireError> {
        if let Some(frame) = self.stock.take_idle()? {
            return Ok(frame);
        }
        let mut slabs = self.slabs.lock();
        loop {
            let blocks = slabs.vacant(&self.region).map_or(1, |slab| self.region.layout().blocks_of(slab));
            match self.stock.take_or_reserve(blocks)? {
                Taken::Item(frame) => return Ok(frame),
                Taken::Room(room) => {
                    self.add(&mut slabs, room).map_err(|refused| AcquireError::Create(Box::new(refused)))?;
                    slabs.grown += 1;
                }
            }
        }
    }

    /// Adds the slab that `room` is for.
    fn add(&self, slabs: &mut Slabs, room: Room<'_, Frame>) -> io::Result<()> {
        // There is room for exactly the blocks that the slabs without memory have, so for those of the first.
        let vacant = slabs.vacant(&self.region).filter(|slab| self.region.layout().blocks_of(*slab) == room.count());
        let slab = vacant.ok_or(io::ErrorKind::OutOfMemory)?;
        slabs.commit(slab, &self.region)?;
        if let Err(frames) = room.fill_idle(self.region.frames(slab)) {
            self.end_all(slabs, frames);
        }
        Ok(())
    }

    /// Memory beside the pool, for a length above the block size.
    #[cold]
    pub(super) fn bypass(&self, capacity: usize) -> Result<Block, AcquireError> {
        if self.stock.is_closed() {
            return Err(AcquireError::Closed);
        }
        let len = capacity.checked_next_multiple_of(UNIT).ok_or_else(AcquireError::out_of_memory)?;
        let mapping = Mapping::with_wishes(len, self.region.wishes())
            .map_err(|refused| AcquireError::Create(Box::new(refused)))?;
        let block = Block::direct(mapping)?;
        self.bypassed.add(1);
        Ok(block)
    }

    /// Prepares a block for the next user, where that is done on release.
    ///
    /// # Safety
    ///
    /// - The frame is out, and the caller is its only user.
    #[inline(never)]
    unsafe fn clean(&self, frame: Frame) {
        match self.zero {
            Zero::Never | Zero::OnAcquire => {}
            // SAFETY: a slab has memory while a block of it is out; the rest is the caller's promise.
            Zero::OnRelease => unsafe { self.region.zero(frame) },
            // SAFETY: as above.
            Zero::Decommit => unsafe { self.region.discard(frame) },
        }
    }

    /// Takes back the `n` frames that `frame` gives by number.
    ///
    /// # Safety
    ///
    /// - The frames are of this pool and out, and the blocks that had them are gone.
    #[inline]
    pub(super) unsafe fn put_many(&self, n: usize, frame: impl Fn(usize) -> Frame) {
        if self.cleans {
            // SAFETY: the caller's promise.
            (0..n).for_each(|at| unsafe { self.clean(frame(at)) });
        }
        if let Err(from) = self.stock.put_many(n, &frame) {
            self.end_all(&mut self.slabs.lock(), (from..n).map(frame));
        }
    }

    /// Takes a frame back that the calling thread's magazine does not take.
    #[cold]
    fn put(&self, frame: Frame) {
        if let Err(refused) = self.stock.put(frame) {
            self.end_all(&mut self.slabs.lock(), std::iter::once(refused));
        }
    }

    /// Ends frames that are out, of a pool that is closed.
    fn end_all(&self, slabs: &mut Slabs, frames: impl Iterator<Item = Frame>) {
        let mut count = 0;
        for frame in frames {
            slabs.ended(frame, &self.region);
            count += 1;
        }
        drop(self.stock.leaving(count, End::Discarded));
    }

    /// Takes the memory of wholly idle slabs while `keep` idle blocks remain; tells how many blocks went.
    pub(super) fn trim(&self, keep: usize) -> usize {
        let mut slabs = self.slabs.lock();
        let surplus = self.stock.withdraw(|idle| {
            slabs.mark_surplus(idle, keep, &self.region);
            idle.extract_if(.., |frame| slabs.is_surplus(*frame, &self.region)).collect()
        });
        slabs.decommit_surplus(&self.region);
        let mut gone = 0;
        for frame in surplus {
            if !slabs.has_memory(frame, &self.region) {
                gone += 1;
            } else if let Err(refused) = self.stock.put(frame) {
                // The pool was closed meanwhile.
                self.end_all(&mut slabs, std::iter::once(refused));
            }
        }
        drop(self.stock.leaving(gone, End::Discarded));
        gone
    }

    pub(super) fn close(&self) {
        self.stock.close();
        let mut slabs = self.slabs.lock();
        let idle = self.stock.withdraw(std::mem::take);
        self.end_all(&mut slabs, idle.into_iter());
    }

    pub(super) fn is_closed(&self) -> bool {
        self.stock.is_closed()
    }

    /// Holds all slabs that have memory, and tells where they are.
    pub(super) fn pin(&self) -> Vec<Slab> {
        let mut slabs = self.slabs.lock();
        slabs.pin().map(|(at, pinned)| if pinned { self.region.slab(at) } else { Slab::EMPTY }).collect()
    }

    /// Undoes a [`pin`](Self::pin).
    pub(super) fn unpin(&self, pinned: &[Slab]) {
        let mut slabs = self.slabs.lock();
        for (at, _) in pinned.iter().enumerate().filter(|(_, slab)| slab.len != 0) {
            slabs.unpin(at, &self.region);
        }
    }

    pub(super) fn effective(&self) -> Effective {
        self.slabs.lock().effective()
    }

    pub(super) fn stats(&self) -> BlockStats {
        let slabs = self.slabs.lock();
        let blocks = self.stock.stats();
        BlockStats {
            max: blocks.max,
            total: blocks.live,
            idle: blocks.idle,
            in_use: blocks.in_use,
            high_water: blocks.high_water,
            slabs: slabs.committed(),
            pinned: slabs.pinned(),
            grown: slabs.grown,
            trimmed: slabs.trimmed,
            acquired: blocks.acquired,
            bypassed: self.bypassed.get(),
            waits: blocks.waits,
            revocations: blocks.revocations,
        }
    }
}

impl Shared for BlockStore {
    fn abandon(&self) {
        self.stock.close();
        self.stock.abandon();
        self.close();
    }

    fn is_over(&self) -> bool {
        self.stock.is_over()
    }
}

impl fmt::Debug for BlockStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockStore").field("stock", &self.stock).field("region", &self.region).finish_non_exhaustive()
    }
}

/// Takes a frame back from its block.
///
/// # Safety
///
/// - The frame is out, the address is its pool's, and the block that had it is gone.
#[inline]
pub(super) unsafe fn release(address: Address<BlockStore>, frame: Frame) {
    // SAFETY: the frame is out, and stays so until a visit has it, and after that neither this nor the magazine is
    // used.
    let store = unsafe { address.shared() };
    if !store.cleans
        && let Some(mut visit) = store.stock.visit()
        && visit.push_top(frame).is_ok()
    {
        return;
    }
    // SAFETY: the frame is still out.
    unsafe { release_slow(address, frame) };
}

/// Apart, so that what is inlined wherever a block is dropped is short.
///
/// # Safety
///
/// - As for [`release`].
#[inline(never)]
unsafe fn release_slow(address: Address<BlockStore>, frame: Frame) {
    // SAFETY: as in `release`.
    let store = unsafe { address.shared() };
    if store.cleans {
        // SAFETY: the caller's promise.
        unsafe { store.clean(frame) };
    }
    if let Some(mut visit) = store.stock.visit_slow()
        && visit.push(frame).is_ok()
    {
        return;
    }
    // SAFETY: the frame is still out.
    unsafe { address.enter(|store| store.put(frame)) };
}
