//! Everything that an operation in flight may touch.
#![allow(unsafe_code)] // Addresses of buffers go to the kernel.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::time::Duration;

use io_uring::opcode;
use io_uring::squeue::Flags;
use io_uring::types::{Fd, FsyncFlags};

use super::file_table::{FileName, FileTable};
use super::key::Role;
use super::progress::{Step, Work};
use super::queues::Queues;
use super::registered::Registered;
use super::slots::{Slots, Target};
use super::{Buffers, Completion, FileId, IoBuf, OpId, Refusal, Refused, UringStats};
use crate::io::{Alignment, SyncLost};
use crate::sys::ring::ForkMark;

/// A ring with what its operations own. Where it is not dropped, nothing that the kernel was told of goes away.
///
/// The order of the fields is the order in which they go: the queues first, by which the kernel lets go of what is
/// registered.
pub(super) struct Core<B> {
    pub(super) queues: Queues,
    pub(super) slots: Slots<B>,
    /// Places whose operation is over and not polled, in the order of their completions. Never longer than the depth.
    pub(super) ended: VecDeque<u16>,
    /// Places that want to be submitted again; empty between calls, kept for its memory.
    pub(super) again: Vec<(u16, usize)>,
    pub(super) files: FileTable,
    pub(super) registered: Registered,
    pub(super) event_file: Option<OwnedFd>,
    pub(super) mark: ForkMark,
    pub(super) number: u32,
    pub(super) drain: Duration,
    /// Entries that cancel, of those that are queued.
    pub(super) cancels_queued: usize,
    /// Entries are queued that no caller knows of.
    pub(super) resumed_queued: bool,
    pub(super) counts: UringStats,
}

impl<B: IoBuf> Core<B> {
    /// A read or write of a range of one buffer, or of all that it has.
    #[inline]
    pub(super) fn transfer(
        &mut self,
        work: Work,
        file: FileId,
        buffer: B,
        range: Option<Range<usize>>,
        offset: u64,
    ) -> Result<OpId, Refused<B>> {
        let needed = match self.admit(work, file) {
            Ok(needed) => needed,
            Err(why) => return Err(Refused::new(why, Buffers::One(buffer))),
        };
        let mut claim = match self.slots.claim(Buffers::One(buffer)) {
            Ok(claim) => claim,
            Err(buffers) => return Err(Refused::new(Refusal::Full, buffers)),
        };
        // The buffer is where it stays, so the pointer that this takes is good until it is taken out.
        let aimed = claim.slot().aim(work, range, needed, Target { offset, ..Target::file(file.index) });
        let placed = aimed.and_then(|(address, len)| {
            self.registered.place(address, len, &mut self.queues).map_err(Refusal::Unregistered)
        });
        match placed {
            Ok(memory) => {
                self.counts.fixed += u64::from(memory.is_some());
                claim.slot().target.memory = memory;
                let at = claim.keep();
                Ok(self.launch(at))
            }
            Err(why) => Err(Refused::new(why, claim.give_back())),
        }
    }

    /// Whether an operation may begin, and what its transfer has to be a multiple of.
    #[inline]
    fn admit(&self, work: Work, file: FileId) -> Result<Alignment, Refusal> {
        if !self.mark.is_here() {
            return Err(Refusal::Forked);
        }
        if file.ring != self.number {
            return Err(Refusal::UnknownFile);
        }
        let open = self.files.get(file).ok_or(Refusal::UnknownFile)?;
        if work == Work::Read {
            return Ok(open.read);
        }
        match open.file.check_lost() {
            Ok(()) => Ok(open.write),
            Err(error) => Err(lost(error)),
        }
    }

    /// A vectored read or write.
    pub(super) fn transfer_vectored(
        &mut self,
        work: Work,
        file: FileId,
        buffers: Vec<B>,
        offset: u64,
    ) -> Result<OpId, Refused<B>> {
        let needed = match self.admit(work, file) {
            Ok(needed) => needed,
            Err(why) => return Err(Refused::new(why, Buffers::Many(buffers))),
        };
        let mut claim = match self.slots.claim(Buffers::Many(buffers)) {
            Ok(claim) => claim,
            Err(buffers) => return Err(Refused::new(Refusal::Full, buffers)),
        };
        match claim.slot().aim_vectored(work, needed, Target { offset, ..Target::file(file.index) }) {
            Ok(()) => {
                let at = claim.keep();
                Ok(self.launch(at))
            }
            Err(why) => Err(Refused::new(why, claim.give_back())),
        }
    }

    /// A sync of a file.
    pub(super) fn sync(&mut self, file: FileId) -> Result<OpId, Refused<B>> {
        if let Err(why) = self.admit(Work::Sync, file) {
            return Err(Refused::new(why, Buffers::None));
        }
        let mut claim = match self.slots.claim(Buffers::None) {
            Ok(claim) => claim,
            Err(buffers) => return Err(Refused::new(Refusal::Full, buffers)),
        };
        claim.slot().aim_at_file(Target::file(file.index));
        let at = claim.keep();
        Ok(self.launch(at))
    }

    /// Queues the entries of an operation that is new.
    #[inline]
    fn launch(&mut self, at: u16) -> OpId {
        let slot = self.slots.get(at);
        let generation = slot.generation();
        self.files.enlist(slot.target.file);
        self.counts.accepted += 1;
        self.counts.in_flight += 1;
        self.push(at, 0);
        OpId { ring: self.number, slot: at, generation }
    }

