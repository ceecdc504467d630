//! The slab of operations.
#![allow(unsafe_code)] // Lists of addresses are sent to other threads.

use std::io;
use std::mem::ManuallyDrop;

use io_uring::squeue::Entry;
use io_uring::types::Fd;
use io_uring::{cqueue, opcode};

use super::Buffers;
use super::key::{Key, Role};
use super::progress::{Progress, Work};
use crate::sys::file::MAX_TRANSFER;

/// The places of the operations of a ring, as many as its depth, which never move.
///
/// A place is vacant, or in flight, or ended. In flight, the kernel may write to the bytes of its buffers and read its
/// list; it leaves that state by the last completion that its [`Progress`] awaits, and by nothing else. Ended, it waits
/// for its completion to be polled.
pub(super) struct Slots<B> {
    /// Made whole at first, so that no place moves.
    places: Vec<Slot<B>>,
    vacant: Vec<u16>,
}

/// One operation.
pub(super) struct Slot<B> {
    generation: u64,
    pub(super) buffers: Buffers<B>,
    /// The segments of a vectored operation; kept for the next one.
    pub(super) segments: Vec<libc::iovec>,
    pub(super) target: Target,
    pub(super) progress: Progress,
    /// What came of it, once it is over.
    pub(super) ended: Option<io::Result<usize>>,
    /// How many entries had been pushed to the ring after those of this operation.
    pub(super) entries_end: u64,
}

/// What one operation reads or writes.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// The place of the file in the table.
    pub(super) file: u32,
    pub(super) offset: u64,
    /// The first byte of the transfer, of an operation on one buffer.
    pub(super) at: *mut u8,
    /// Where in the buffer that is.
    pub(super) start: usize,
    pub(super) len: usize,
    /// The place of the memory in the kernel's table, where it is registered.
    pub(super) memory: Option<u16>,
}

impl Target {
    /// All of a file.
    pub(super) fn file(file: u32) -> Self {
        Self { file, offset: 0, at: std::ptr::null_mut(), start: 0, len: 0, memory: None }
    }
}

impl<B> Slots<B> {
    pub(super) fn new(depth: usize) -> Self {
        let vacant_slot = || Slot {
            generation: 0,
            buffers: Buffers::None,
            segments: Vec::new(),
            target: Target::file(0),
            progress: Progress::new(Work::Sync, 0),
            ended: None,
            entries_end: 0,
        };
        // The place that was vacated last is taken first: its memory is at hand.
        Self { places: (0..depth).map(|_| vacant_slot()).collect(), vacant: (0..depth as u16).rev().collect() }
    }

    #[inline]
    pub(super) fn depth(&self) -> usize {
        self.places.len()
    }

    /// Puts buffers into a vacant place, for an operation that no entry speaks of yet.
    #[inline]
    pub(super) fn claim(&mut self, buffers: Buffers<B>) -> Result<Claim<'_, B>, Buffers<B>> {
        let Some(at) = self.vacant.pop() else { return Err(buffers) };
        let slot = &mut self.places[usize::from(at)];
        slot.buffers = buffers;
        slot.ended = None;
        Ok(Claim { slots: self, at })
    }

    /// Takes the buffers out of a place that the kernel does not know of, or not any more.
    #[inline]
    pub(super) fn vacate(&mut self, at: u16) -> Buffers<B> {
        let slot = &mut self.places[usize::from(at)];
        debug_assert_eq!(slot.progress.awaited(), 0);
        slot.generation = (slot.generation + 1) % Key::GENERATIONS;
        self.vacant.push(at);
        slot.buffers.take()
    }

    #[inline]
    pub(super) fn get(&mut self, at: u16) -> &mut Slot<B> {
        &mut self.places[usize::from(at)]
    }

    /// The operation that a completion is one of.
    #[inline]
    pub(super) fn of(&mut self, completion: &cqueue::Entry) -> Option<(u16, Role, &mut Slot<B>)> {
        let key = Key::from_user_data(completion.user_data());
        if key.role() == Role::Cancel {
            return None;
        }
        let slot = self.places.get_mut(usize::from(key.slot()))?;
        let is_of_it = slot.generation == key.generation() && slot.progress.awaited() > 0;
        debug_assert!(is_of_it, "a completion of an operation that is over");
        is_of_it.then_some((key.slot(), key.role(), slot))
    }

    /// The operation of an id, while it is in flight.
    pub(super) fn in_flight(&mut self, at: u16, generation: u64) -> Option<&mut Slot<B>> {
        let slot = self.places.get_mut(usize::from(at))?;
        (slot.generation == generation && slot.progress.awaited() > 0).then_some(slot)
    }

    /// Every place that the kernel knows of.
    pub(super) fn all_in_flight(&mut self) -> impl Iterator<Item = (u16, &mut Slot<B>)> {
        let all = self.places.iter_mut().enumerate();
        all.filter(|(_, slot)| slot.progress.awaited() > 0).map(|(at, slot)| (at as u16, slot))
    }
}

