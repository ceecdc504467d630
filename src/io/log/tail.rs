//! The writing end of a log: what is behind its lock, and the steps that move records from there to the disk.

use std::io;
use std::ops::{Deref, DerefMut};

use super::format::{self, SEGMENT_HEADER};
use super::frame::Frame;
use super::recover::End;
use super::segment::Segment;
use super::storage::{Directory, write_all};
use super::{LogError, LogStats, Lsn};
use crate::primitive::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::primitive::{Arc, Mutex, MutexGuard};
use crate::sync::EventCount;
use crate::time::Clock;

/// The state that all appenders and committers share.
///
/// There are two buffers. Records go to `active`; a full one is swapped with `spare` and written by the thread that found
/// it full, without the lock. While `spare` is `None` that write is under way, and no other can begin: writes happen in
/// order, and `written_lsn` says how far.
#[derive(Debug)]
pub(super) struct Tail {
    pub(super) active: Frame,
    spare: Option<Frame>,
    /// The buffer set aside while a larger one, for one record that needs it, is in its place.
    shelf: Option<Frame>,
    segment: Arc<Segment>,
    /// Where the next frame goes.
    offset: u64,
    pub(super) next_lsn: u64,
    written_lsn: u64,
    durable_lsn: u64,
    /// The highest durable LSN that a frame on the disk bears witness to.
    witnessed_lsn: u64,
    /// A thread syncs, or is about to.
    syncing: bool,
    /// A batch is being appended, and its records are to follow one another.
    reserved: bool,
    poison: Option<Arc<io::Error>>,
    pub(super) stats: LogStats,
}

/// The tail, its lock, and what is read without it.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) dir: Arc<dyn Directory>,
    tail: Mutex<Tail>,
    /// A write or sync ended, a batch ended, or the log was poisoned. Notified under the lock.
    changed: EventCount,
    /// `Tail::durable_lsn` for those who only look.
    durable: AtomicU64,
    /// The thread that runs user code under the lock, 0 for none.
    iterating: AtomicUsize,
    buffer_size: usize,
    segment_size: u64,
    pub(super) limit: usize,
}

impl Shared {
    pub(super) fn new(dir: Arc<dyn Directory>, end: End, buffer_size: usize, segment_size: u64) -> io::Result<Self> {
        let durable_lsn = end.next_lsn - 1;
        let tail = Tail {
            active: Frame::new(buffer_size)?,
            spare: Some(Frame::new(buffer_size)?),
            shelf: None,
            segment: Arc::new(end.segment),
            offset: end.offset,
            next_lsn: end.next_lsn,
            written_lsn: durable_lsn,
            durable_lsn,
            witnessed_lsn: end.witnessed,
            syncing: false,
            reserved: false,
            poison: None,
            stats: LogStats::default(),
        };
        Ok(Self {
            dir,
            tail: Mutex::new(tail),
            changed: EventCount::new(),
            durable: AtomicU64::new(durable_lsn),
            iterating: AtomicUsize::new(0),
            buffer_size,
            segment_size,
            limit: format::record_limit(segment_size),
        })
    }

    pub(super) fn durable(&self) -> u64 {
        // Acquire pairs with the Release in `Held::set_durable`: what the committer did before is seen.
        self.durable.load(Ordering::Acquire)
    }

    /// Takes the lock.
    #[inline]
    pub(super) fn hold(&self) -> Held<'_> {
        Held { shared: self, guard: Some(self.lock()) }
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, Tail> {
        match self.tail.try_lock() {
            Some(tail) => tail,
            None => self.lock_slow(),
        }
    }

    #[cold]
    fn lock_slow(&self) -> MutexGuard<'_, Tail> {
        // Relaxed: the value can equal this thread's id only where this thread stored it.
        assert!(
            self.iterating.load(Ordering::Relaxed) != thread_id(),
            "an AppendLog was used by the iterator of its own append_batch, which holds its lock"
        );
        self.tail.lock()
    }
}

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
        // Past the check of `lock`: a batch that lets the lock go runs no user code meanwhile.
        self.0.guard = Some(self.0.shared.tail.lock());
    }
}

