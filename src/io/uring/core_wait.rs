//! How a ring enters the kernel.

use std::io;
use std::time::Duration;

use super::core::Core;
use super::key::{Key, Role};
use super::queues::Wait;
use super::{Completion, IoBuf, OpId, Refusal};
use crate::time::{Clock, Deadline};

impl<B: IoBuf> Core<B> {
    pub(super) fn here(&self) -> io::Result<()> {
        if self.mark.is_here() { Ok(()) } else { Err(Refusal::Forked.into()) }
    }

    /// Hands over all that is queued, in as many calls as it takes; how many entries that were.
    pub(super) fn submit(&mut self) -> io::Result<usize> {
        let mut handed = 0;
        loop {
            let before = self.queues.queued();
            if before == 0 {
                self.nothing_queued();
                return Ok(handed);
            }
            let called = self.queues.enter(Wait::No);
            let taken = self.look_at_taken(before);
            handed += taken;
            match called {
                Ok(()) if taken > 0 => {}
                // Before Linux 5.19: not before completions were taken in.
                Err(e) if e.raw_os_error() == Some(libc::EBUSY) && !self.queues.completions().is_empty() => self.reap(),
                // The rest stays queued.
                _ if handed > 0 => return Ok(handed),
                Ok(()) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(e) => return Err(e),
            }
        }
    }

    fn nothing_queued(&mut self) {
        self.cancels_queued = 0;
        self.resumed_queued = false;
    }

    /// After a call of the kernel: how many of the entries it took. Where it took one of a linked pair alone, the link
    /// is cut.
    fn look_at_taken(&mut self, before: usize) -> usize {
        let left = self.queues.queued();
        if left > 0 && left < before {
            let next = self.queues.taken();
            for (_, slot) in self.slots.all_in_flight() {
                if slot.progress.awaited() == 2 && slot.entries_end == next + 1 {
                    slot.progress.tear();
                }
            }
        }
        before - left
    }

    #[inline]
    pub(super) fn poll(&mut self) -> Option<Completion<B>> {
        if !self.mark.is_here() {
            return None;
        }
        if let Some(done) = self.take() {
            return Some(done);
        }
        self.poll_kernel()
    }

    fn poll_kernel(&mut self) -> Option<Completion<B>> {
        self.reap();
        if self.ended.is_empty() && self.queues.is_flagged() {
            // An error is one of waiting, and this does not wait.
            let _ = self.queues.attend(0, Duration::ZERO);
            self.reap();
        }
        if self.resumed_queued {
            // Nobody but the ring knows that there is something to be submitted. What is refused stays queued.
            let _ = self.submit();
        }
        self.take()
    }

    pub(super) fn wait(&mut self, n: usize, timeout: Option<Duration>) -> io::Result<usize> {
        self.here()?;
        self.reap();
        let n = n.min(self.counts.in_flight);
        // The clock is read only where it comes to waiting.
        let mut deadline = None;
        loop {
            let queued = self.queues.queued();
            let missing = n.saturating_sub(self.ended.len());
            if missing == 0 {
                if queued > 0 {
                    self.submit()?;
                }
                return Ok(self.ended.len());
            }
            let wait = match timeout {
                None => Wait::For(missing),
                Some(timeout) => {
                    let clock = Clock::Monotonic;
                    let deadline = *deadline.get_or_insert_with(|| Deadline::after(&clock, timeout));
                    match deadline.remaining(&clock) {
                        None => Wait::For(missing),
                        Some(left) => Wait::AtMost(missing, left),
                    }
                }
            };
            let ended = self.ended.len();
            let called = self.queues.enter(wait);
            let taken = self.look_at_taken(queued);
            self.reap();
            if taken == queued && !self.resumed_queued {
                self.nothing_queued();
            }
            if let Err(e) = called {
                match self.ended.len() {
                    0 => return Err(e),
                    now if now == ended => return Ok(now),
                    // It may have been for want of room for completions.
                    _ => {}
                }
            }
            if deadline.is_some_and(|deadline| deadline.is_past(&Clock::Monotonic)) {
                return Ok(self.ended.len());
            }
        }
    }

    /// Queues entries that ask for the cancellation of an operation; whether it was in flight.
    pub(super) fn cancel(&mut self, id: OpId) -> io::Result<bool> {
        self.here()?;
        if id.ring != self.number {
            return Ok(false);
        }
        self.reap();
        // Both halves of a pair at most. Their room is apart from that of the operations.
        if self.cancels_queued + 2 > 2 * self.slots.depth() {
            self.submit()?;
            if self.cancels_queued > 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
        let Some(slot) = self.slots.in_flight(id.slot, id.generation) else { return Ok(false) };
        if slot.progress.is_cancelled() {
            return Ok(true);
        }
        slot.progress.cancel();
        self.counts.cancels += 1;
        let cancel = Key::new(id.slot, id.generation, Role::Cancel).user_data();
        for role in slot.progress.outstanding() {
            self.queues.push_cancel(slot.key(id.slot, role), cancel);
            self.cancels_queued += 1;
        }
        Ok(true)
    }

    pub(super) fn cancel_all(&mut self) -> io::Result<usize> {
        let number = self.number;
        let ids: Vec<_> = self
            .slots
            .all_in_flight()
            .map(|(slot, operation)| OpId { ring: number, slot, generation: operation.generation() })
            .collect();
        let mut asked = 0;
        for id in ids {
            asked += usize::from(self.cancel(id)?);
        }
        Ok(asked)
    }
}
