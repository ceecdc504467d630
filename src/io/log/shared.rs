//! What the threads of a log share, and how a commit goes: see `docs/log.md`.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc as StdArc;
use std::time::Duration;

use super::format;
use super::held::Held;
use super::progress::{Progress, State};
use super::recover::End;
#[cfg(feature = "io-uring")]
use super::ring::Ring;
use super::segments::Segments;
use super::storage::Directory;
use super::tail::{Sealed, Tail};
use super::{LogError, Lsn};
use crate::io::SyncLost;
use crate::primitive::{Arc, Mutex, MutexGuard, spin_loop};
use crate::stats::Histogram;
use crate::sync::{EventCount, Listener};
use crate::time::{Clock, Deadline, Instant};

/// Flights that an old one may keep from landing, for each slot. More than a few are never seen; the number bounds the
/// events there must be.
const FLIGHTS_PER_SLOT: usize = 4;

/// For how long a thread that has written its frame looks whether the older ones are written too before it sleeps.
///
/// With two threads and two frames under way one in ten ends before the older one, by some 50 µs, and the older one's
/// thread would pay for the wake: 0.79 to 0.85 of independent writers without, 0.94 to 0.98 with (2 CPUs, 2026-11-22).
const LOOK: Duration = Duration::from_micros(if cfg!(bedplate_loom) { 0 } else { 150 });

/// Who writes the frames.
#[derive(Debug)]
pub(super) enum Who {
    /// The threads that commit, and those that find the buffer full.
    Callers,
    /// Threads of the log's own.
    Threads,
    /// The kernel; those that wait reap.
    #[cfg(feature = "io-uring")]
    Ring(Box<Ring>),
}

/// A log, without its threads.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dir: StdArc<dyn Directory>,
    pub(super) segments: Segments,
    tail: Mutex<Tail>,
    pub(super) progress: Arc<Progress>,
    pub(super) who: Who,
    /// For each frame that has not landed, by its sequence number: it is durable, or one of those that wait is to write
    /// it.
    frames: Box<[EventCount]>,
    /// The active frame is a new one, or a writer is free, or there is a new segment.
    pub(super) room: EventCount,
    /// There is something to write for the log's own threads.
    pub(super) work: EventCount,
    buffer_size: usize,
    /// The most bytes of a record.
    pub(super) limit: usize,
    /// The most bytes of a frame.
    pub(super) frame_limit: usize,
    pub(super) clock: Clock,
    pub(super) write_time: Histogram,
    pub(super) queue_time: Histogram,
    pub(super) records: Histogram,
}

/// What a log is made with, checked.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) segment_size: u64,
    pub(super) buffer_size: usize,
    pub(super) slots: usize,
    pub(super) clock: Clock,
}

impl Shared {
    pub(super) fn new(dir: StdArc<dyn Directory>, end: End, settings: Settings, who: Who) -> io::Result<Self> {
        let Settings { segment_size, buffer_size, slots, clock } = settings;
        let progress = Arc::new(Progress::new(end.next_lsn - 1));
        let tail = Tail::new(end.segment, end.offset, end.next_lsn, end.witnessed, buffer_size, slots)?;
        Ok(Self {
            dir,
            segments: end.segments,
            tail: Mutex::new(tail),
            progress,
            who,
            frames: (0..=slots * FLIGHTS_PER_SLOT).map(|_| EventCount::new()).collect(),
            room: EventCount::new(),
            work: EventCount::new(),
            buffer_size,
            limit: format::record_limit(segment_size),
            frame_limit: format::frame_limit(segment_size),
            clock,
            write_time: Histogram::new(),
            queue_time: Histogram::new(),
            records: Histogram::new(),
        })
    }

    /// There are no threads of its own after all.
    pub(super) fn become_inline(&mut self) {
        self.who = Who::Callers;
        self.hold().ended = false;
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock()
    }

