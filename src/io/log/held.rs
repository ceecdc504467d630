use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::LogError;
use super::format::{self, RECORD_HEADER};
use super::gather::Gather;
use super::shared::{Shared, Who};
use super::tail::Tail;
use crate::pool::Block;
use crate::primitive::MutexGuard;

/// The lock of a tail, held but for the times that a method lets it go.
#[derive(Debug)]
pub(super) struct Held<'a> {
    shared: &'a Shared,
    guard: Option<MutexGuard<'a, Tail>>,
}

impl Deref for Held<'_> {
    type Target = Tail;

    #[inline]
    fn deref(&self) -> &Tail {
        self.guard.as_ref().expect("the lock is let go only within `unlocked`")
    }
}

impl DerefMut for Held<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Tail {
        self.guard.as_mut().expect("the lock is let go only within `unlocked`")
    }
}

/// Takes the lock of a [`Held`] again, also where the code that ran without it panics.
struct Relock<'h, 'a>(&'h mut Held<'a>);

impl Drop for Relock<'_, '_> {
    fn drop(&mut self) {
        self.0.guard = Some(self.0.shared.lock());
    }
}

impl<'a> Held<'a> {
    #[inline]
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self { shared, guard: Some(shared.lock()) }
    }

    /// Runs `f` without the lock.
    fn unlocked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.guard = None;
        let _relock = Relock(self);
        f()
    }

    /// Appends one record.
    #[inline]
    pub(super) fn append(&mut self, data: &[u8]) -> Result<u64, LogError> {
        let size = format::record_size(data.len());
        if self.poison.is_some() || data.len() > self.shared.limit || !self.active.fits(size, 0, self.room()) {
            self.make_room(data.len(), size, 0)?;
        }
        Ok(self.push(data))
    }

    /// Appends records, of `size` bytes with their headers, into one frame.
    pub(super) fn append_all(&mut self, records: &[&[u8]], size: usize) -> Result<(), LogError> {
        self.make_room(size.saturating_sub(RECORD_HEADER), size, 0)?;
        records.iter().for_each(|record| _ = self.push(record));
        Ok(())
    }

    /// Appends a block, which has room for the rest of its last sector; gives it back where it cannot.
    pub(super) fn append_block(&mut self, block: Block, size: usize) -> Result<u64, (Block, LogError)> {
        if let Err(e) = self.make_room(block.len(), RECORD_HEADER, size) {
            return Err((block, e));
        }
        let (lsn, seed, len) = (self.next_lsn, self.segment.seed, block.len());
        self.active.push_block(seed, lsn, block);
        self.stats.blocks += 1;
        Ok(self.count(len))
    }

    #[inline]
    fn push(&mut self, data: &[u8]) -> u64 {
        let (lsn, seed) = (self.next_lsn, self.segment.seed);
        self.active.push(seed, lsn, data);
        self.count(data.len())
    }

    #[inline]
    fn count(&mut self, len: usize) -> u64 {
        let lsn = self.next_lsn;
        self.next_lsn += 1;
        self.stats.appended += 1;
        self.stats.bytes += len as u64;
        lsn
    }

    /// Returns when the active frame takes `inside` bytes of records, and `outside` bytes of a block where that is not 0.
    /// `len` is the length that a caller is told where that can never be.
    #[cold]
    fn make_room(&mut self, len: usize, inside: usize, outside: usize) -> Result<(), LogError> {
        let limit = self.shared.limit;
        if len > limit || outside + format::frame_size(inside) > self.shared.frame_limit {
            return Err(LogError::TooLarge { len, limit });
        }
        let size = (format::frame_size(inside) + outside) as u64;
        loop {
            self.check()?;
            let room = self.room();
            let takes = outside == 0 || self.active.takes_block(outside);
            if takes && self.active.fits(inside, outside, room) {
                return Ok(());
            }
            if !self.active.is_empty() {
                self.write_out();
            } else if size > room && self.has_room_behind_mark(size) {
                let next = self.next_lsn;
                self.active.make_mark(next);
            } else if size > room {
                self.next_segment()?;
            } else {
                self.enlarge(format::frame_size(inside))?;
            }
        }
    }

    /// Has the active frame written, or waits until there is room in it or another in its place.
    fn write_out(&mut self) {
        let shared = self.shared;
        self.active.ask(|| shared.clock.now());
        if self.may_seal() && !matches!(shared.who, Who::Threads) {
            self.lead();
        } else {
            self.wait_for_room();
        }
    }

    fn wait_for_room(&mut self) {
        let shared = self.shared;
        self.stats.stalls += 1;
        let (wanted, listener) = (self.may_seal(), shared.room.listen());
        self.unlocked(|| {
            if wanted {
                // Only its own threads come here: another caller would have sealed the frame.
                shared.work.notify(1);
            }
            shared.await_room(listener);
        });
    }

    /// Goes on in the next segment, once nothing is under way: the active frame is empty.
    ///
    /// Its first frame says by being there that all before it is durable. One write in a segment's worth of them waits
    /// for that.
    fn next_segment(&mut self) -> Result<(), LogError> {
        let shared = self.shared;
        if !self.is_idle() {
            self.wait_for_room();
            return Ok(());
        }
        let Some(next) = shared.segments.ready() else {
            // A full disk is told here, before the record is taken, and leaves the log as it is.
            return Ok(self.unlocked(|| shared.segments.make_ready())?);
        };
        let (number, first_lsn) = (next.header.number, self.next_lsn);
        self.enter(next);
        self.unlocked(|| {
            shared.room.notify_all();
            shared.segments.begun(number, first_lsn, shared.dir.now());
        });
        Ok(())
    }

    pub(super) fn may_seal(&self) -> bool {
        (**self).may_seal(self.shared.most_flights())
    }

    /// Writes the active frame, or submits it to the ring; [`may_seal`](Self::may_seal). The lock is let go meanwhile.
    pub(super) fn lead(&mut self) {
        let shared = self.shared;
        self.busy += 1;
        self.gather();
        self.busy -= 1;
        if !self.may_seal() {
            // Another thread has sealed it meanwhile; or something failed. Who waits until nothing is under way may have
            // waited for this thread.
            self.unlocked(|| shared.room.notify_all());
            return;
        }
        self.busy += 1;
        let sealed = self.seal();
        self.unlocked(|| shared.write(sealed));
    }

    /// Lets those who are about to append do so first, as far as that has been of use. The caller has a slot.
    fn gather(&mut self) {
        let (sequence, before) = (self.sequence(), self.active.count());
        let due = self.gather.is_due();
        let mut took = if due { self.unlocked(Gather::run) } else { Duration::ZERO };
        if due || self.abreast {
            let end = took + Gather::LOOK;
            while self.sequence() == sequence && self.active.count() < self.released && took < end {
                took += self.unlocked(Gather::look);
            }
        }
        let gained = self.sequence() != sequence || self.active.count() != before;
        if due {
            self.gather.learn(gained, took);
        }
        self.stats.gathered += u64::from(gained);
    }

    /// Leaves a frame without records, as witness that all before it was acknowledged. Nothing is under way, and all is
    /// durable. Gives its sequence number; `None` where there is a witness already.
    pub(super) fn mark(&mut self) -> Result<Option<u64>, LogError> {
        if self.witnessed_lsn == self.durable_lsn {
            return Ok(None);
        }
        self.make_room(0, 1, 0)?;
        let (shared, next) = (self.shared, self.next_lsn);
        self.active.make_mark(next);
        self.active.ask(|| shared.clock.now());
        Ok(Some(self.sequence()))
    }
}