impl Held<'_> {
    /// Runs `f` without the lock.
    fn unlocked<R>(&mut self, f: impl FnOnce() -> R) -> R {
        self.guard = None;
        let _relock = Relock(self);
        f()
    }

    /// Lets the lock go until something changed.
    fn wait(&mut self) {
        let listener = self.shared.changed.listen();
        self.unlocked(|| listener.wait());
    }

    fn check(&self) -> Result<(), LogError> {
        self.poison.as_ref().map_or(Ok(()), |e| Err(LogError::Poisoned(Arc::clone(e))))
    }

    fn poison(&mut self, error: io::Error) -> LogError {
        // The first error stays: what comes after follows from it.
        let error = Arc::clone(self.poison.get_or_insert_with(|| Arc::new(error)));
        self.shared.changed.notify_all();
        LogError::Poisoned(error)
    }

    fn set_durable(&mut self, lsn: u64) {
        self.durable_lsn = lsn;
        // Release pairs with the Acquire in `Shared::durable`.
        self.shared.durable.store(lsn, Ordering::Release);
    }

    fn room(&self) -> u64 {
        self.segment.room(self.offset)
    }

    /// Appends one record, before or behind whatever batch is being appended.
    #[inline]
    pub(super) fn append(&mut self, data: &[u8]) -> Result<u64, LogError> {
        loop {
            while self.reserved {
                self.wait();
            }
            if self.has_room(data.len()) {
                return Ok(self.push(data));
            }
            // Lets the lock go, and a batch may begin meanwhile.
            self.make_room(data.len())?;
        }
    }

    /// Appends one record of the batch that is being appended.
    #[inline]
    fn append_reserved(&mut self, data: &[u8]) -> Result<u64, LogError> {
        if !self.has_room(data.len()) {
            self.make_room(data.len())?;
        }
        Ok(self.push(data))
    }

    /// Whether a record of `len` bytes can be appended as things are.
    #[inline]
    fn has_room(&self, len: usize) -> bool {
        // The limit also where a segment of before, with another size, would take more.
        self.poison.is_none() && len <= self.shared.limit && self.active.fits(format::record_size(len), self.room())
    }

    #[inline]
    fn push(&mut self, data: &[u8]) -> u64 {
        let lsn = self.next_lsn;
        let seed = self.segment.seed;
        self.active.push(seed, lsn, data);
        self.next_lsn += 1;
        self.stats.appended += 1;
        self.stats.bytes += data.len() as u64;
        lsn
    }

    /// Returns when a record of `len` bytes fits into the active buffer.
    #[cold]
    fn make_room(&mut self, len: usize) -> Result<(), LogError> {
        let limit = self.shared.limit;
        if len > limit {
            return Err(LogError::TooLarge { len, limit });
        }
        let size = format::record_size(len);
        loop {
            self.check()?;
            if self.active.fits(size, self.room()) {
                return Ok(());
            }
            if self.spare.is_none() {
                self.wait();
            } else if !self.active.is_empty() {
                self.write_active()?;
            } else if format::frame_size(size) as u64 > self.room() {
                self.begin_segment()?;
            } else {
                let larger = Frame::new(format::frame_size(size))?;
                let small = std::mem::replace(&mut self.active, larger);
                // With something on the shelf, what was active was such a larger one, whose record another thread's
                // kept out. No write is under way, so there is no third place for the usual one to be.
                self.shelf.get_or_insert(small);
            }
        }
    }

    /// Writes the active buffer without the lock. The spare one must be there.
    fn write_active(&mut self) -> Result<(), LogError> {
        let spare = self.spare.take().expect("the caller has looked");
        let mut frame = std::mem::replace(&mut self.active, spare);
        let (offset, durable, last) = (self.offset, self.durable_lsn, frame.last_lsn());
        let segment = Arc::clone(&self.segment);
        self.offset += frame.size() as u64;

        let result = self.unlocked(|| {
            let bytes = frame.seal(segment.seed, offset, durable);
            write_all(&*segment.file, bytes, offset)
        });

        let size = frame.size() as u64;
        frame.clear();
        // A larger buffer was for one record; the usual one comes back from the shelf.
        self.spare = if frame.capacity() == self.shared.buffer_size { Some(frame) } else { self.shelf.take() };
        if let Err(e) = result {
            return Err(self.poison(e));
        }
        self.written_lsn = last;
        self.witnessed_lsn = durable;
        self.stats.frames += 1;
        self.stats.written += size;
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Goes on in a new segment. Nothing is in the active buffer and no write is under way.
    ///
    /// Holds the lock while it syncs and makes the file: no record can be appended before that anyway.
    fn begin_segment(&mut self) -> Result<(), LogError> {
        if self.syncing {
            self.wait();
            return Ok(());
        }
        if self.durable_lsn < self.written_lsn {
            // All that is before a segment is durable when it begins: that is how damage and torn tail are told apart.
            let started = Clock::Monotonic.now();
            let synced = self.segment.file.sync();
            self.count_sync(started);
            if let Err(e) = synced {
                return Err(self.poison(e));
            }
            let written = self.written_lsn;
            self.set_durable(written);
            self.shared.changed.notify_all();
        }
        let number = self.segment.header.number + 1;
        let shared = self.shared;
        // A full disk is told here, before the record is taken, and leaves the log as it is.
        let segment = Segment::create(&*shared.dir, number, self.next_lsn, shared.segment_size)?;
        if let Err(e) = shared.dir.sync() {
            return Err(self.poison(e));
        }
        self.segment = Arc::new(segment);
        self.offset = SEGMENT_HEADER as u64;
        self.witnessed_lsn = self.durable_lsn;
        self.stats.segments += 1;
        Ok(())
    }

    fn count_sync(&mut self, started: crate::time::Instant) {
        self.stats.syncs += 1;
        self.stats.sync_time += Clock::Monotonic.now() - started;
    }

    /// Returns when every record up to `target` is durable. Who finds no sync under way makes one for all.
    pub(super) fn commit_to(&mut self, target: u64) -> Result<Lsn, LogError> {
        self.stats.commits += 1;
        loop {
            if self.durable_lsn >= target {
                return Ok(Lsn::new(self.durable_lsn));
            }
            self.check()?;
            if self.syncing {
                self.wait();
                continue;
            }
            self.syncing = true;
            let result = self.sync_written();
            self.syncing = false;
            self.shared.changed.notify_all();
            result?;
        }
    }

    /// Writes what is in the active buffer and syncs. The caller has set `syncing`.
    fn sync_written(&mut self) -> Result<(), LogError> {
        let target = self.next_lsn - 1;
        while self.written_lsn < target {
            self.check()?;
            if self.spare.is_none() {
                self.wait();
            } else {
                self.write_active()?;
            }
        }
        self.sync()
    }

    fn sync(&mut self) -> Result<(), LogError> {
        // While `syncing` is set no new segment begins, so what was written since the last sync is in this one.
        let (segment, written) = (Arc::clone(&self.segment), self.written_lsn);
        let started = Clock::Monotonic.now();
        let synced = self.unlocked(|| segment.file.sync());
        self.count_sync(started);
        if let Err(e) = synced {
            return Err(self.poison(e));
        }
        self.set_durable(written);
        Ok(())
    }

    /// Leaves a frame without records behind the last commit, as witness that it was acknowledged. Everything is durable.
    pub(super) fn seal(&mut self) -> Result<(), LogError> {
        if self.witnessed_lsn == self.durable_lsn {
            return Ok(());
        }
        if self.room() == 0 {
            // The header of the next segment is as good a witness.
            return self.begin_segment();
        }
        let next = self.next_lsn;
        self.active.make_empty(next);
        self.write_active()?;
        self.sync()
    }

    pub(super) fn is_direct(&self) -> bool {
        self.segment.file.is_direct()
    }
}

/// The right to append a batch: until it is dropped no other thread appends, also while the lock is let go.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    held: Held<'a>,
}

impl<'a> Turn<'a> {
    pub(super) fn take(mut held: Held<'a>) -> Self {
        while held.reserved {
            held.wait();
        }
        held.reserved = true;
        // Relaxed: read for its own value only, see `lock_slow`.
        held.shared.iterating.store(thread_id(), Ordering::Relaxed);
        Self { held }
    }

    pub(super) fn next_lsn(&self) -> Lsn {
        Lsn::new(self.held.next_lsn)
    }

    #[inline]
    pub(super) fn append(&mut self, data: &[u8]) -> Result<u64, LogError> {
        self.held.append_reserved(data)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let shared = self.held.shared;
        shared.iterating.store(0, Ordering::Relaxed);
        self.held.reserved = false;
        shared.changed.notify_all();
    }
}

/// A number that no other living thread has, and not 0: the address of a thread-local.
fn thread_id() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    HERE.with(|here| std::ptr::from_ref(here).addr())
}