    #[inline]
    pub(super) fn hold(&self) -> Held<'_> {
        Held::new(self)
    }

    /// One less than there are events: the active frame has one too.
    pub(super) fn most_flights(&self) -> usize {
        self.frames.len() - 1
    }

    pub(super) fn frame(&self, sequence: u64) -> &EventCount {
        &self.frames[(sequence % self.frames.len() as u64) as usize]
    }

    /// Returns when record `lsn` is durable, and tells the last that is.
    pub(super) fn commit(&self, held: Held<'_>, lsn: u64, deadline: Deadline) -> Result<Lsn, LogError> {
        let mut first = Some(held);
        loop {
            let mut held = first.take().unwrap_or_else(|| self.hold());
            if held.durable_lsn >= lsn {
                return Ok(Lsn::new(held.durable_lsn));
            }
            held.check()?;
            if deadline.is_past(&self.clock) {
                // The wake-up that this thread may have had is another's now.
                let next = self.next_leader(&held);
                drop(held);
                self.call(next);
                return Err(LogError::TimedOut);
            }
            let sequence = held.sequence_of(lsn);
            if sequence == held.sequence() {
                held.active.ask(|| self.clock.now());
                if held.may_seal() && !matches!(self.who, Who::Threads) {
                    held.lead();
                    drop(held);
                    self.look_for(lsn);
                    continue;
                }
            }
            self.wait(held, sequence, deadline);
            let durable = self.progress.durable();
            if durable >= lsn {
                return Ok(Lsn::new(durable));
            }
        }
    }

    /// Lets the lock go until a frame is durable, or the calling thread is to write it.
    fn wait(&self, held: Held<'_>, sequence: u64, deadline: Deadline) {
        #[cfg(feature = "io-uring")]
        if let Who::Ring(ring) = &self.who {
            return self.reap(ring, held, Some((sequence, deadline)));
        }
        let listener = self.frame(sequence).listen();
        let wanted = matches!(self.who, Who::Threads) && held.may_seal();
        drop(held);
        if wanted {
            self.work.notify(1);
        }
        listener.wait_until(&self.clock, deadline);
    }

    /// Looks a while whether record `lsn` becomes durable.
    fn look_for(&self, lsn: u64) {
        if LOOK.is_zero() || self.progress.durable() >= lsn || !matches!(self.who, Who::Callers) {
            return;
        }
        let end = Clock::Monotonic.now() + LOOK;
        while self.progress.durable() < lsn && Clock::Monotonic.now() < end {
            (0..32).for_each(|_| spin_loop());
        }
    }

    /// Returns when the frame has landed.
    pub(super) fn await_landing(&self, sequence: u64) -> Result<(), LogError> {
        loop {
            let mut held = self.hold();
            held.check()?;
            if held.has_landed(sequence) {
                return Ok(());
            }
            if sequence == held.sequence() && held.may_seal() && !matches!(self.who, Who::Threads) {
                held.lead();
                continue;
            }
            self.wait(held, sequence, Deadline::NEVER);
        }
    }

    /// Waits for room; the calling thread may be the only one that can make it, by reaping.
    pub(super) fn await_room(&self, listener: Listener<'_>) {
        #[cfg(feature = "io-uring")]
        if let Who::Ring(ring) = &self.who {
            return self.reap_for_room(ring, listener);
        }
        listener.wait();
    }

    /// Asks for a record to be written, and waits for nothing: its own threads do it, or the ring; callers do when they
    /// commit.
    pub(super) fn request(&self, mut held: Held<'_>, lsn: u64) {
        if held.sequence_of(lsn) == held.sequence() {
            held.active.ask(|| self.clock.now());
        }
        let wanted = held.may_seal();
        match &self.who {
            Who::Callers => {}
            Who::Threads => {
                drop(held);
                if wanted {
                    self.work.notify(1);
                }
            }
            #[cfg(feature = "io-uring")]
            Who::Ring(ring) => {
                if wanted {
                    held.lead();
                }
                self.reap(ring, held, None);
            }
        }
    }

    /// The frame that somebody should write now, if there is one.
    fn next_leader(&self, held: &Held<'_>) -> Option<u64> {
        held.may_seal().then(|| held.sequence())
    }

    /// Wakes one who is to write the frame of that sequence number.
    fn call(&self, next: Option<u64>) {
        match (next, &self.who) {
            (Some(_), Who::Threads) => self.work.notify(1),
            (Some(sequence), _) => self.frame(sequence).notify(1),
            (None, _) => {}
        }
    }

    /// Writes a frame and sees to all that comes of it.
    pub(super) fn write(&self, mut sealed: Sealed) {
        // The buffer that took its place has room.
        self.room.notify_all();
        sealed.encode(self.dir.now());
        #[cfg(feature = "io-uring")]
        if let Who::Ring(ring) = &self.who {
            return self.submit(ring, sealed);
        }
        let started = self.clock.now();
        // A write that panics leaves its slot free, and the log poisoned.
        let written = catch_unwind(AssertUnwindSafe(|| sealed.segment.write(&sealed.frame.parts(), sealed.offset)));
        let result = written.unwrap_or_else(|_| Err(io::Error::other("a write panicked")));
        self.land(sealed, result, started);
    }

    /// A frame's write has ended.
    pub(super) fn land(&self, mut sealed: Sealed, result: io::Result<()>, started: Instant) {
        let took = self.clock.now() - started;
        let queued = sealed.since.map_or(Duration::ZERO, |since| started - since);
        let (size, count) = (sealed.frame.size(), sealed.frame.count());
        // Its blocks go back to their pool, without the lock.
        sealed.frame.clear();
        self.count_written(count, took, sealed.since.map(|_| queued));

        let mut held = self.hold();
        held.busy -= 1;
        held.give_back(sealed.frame, self.buffer_size);
        let first = held.landed();
        if let Err(e) = result {
            // The first error stays: what comes after follows from it.
            held.poison.get_or_insert_with(|| StdArc::new(cause(e)));
        } else {
            held.stats.frames += 1;
            held.stats.written += size;
            held.stats.write_time += took;
            held.stats.queue_time += queued;
            if held.arrive(sealed.sequence) {
                self.progress.advance(held.durable_lsn);
            }
        }
        let last = held.landed();
        let failed = held.poison.clone();
        let next = self.next_leader(&held);
        let prepare = held.pay(size, self.segments.owed());
        let calls = held.callbacks.are_due(if failed.is_some() { u64::MAX } else { held.durable_lsn });
        drop(held);

        // The next write first: it is the disk that is waited for.
        self.call(next);
        if let Some(error) = failed {
            self.progress.end(State::Failed(error));
            self.frames.iter().for_each(EventCount::notify_all);
            self.work.notify_all();
        } else {
            (first..last).for_each(|sequence| self.frame(sequence).notify_all());
            if first < last {
                self.progress.tell();
            }
        }
        self.room.notify_all();
        if calls {
            self.call_back();
        }
        if prepare > 0 {
            self.segments.prepare_step(prepare);
        }
    }

    fn count_written(&self, records: u32, took: Duration, queued: Option<Duration>) {
        if cfg!(bedplate_loom) {
            // A histogram is some 17,000 atomics, of which no thread concludes anything.
            return;
        }
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.write_time.record(nanos(took));
        if let Some(queued) = queued {
            self.queue_time.record(nanos(queued));
        }
        self.records.record(u64::from(records));
    }

    /// Calls the closures whose records are durable, or never will be.
    pub(super) fn call_back(&self) {
        loop {
            let mut held = self.hold();
            let (durable, poison) = (held.durable_lsn, held.poison.clone());
            let all = poison.is_some() || held.ended;
            let Some(ready) = held.callbacks.take(if all { u64::MAX } else { durable }) else { return };
            drop(held);
            let panics = ready.call(|lsn| match &poison {
                _ if lsn.get() <= durable => Ok(Lsn::new(durable)),
                Some(error) => Err(LogError::Poisoned(StdArc::clone(error))),
                None => Err(LogError::Closed),
            });
            let mut held = self.hold();
            held.callbacks.done();
            held.stats.panics += panics;
        }
    }
}

/// Where a writer was only told that another one's failed, what that one failed with: it may not have come here yet.
fn cause(error: io::Error) -> io::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<SyncLost>()) {
        Some(lost) => lost.cause(),
        None => error,
    }
}