    /// Queues the entries of an operation, of what follows its first `done` bytes.
    #[inline]
    pub(super) fn push(&mut self, at: u16, done: usize) {
        let slot = self.slots.get(at);
        let (name, flags) = match self.files.of(slot.target.file).name {
            FileName::Place(place) => (Fd(place as i32), Flags::FIXED_FILE),
            FileName::Descriptor(descriptor) => (Fd(descriptor), Flags::empty()),
        };
        let work = slot.progress.work();
        let sync = || opcode::Fsync::new(name).flags(FsyncFlags::DATASYNC).build().flags(flags);
        let entries = if work == Work::Sync {
            let entry = sync().user_data(slot.key(at, Role::Sync));
            // SAFETY: it names a file, which the table holds as long as an operation on it is in flight.
            unsafe { self.queues.push(&entry) };
            1
        } else {
            let transfer = slot.transfer(name, done).flags(flags).user_data(slot.key(at, Role::Transfer));
            let linked = work == Work::WriteThenSync;
            let transfer = if linked { transfer.flags(Flags::IO_LINK) } else { transfer };
            // SAFETY: the file as above. The bytes are those of a buffer that lies in the slot, where it stays with its
            // memory until the last completion that is awaited from here on, and the list of segments with it; where
            // those never come, `Core` is not dropped. Nobody makes a reference to the bytes meanwhile: the slot lends
            // its buffers to nobody, and `vacate` takes them out when nothing is awaited.
            unsafe { self.queues.push(&transfer) };
            if linked {
                let entry = sync().user_data(slot.key(at, Role::Sync));
                // SAFETY: as for a sync alone.
                unsafe { self.queues.push(&entry) };
            }
            1 + u8::from(linked)
        };
        slot.progress.pushed(entries);
        slot.entries_end = self.queues.pushed();
    }

    /// Takes in what the kernel has completed, without a call of it. No code of users runs here.
    pub(super) fn reap(&mut self) {
        let mut leaving = false;
        for completion in self.queues.completions() {
            let Some((at, role, slot)) = self.slots.of(&completion) else { continue };
            let file = slot.target.file;
            let open = self.files.of(file);
            match slot.progress.arrived(role, completion.result(), open.write.step()) {
                Step::Wait => {}
                Step::Again(done) => self.again.push((at, done)),
                Step::End(ended) => {
                    let result = open.conclude(slot.progress.work(), ended);
                    self.counts.completed += 1;
                    match (&result, slot.progress.work()) {
                        (Err(_), _) => self.counts.failed += 1,
                        (Ok(n), Work::Read) => self.counts.bytes_read += *n as u64,
                        (Ok(n), _) => self.counts.bytes_written += *n as u64,
                    }
                    slot.ended = Some(result);
                    self.ended.push_back(at);
                    leaving |= self.files.release(file);
                }
            }
        }
        if leaving {
            self.files.sweep(&mut self.queues);
        }
        while let Some((at, done)) = self.again.pop() {
            self.counts.resumed += 1;
            self.resumed_queued = true;
            self.push(at, done);
        }
    }

    /// The operation that ended first, of those that were taken in.
    #[inline]
    pub(super) fn take(&mut self) -> Option<Completion<B>> {
        let at = self.ended.pop_front()?;
        let slot = self.slots.get(at);
        let result = slot.ended.take().unwrap_or(Ok(0));
        let id = OpId { ring: self.number, slot: at, generation: slot.generation() };
        let filled = match (&result, slot.progress.work()) {
            (Ok(n), Work::Read) => Some(*n),
            _ => None,
        };
        let (start, mut segments) = (slot.target.start, mem::take(&mut slot.segments));
        // From here on the place may be used again, whatever the code of users does below.
        let mut buffers = self.slots.vacate(at);
        self.counts.in_flight -= 1;
        if let Some(n) = filled {
            match &mut buffers {
                // SAFETY: `start` was no more than what was filled, and the kernel filled `n` bytes from there on, of
                // those up to the end of a range within the capacity.
                Buffers::One(buffer) => unsafe { buffer.set_filled(start + n) },
                Buffers::Many(buffers) => set_all_filled(buffers, &segments, n),
                Buffers::None => {}
            }
        }
        segments.clear();
        self.slots.get(at).segments = segments;
        Some(Completion { id, result, buffers })
    }
}

/// A vectored read filled one buffer after the other.
fn set_all_filled<B: IoBuf>(buffers: &mut [B], segments: &[libc::iovec], mut bytes: usize) {
    for (buffer, segment) in buffers.iter_mut().zip(segments) {
        let n = bytes.min(segment.iov_len);
        bytes -= n;
        // SAFETY: a segment is as long as its buffer's capacity, and the kernel filled its first `n` bytes.
        unsafe { buffer.set_filled(n) };
    }
}

/// The reason inside of what a poisoned file answers.
#[cold]
fn lost(error: io::Error) -> Refusal {
    match error.downcast::<SyncLost>() {
        Ok(lost) => Refusal::SyncLost(lost),
        Err(error) => Refusal::SyncLost(SyncLost { errno: error.raw_os_error().unwrap_or(libc::EIO) }),
    }
}
