//! The two queues shared with the kernel.
#![allow(unsafe_code)] // Entries carry addresses; the call that hands them over takes a pointer to its arguments.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use io_uring::types::{CancelBuilder, SubmitArgs, Timespec};
use io_uring::{CompletionQueue, EnterFlags, IoUring, opcode, squeue};

use super::UringUnavailable;

/// An io_uring, and how many entries were pushed to it. Entries are taken by the kernel in their order, in
/// [`enter`](Self::enter) alone: there is no thread that polls for them.
pub(super) struct Queues {
    ring: IoUring,
    /// 64 bits, so that an operation that stays in flight is never passed by 2^31 others.
    pushed: u64,
    pub(super) enters: u64,
    pub(super) cooperative: bool,
}

/// How long a call of the kernel may take.
#[derive(Clone, Copy)]
pub(super) enum Wait {
    /// Only as long as it takes to submit.
    No,
    /// Until so many completions are there.
    For(usize),
    /// The same, for so long at most.
    AtMost(usize, Duration),
}

impl Queues {
    /// `depth` operations, of at most two entries each, and as many entries that cancel, have room, and their
    /// completions too: the queue of completions cannot overflow.
    pub(super) fn open(depth: usize) -> io::Result<Self> {
        let entries = (4 * depth).next_power_of_two() as u32;
        let cooperative = IoUring::builder()
            // A forked child has no part in it.
            .dontfork()
            .setup_submit_all()
            .setup_coop_taskrun()
            .setup_taskrun_flag()
            .build(entries);
        let (ring, cooperative) = match cooperative {
            Ok(ring) => (ring, true),
            // Before Linux 5.19.
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => {
                (IoUring::builder().dontfork().build(entries).map_err(unavailable)?, false)
            }
            Err(e) => return Err(unavailable(e)),
        };
        // Waiting with a timeout (5.11); by then all operations and promises that are used are there.
        if !ring.params().is_feature_ext_arg() || !ring.params().is_feature_nodrop() {
            return Err(UringUnavailable { errno: libc::EINVAL }.into());
        }
        Ok(Self { ring, pushed: 0, enters: 0, cooperative })
    }

    /// Entries that the kernel has not taken.
    #[inline]
    pub(super) fn queued(&mut self) -> usize {
        self.ring.submission().len()
    }

    /// How many entries were pushed, for [`taken`](Self::taken) to be compared with.
    #[inline]
    pub(super) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How many of all that were pushed the kernel has taken.
    pub(super) fn taken(&mut self) -> u64 {
        self.pushed - self.queued() as u64
    }

    /// Queues an entry, for which there is room.
    ///
    /// # Safety
    ///
    /// - What the entry names stays valid until the kernel has completed it: memory, lists, and descriptors until it
    ///   has taken it.
    #[inline]
    pub(super) unsafe fn push(&mut self, entry: &squeue::Entry) {
        // SAFETY: the caller's promise.
        let pushed = unsafe { self.ring.submission().push(entry) };
        assert!(pushed.is_ok(), "there is room for every entry that may be outstanding");
        self.pushed += 1;
    }

    /// Queues an entry that asks for the cancellation of another, where there is room.
    pub(super) fn push_cancel(&mut self, other: u64, mark: u64) {
        let entry = opcode::AsyncCancel::new(other).build().user_data(mark);
        // SAFETY: it names nothing but a number.
        unsafe { self.push(&entry) };
    }

    /// One call of the kernel: hands over what is queued, and waits. Whether it took all and how many completions are
    /// there is to be looked for: an interruption and a timeout are no errors.
    pub(super) fn enter(&mut self, wait: Wait) -> io::Result<()> {
        self.enters += 1;
        let submitter = self.ring.submitter();
        calm(match wait {
            Wait::No => submitter.submit(),
            Wait::For(want) => submitter.submit_and_wait(want),
            Wait::AtMost(want, time) => {
                let time = Timespec::from(time);
                submitter.submit_with_args(want, &SubmitArgs::new().timespec(&time))
            }
        })
    }

    /// One call of the kernel that hands nothing over: has it finish what it left for this call, and waits until `want`
    /// completions are there or the time is over.
    pub(super) fn attend(&mut self, want: usize, time: Duration) -> io::Result<()> {
        self.enters += 1;
        let flags = (EnterFlags::GETEVENTS | EnterFlags::EXT_ARG).bits();
        let time = Timespec::from(time);
        let arguments = SubmitArgs::new().timespec(&time);
        // SAFETY: the arguments are of the type that the flag announces, and outlive the call.
        calm(unsafe { self.ring.submitter().enter(0, want as u32, flags, Some(&arguments)) })
    }

    /// Whether the kernel has completions that it brings only when it is entered.
    #[inline]
    pub(super) fn is_flagged(&mut self) -> bool {
        let queue = self.ring.submission();
        queue.taskrun() || queue.cq_overflow()
    }

    #[inline]
    pub(super) fn completions(&mut self) -> CompletionQueue<'_> {
        self.ring.completion()
    }

    /// Asks for the cancellation of all that the kernel has, without waiting for it. Linux 6.0.
    pub(super) fn cancel_all(&mut self) -> io::Result<()> {
        self.ring.submitter().register_sync_cancel(Some(Timespec::new()), CancelBuilder::any())
    }

    /// Makes a table of `n` places for files. The old way where the new one (Linux 5.19) is not there.
    pub(super) fn register_files(&mut self, n: usize) -> io::Result<()> {
        let submitter = self.ring.submitter();
        submitter.register_files_sparse(n as u32).or_else(|_| submitter.register_files(&vec![-1; n]))
    }

    /// Puts a descriptor into a place, or -1.
    pub(super) fn set_file(&mut self, place: u32, file: RawFd) -> io::Result<()> {
        self.ring.submitter().register_files_update(place, &[file]).map(drop)
    }

    /// Makes an empty table of `n` places for memory. Linux 5.19.
    pub(super) fn register_memory(&mut self, n: u32) -> io::Result<()> {
        self.ring.submitter().register_buffers_sparse(n)
    }

    /// Puts memory into an empty place.
    ///
    /// # Safety
    ///
    /// - It is mapped as long as operations may use the place.
    pub(super) unsafe fn set_memory(&mut self, place: u32, memory: libc::iovec) -> io::Result<()> {
        // SAFETY: the caller's promise; the list outlives the call.
        unsafe { self.ring.submitter().register_buffers_update(place, &[memory], None) }
    }

    /// Gives back what was registered, now: a ring that is closed does so some time later. Refusals do no harm.
    pub(super) fn unregister(&mut self, files: bool, memory: bool) {
        let submitter = self.ring.submitter();
        if files {
            let _ = submitter.unregister_files();
        }
        if memory {
            let _ = submitter.unregister_buffers();
        }
    }

    pub(super) fn ring_event_file(&mut self, event: &impl AsRawFd) -> io::Result<()> {
        self.ring.submitter().register_eventfd(event.as_raw_fd())
    }
}

/// An interruption, or that the time is over, is for the caller to notice.
fn calm(result: io::Result<usize>) -> io::Result<()> {
    match result {
        Err(e) if matches!(e.raw_os_error(), Some(libc::EINTR | libc::ETIME)) => Ok(()),
        result => result.map(drop),
    }
}

/// What the kernel answers to setting a ring up, as the caller is told.
fn unavailable(error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(errno @ (libc::ENOSYS | libc::EPERM | libc::EACCES | libc::EINVAL)) => UringUnavailable { errno }.into(),
        _ => error,
    }
}
