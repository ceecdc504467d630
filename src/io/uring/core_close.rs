//! How a ring ends.

use std::io;
use std::time::Duration;

use super::IoBuf;
use super::core::Core;
use crate::time::{Clock, Deadline};

impl<B: IoBuf> Core<B> {
    /// Brings the operations to their end, for as long as the ring was told to; whether the kernel has let go of all of
    /// them. Where it has not, nothing that the ring owns may go.
    pub(super) fn close(&mut self) -> bool {
        if !self.mark.is_here() {
            // A child: the queues are not there, and what is in flight is the parent's.
            return false;
        }
        self.withdraw();
        self.reap();
        if self.awaited() > 0 {
            self.ask_to_cancel();
            self.drain();
        }
        let is_over = self.awaited() == 0;
        // Also where others are left: these the kernel is done with.
        while let Some(done) = self.take() {
            drop(done);
        }
        if is_over {
            self.queues.unregister(self.files.places() > 0, self.registered.has_table());
        }
        is_over
    }

    /// Entries that the kernel has not taken are not begun: nobody enters it with them any more.
    fn withdraw(&mut self) {
        let taken = self.queues.taken();
        for (at, slot) in self.slots.all_in_flight() {
            slot.progress.make_last();
            // Entries are taken in their order, so those that are left are the last of the operation's.
            let left = slot.entries_end.saturating_sub(taken).min(u64::from(slot.progress.awaited()));
            slot.progress.withdrawn(left as u8);
            if slot.progress.awaited() == 0 {
                slot.ended = Some(Err(io::Error::from_raw_os_error(libc::ECANCELED)));
                self.ended.push_back(at);
            }
        }
    }

    /// Completions that the kernel still owes.
    fn awaited(&mut self) -> usize {
        self.slots.all_in_flight().map(|(_, slot)| usize::from(slot.progress.awaited())).sum()
    }

    fn ask_to_cancel(&mut self) {
        let asked = self.queues.cancel_all();
        // Before Linux 6.0, by entries; unless others are queued before them, which would begin.
        let unknown = asked.is_err_and(|e| e.raw_os_error() == Some(libc::EINVAL));
        if unknown && self.queues.queued() == 0 {
            let _ = self.cancel_all().and_then(|_| self.submit());
        }
    }

    fn drain(&mut self) {
        let clock = Clock::Monotonic;
        let deadline = Deadline::after(&clock, self.drain);
        loop {
            let awaited = self.awaited();
            if awaited == 0 {
                return;
            }
            let left = deadline.remaining(&clock).unwrap_or(Duration::from_secs(3600));
            if self.queues.attend(awaited, left).is_err() {
                return;
            }
            self.reap();
            if deadline.is_past(&clock) {
                return;
            }
        }
    }
}
