//! The front of the ring.
#![allow(unsafe_code)] // What is in flight must not be dropped.

use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use super::core::Core;
use super::progress::Work;
use super::{Completion, FileId, IoBuf, OpId, Refused, UringBuilder, UringEffective, UringStats};
use crate::io::DirectFile;
use crate::pool::{Block, BlockPool};
use crate::sys::ring::event_file;

/// Many reads and writes at once, from one thread: an io_uring (Linux 5.11) that owns the buffers and files of its
/// operations for as long as the kernel may touch them.
///
/// An operation is given its buffer by value and gives it back in its [`Completion`]; meanwhile the buffer is the
/// ring's, whatever happens: an operation that is cancelled, a ring that is leaked or dropped, a thread that ends.
///
/// 1. [`register_file`](Self::register_file) makes the [`FileId`] that operations name.
/// 2. [`read`](Self::read), [`write`](Self::write) and their like queue an operation, or refuse it with its buffer.
/// 3. [`submit`](Self::submit) hands over what is queued; [`wait`](Self::wait) does too, and waits.
/// 4. [`poll`](Self::poll) gives the operations that are over, in whatever order they ended.
///
/// What the kernel answers is passed on as it is: a transfer may be **short**, at the end of a file, at a limit, or for
/// no reason at all. A transfer of more than `0x7fff_f000` bytes always is. To resume one on a file that is direct,
/// begin at a multiple of its [`alignment`](DirectFile::alignment): what a short direct read left behind an unaligned
/// end may not be where the file has it.
///
/// Operations in flight have no order among each other: a sync covers the writes whose completion was seen before it
/// was submitted, and no others; [`write_then_sync`](Self::write_then_sync) is the exception, and does the two for one
/// buffer.
///
/// # Dropping, leaking, sending, forking
///
/// Closing an io_uring does not stop what it has begun. **Dropping** the ring therefore asks for the cancellation of
/// all that is in flight, waits for it for a bounded time ([`drain`](UringBuilder::drain)), and where something is in
/// flight even then, as on a device that has stalled, leaks its buffers with the ring, for good: memory, descriptors,
/// slabs. What was queued and not submitted is not begun. **Leaking** a ring is sound and leaks the same.
///
/// A ring may be **sent** to another thread, with operations in flight. When a **thread ends**, operations that it
/// submitted may come back as `ECANCELED`, though nobody cancelled them: reads of pipes and the like, and on some
/// kernels whatever had not been begun. The kernel completes operations in the thread that submitted them, when that
/// leaves the kernel the next time: one that sleeps is woken for it, but one that gave its ring away and computes
/// delays the completions until its next interrupt, by up to a tick of the clock, and longer on a CPU without ticks
/// (`nohz_full`).
///
/// A **forked** child has no part in the ring: each of its calls is an error there, or nothing, and its drop touches
/// nothing and leaks the child's copy. The parent goes on as before, except for what open(2) says of `O_DIRECT`: on
/// older kernels a read that is in flight during the fork, into memory that is not registered, may go to the child's
/// copy of a page. What the child keeps is a descriptor of the ring, until it ends or calls `exec`.
///
/// # Cost and blocking
///
/// Operations on one buffer allocate nothing, and none waits. `submit` makes a system call, and may do in it what the
/// kernel cannot begin without waiting: file systems that look up their extents, buffered files. `poll` makes none as
/// long as the kernel does not ask for one (see there). The kernel may use worker threads of its own, as its
/// documentation says; the ring starts none, and polls for nothing.
///
/// ```
/// use bedplate::io::{DirectFile, Uring};
/// use bedplate::pool::BlockPool;
///
/// let path = std::env::temp_dir().join(format!("bedplate-uring-{}", std::process::id()));
/// std::fs::write(&path, vec![7; 1 << 20])?;
/// let pool = BlockPool::builder().block_size(64 << 10).max_blocks(4).build()?;
///
/// let mut ring = match Uring::builder().depth(4).build() {
///     Ok(ring) => ring,
///     Err(error) => return Ok(println!("{error}")), // in a sandbox, perhaps
/// };
/// ring.register_pool(&pool)?;
/// let file = ring.register_file(DirectFile::options().read().open(&path)?)?;
/// for part in 0..4 {
///     ring.read(file, pool.try_acquire()?, part * (256 << 10))?;
/// }
/// ring.wait(4, None)?;
/// while let Some(done) = ring.poll() {
///     assert_eq!(done.result?, 64 << 10);
///     let block = done.buffers.one().expect("a read has a buffer");
///     assert!(block.iter().all(|byte| *byte == 7));
/// }
/// # std::fs::remove_file(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a ring that is dropped waits for what is in flight"]
pub struct Uring<B: IoBuf = Block> {
    /// Dropped only when nothing is in flight.
    core: ManuallyDrop<Core<B>>,
}