/// A place on its way to be in flight. Dropped, also by a panic of a buffer's methods, it is vacant again.
pub(super) struct Claim<'a, B> {
    slots: &'a mut Slots<B>,
    at: u16,
}

impl<B> Claim<'_, B> {
    #[inline]
    pub(super) fn slot(&mut self) -> &mut Slot<B> {
        self.slots.get(self.at)
    }

    /// What lies in it, of which nobody was told.
    pub(super) fn give_back(self) -> Buffers<B> {
        ManuallyDrop::new(self).vacate()
    }

    /// Its entries are going to be queued.
    #[inline]
    pub(super) fn keep(self) -> u16 {
        ManuallyDrop::new(self).at
    }

    fn vacate(&mut self) -> Buffers<B> {
        self.slots.vacate(self.at)
    }
}

impl<B> Drop for Claim<'_, B> {
    fn drop(&mut self) {
        drop(self.vacate());
    }
}

impl<B> Slot<B> {
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The entry that moves the bytes after the first `done`, as many as one transfer does.
    pub(super) fn transfer(&self, file: Fd, done: usize) -> Entry {
        let Target { at, len, memory, .. } = self.target;
        let offset = self.target.offset + done as u64;
        // A longer one is short.
        let len = (len - done).min(MAX_TRANSFER) as u32;
        let at = at.wrapping_add(done);
        let flags = if self.progress.work() == Work::Durable { libc::RWF_DSYNC } else { 0 };
        let is_read = self.progress.work() == Work::Read;
        match (&self.buffers, memory) {
            (Buffers::Many(_), _) => {
                let (segments, n) = (self.segments.as_ptr(), self.segments.len() as u32);
                if is_read {
                    opcode::Readv::new(file, segments, n).offset(offset).build()
                } else {
                    opcode::Writev::new(file, segments, n).offset(offset).rw_flags(flags).build()
                }
            }
            (_, Some(place)) if is_read => opcode::ReadFixed::new(file, at, len, place).offset(offset).build(),
            (_, Some(place)) => opcode::WriteFixed::new(file, at, len, place).offset(offset).rw_flags(flags).build(),
            (_, None) if is_read => opcode::Read::new(file, at, len).offset(offset).build(),
            (_, None) => opcode::Write::new(file, at, len).offset(offset).rw_flags(flags).build(),
        }
    }

    /// What the entries of the operation are marked with.
    pub(super) fn key(&self, at: u16, role: Role) -> u64 {
        Key::new(at, self.generation, role).user_data()
    }
}

// SAFETY: what keeps it from being `Send` are the addresses in `segments` and `target`. They are those of buffers in
// the same slot, which are sent along, and `B` may be sent; the methods that follow them do so under `&mut`.
unsafe impl<B: Send> Send for Slots<B> {}

// SAFETY: as for `Send`: under `&`, which is all that other threads have, no address is followed.
unsafe impl<B: Sync> Sync for Slots<B> {}