impl Uring {
    /// How a ring is made. It is of whatever buffers [`build`](UringBuilder::build) is asked for.
    pub fn builder() -> UringBuilder {
        UringBuilder::default()
    }

    /// Registers the memory of a pool with the kernel, so that it need not look for the pages of each operation on one
    /// of the pool's blocks. Tells whether all slabs that the pool has now are registered.
    ///
    /// Slabs that the pool adds later are registered when an operation on one of their blocks is first met. A slab that
    /// the kernel refuses is used as other memory is: it refuses one beyond the user's limit of locked memory
    /// (`RLIMIT_MEMLOCK`), one of more than 1 GiB, and every one before Linux 5.19.
    ///
    /// The slabs stay [pinned](BlockPool::pin_slabs), and the pool open, as long as the ring lives:
    /// [`trim`](BlockPool::trim) leaves them their memory. Where the ring has to be leaked, that is for good.
    ///
    /// # Errors
    ///
    /// Where [`Require`](crate::Demand::Require) was asked for, the kernel's refusal; in a forked child.
    pub fn register_pool(&mut self, pool: &BlockPool) -> io::Result<bool> {
        self.core.here()?;
        let Core { registered, queues, .. } = &mut *self.core;
        registered.add(pool, queues)
    }
}

impl<B: IoBuf> Uring<B> {
    pub(super) fn new(core: Core<B>) -> Self {
        Self { core: ManuallyDrop::new(core) }
    }

    /// Takes a file whose operations are to go through the ring, and holds it until it is
    /// [unregistered](Self::unregister_file) and its last operation is over, or as long as the ring lives.
    ///
    /// # Errors
    ///
    /// What the kernel says where it does not put the file into its table; in a forked child.
    pub fn register_file(&mut self, file: impl Into<Arc<DirectFile>>) -> io::Result<FileId> {
        self.core.here()?;
        let Core { files, queues, number, .. } = &mut *self.core;
        files.add(*number, file.into(), queues)
    }

    /// Gives a file back: new operations on it are refused from now on, and those in flight go on, for which the ring
    /// holds the file until they are over. `None` where it was given back before, or is of another ring.
    pub fn unregister_file(&mut self, file: FileId) -> Option<Arc<DirectFile>> {
        let Core { files, queues, number, mark, .. } = &mut *self.core;
        if file.ring != *number || !mark.is_here() {
            return None;
        }
        files.leave(file, queues)
    }

    /// Queues a read at `offset` of as many bytes as the buffer's [`capacity`](IoBuf::capacity), or as one transfer
    /// moves.
    ///
    /// The completion gives the bytes that were read, 0 at the end of the file, and the buffer is filled as far.
    ///
    /// # Errors
    ///
    /// [`Refused`], with the buffer, where nothing was queued: see [`Refusal`](super::Refusal). A read that is not
    /// aligned to [`read_alignment`](DirectFile::read_alignment) is refused: there is no bounce buffer here.
    #[inline]
    pub fn read(&mut self, file: FileId, buffer: B, offset: u64) -> Result<OpId, Refused<B>> {
        self.core.transfer(Work::Read, file, buffer, None, offset)
    }

    /// As [`read`](Self::read), into a part of the buffer, which begins within what is filled of it, or right behind.
    ///
    /// When it is over, the buffer is filled up to the last byte that was read.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_range(
        &mut self,
        file: FileId,
        buffer: B,
        range: Range<usize>,
        offset: u64,
    ) -> Result<OpId, Refused<B>> {
        self.core.transfer(Work::Read, file, buffer, Some(range), offset)
    }

    /// Queues a write at `offset` of what is [filled](IoBuf::filled) of the buffer, or of as much as one transfer
    /// moves.
    ///
    /// The completion gives the bytes that were written, which are not durable yet.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); [`SyncLost`](super::Refusal::SyncLost) too.
    #[inline]
    pub fn write(&mut self, file: FileId, buffer: B, offset: u64) -> Result<OpId, Refused<B>> {
        self.core.transfer(Work::Write, file, buffer, None, offset)
    }

    /// As [`write`](Self::write), of a part of what is filled of the buffer.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_range(
        &mut self,
        file: FileId,
        buffer: B,
        range: Range<usize>,
        offset: u64,
    ) -> Result<OpId, Refused<B>> {
        self.core.transfer(Work::Write, file, buffer, Some(range), offset)
    }

    /// As [`write`](Self::write); the bytes that the completion tells of are durable (`RWF_DSYNC`).
    ///
    /// A file system that does not know the flag gets [`write_then_sync`](Self::write_then_sync). An error that may
    /// have been that of a sync poisons the file, as one of [`sync_data`](Self::sync_data) does.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_durable(&mut self, file: FileId, buffer: B, offset: u64) -> Result<OpId, Refused<B>> {
        self.core.transfer(Work::Durable, file, buffer, None, offset)
    }

    /// As [`write`](Self::write) of all that is filled, and a sync behind it: where the completion is no error, all of
    /// it is written and durable, with everything whose completion was seen before.
    ///
    /// The kernel links the two. A short write breaks the link; its rest is then written, and synced, before the
    /// completion comes, from the last whole unit of the file's alignment on. A sync that fails poisons the file, as
    /// one of [`sync_data`](Self::sync_data) does. After any other error nothing is known to be durable.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    #[inline]
    pub fn write_then_sync(&mut self, file: FileId, buffer: B, offset: u64) -> Result<OpId, Refused<B>> {
        self.core.transfer(Work::WriteThenSync, file, buffer, None, offset)
    }

    /// Queues a read that fills one buffer after the other, each to its capacity. Up to 1024.
    ///
    /// On a direct file each buffer has to be aligned by itself, in address and length. The list of buffers is
    /// allocated, and what the kernel is given of it kept for the next vectored operation.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_vectored(&mut self, file: FileId, buffers: Vec<B>, offset: u64) -> Result<OpId, Refused<B>> {
        self.core.transfer_vectored(Work::Read, file, buffers, offset)
    }

    /// Queues a write of what is filled of one buffer after the other, as [`read_vectored`](Self::read_vectored).
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_vectored(&mut self, file: FileId, buffers: Vec<B>, offset: u64) -> Result<OpId, Refused<B>> {
        self.core.transfer_vectored(Work::Write, file, buffers, offset)
    }

    /// Queues an `fdatasync`: where its completion is no error, every write whose completion was seen before this call
    /// is durable.
    ///
    /// The first error is final, as with [`DirectFile::sync_data`]: it poisons the file, and later writes and syncs are
    /// refused.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn sync_data(&mut self, file: FileId) -> Result<OpId, Refused<B>> {
        self.core.sync(file)
    }

    /// Hands over what is queued; tells how many entries that were, which may be two of one operation. Does not wait
    /// for completions.
    ///
    /// # Errors
    ///
    /// What the kernel says where it took nothing: [`WouldBlock`](io::ErrorKind::WouldBlock) where it has no memory to
    /// begin with now. All stays queued, and goes with the next call. In a forked child.
    #[inline]
    pub fn submit(&mut self) -> io::Result<usize> {
        self.core.here()?;
        self.core.submit()
    }

    /// An operation that is over, `None` while there is none.
    ///
    /// A system call is made only where the kernel says that it has completions left for one; where the rest of a short
    /// [`write_then_sync`](Self::write_then_sync) has to be submitted; and with the last operation of a file that was
    /// unregistered.
    #[inline]
    pub fn poll(&mut self) -> Option<Completion<B>> {
        self.core.poll()
    }

    /// Hands over what is queued and waits until `n` operations are over, or as many as there are, or until `timeout`
    /// has passed; tells how many there are to be polled. A timeout of zero has the kernel look, and does not wait.
    ///
    /// Signals do not end it.
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit); what the kernel says of waiting. No operation is over then that could be polled.
    pub fn wait(&mut self, n: usize, timeout: Option<Duration>) -> io::Result<usize> {
        self.core.wait(n, timeout)
    }

    /// Asks for the cancellation of an operation, which the next [`submit`](Self::submit) hands over; tells whether it
    /// was in flight. It stays in flight until its completion comes, with `ECANCELED` or with what it did after all:
    /// reads and writes that a disk has begun are not stopped.
    ///
    /// # Errors
    ///
    /// Where the kernel has to take earlier cancellations first, and does not; in a forked child.
    pub fn cancel(&mut self, id: OpId) -> io::Result<bool> {
        self.core.cancel(id)
    }

    /// As [`cancel`](Self::cancel), of all that is in flight; tells how many operations that is. Allocates.
    ///
    /// # Errors
    ///
    /// As [`cancel`](Self::cancel).
    pub fn cancel_all(&mut self) -> io::Result<usize> {
        self.core.cancel_all()
    }

    /// A file that becomes readable when a completion comes, for an event loop; made by the first call.
    ///
    /// It is an eventfd, and stays readable until it is read (eight bytes): read it, then [`poll`](Self::poll) until
    /// that is `None`, in this order. Completions that came before it was made do not count, so poll once after the
    /// first call.
    ///
    /// The kernel completes operations in the thread that submitted them. Where that thread sleeps in `epoll_wait`, it
    /// is woken for this with `EINTR` (seen each time on Linux 6.18), and finds the file readable when it waits again.
    ///
    /// # Errors
    ///
    /// Those of `eventfd` and of registering it; in a forked child.
    pub fn eventfd(&mut self) -> io::Result<BorrowedFd<'_>> {
        self.core.here()?;
        let Core { event_file: slot, queues, .. } = &mut *self.core;
        if slot.is_none() {
            let event = event_file()?;
            queues.ring_event_file(&event)?;
            *slot = Some(event);
        }
        slot.as_ref().map(AsFd::as_fd).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Operations that were accepted and not polled.
    #[inline]
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.core.counts.in_flight
    }

    /// How many operations may be in flight at once.
    #[inline]
    #[must_use]
    pub fn depth(&self) -> usize {
        self.core.slots.depth()
    }

    /// What was obtained of what the builder asked for.
    #[must_use]
    pub fn effective(&self) -> UringEffective {
        self.core.effective()
    }

    /// What the ring holds and did. Its own fields.
    #[must_use]
    pub fn stats(&self) -> UringStats {
        self.core.stats()
    }
}

impl<B: IoBuf> Drop for Uring<B> {
    fn drop(&mut self) {
        if self.core.close() {
            // SAFETY: nobody uses it after its drop, and this is the only place that drops it. Nothing is in flight.
            unsafe { ManuallyDrop::drop(&mut self.core) };
        }
    }
}

impl<B: IoBuf> fmt::Debug for Uring<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uring")
            .field("depth", &self.depth())
            .field("in_flight", &self.in_flight())
            .field("effective", &self.effective())
            .finish_non_exhaustive()
    }
}
