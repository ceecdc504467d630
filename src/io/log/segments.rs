use std::collections::VecDeque;
use std::io;
use std::sync::Arc as StdArc;
use std::time::Duration;

use super::filling::Filling;
use super::format::SECTOR;
use super::segment::{Name, Segment};
use super::storage::{Access, Directory};
use super::{LogError, Lsn};
use crate::io::DirectFile;
use crate::primitive::atomic::{AtomicU64, Ordering};
use crate::primitive::{Arc, Mutex};

/// Zeros that [`Segments::make_ready`] writes at once.
const STRIDE: u64 = 4 << 20;

/// How a writer makes segments and when it gives them up.
#[derive(Clone, Copy, Debug)]
pub(in crate::io) struct SegmentsConfig {
    pub(in crate::io) segment_size: u64,
    /// Files of trimmed segments that are kept to be used again.
    pub(in crate::io) spares: usize,
    /// The oldest segments go while those behind them, but for the one that is written, have so many bytes.
    pub(in crate::io) retain_bytes: Option<u64>,
    /// Segments go whose records are all older.
    pub(in crate::io) retain_for: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::io) struct SegmentCounts {
    /// There now, but for one that is ready.
    pub(in crate::io) segments: u64,
    /// Made ready since the log was opened.
    pub(in crate::io) prepared: u64,
    /// Those of them that had been others before.
    pub(in crate::io) recycled: u64,
    /// Given up since the log was opened.
    pub(in crate::io) trimmed: u64,
}

/// The segments of a log that is written: those that have its records, and the next one, which is made before it is
/// needed.
///
/// Three locks, never one within another but for `ahead`, which is the innermost and not held over a disk's access.
#[derive(Debug)]
pub(in crate::io) struct Segments {
    dir: StdArc<dyn Directory>,
    config: SegmentsConfig,
    ahead: Mutex<Ahead>,
    /// What is done for the next segment is done by one thread at a time, who has this.
    making: Mutex<Making>,
    /// From the first to the one that is written.
    kept: Mutex<VecDeque<Kept>>,
    /// Bytes of the next segment that are to be written until it is ready, the header's sector with them.
    owed: AtomicU64,
    first_lsn: AtomicU64,
    // Counts: Relaxed, nothing is concluded from them.
    segments: AtomicU64,
    prepared: AtomicU64,
    recycled: AtomicU64,
    trimmed: AtomicU64,
}

/// What follows the segment that is written.
#[derive(Debug)]
struct Ahead {
    ready: Option<Arc<Segment>>,
    /// Its number, or that of the one to make.
    number: u64,
    /// Durable names of files that can be used again.
    free: Vec<u64>,
}

#[derive(Debug, Default)]
struct Making {
    filling: Option<Filling>,
    /// The last step failed; the next one is left to who needs the segment.
    failed: bool,
}

/// A segment of the log.
#[derive(Clone, Copy, Debug)]
pub(in crate::io) struct Kept {
    pub(in crate::io) number: u64,
    /// What its first two sectors tell; not known before somebody needs it.
    ///
    /// A log may have thousands of segments, and to open each when the log is opened takes longer than to recover it.
    /// So only the first is read then, and the others as retention comes to them, from the front, once each.
    pub(in crate::io) head: Option<Head>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::io) struct Head {
    pub(in crate::io) first_lsn: u64,
    /// When its first frame was written.
    pub(in crate::io) time: u64,
    pub(in crate::io) size: u64,
}

impl Kept {
    fn head(&mut self, dir: &dyn Directory) -> io::Result<Option<Head>> {
        if self.head.is_none() {
            self.head = match Segment::open(dir, self.number, Access::Read, Lsn::ZERO) {
                Ok(segment) => segment.first_frame()?.map(|frame| Head {
                    first_lsn: frame.first_lsn,
                    time: frame.time,
                    size: segment.header.size,
                }),
                Err(LogError::Io(e)) => return Err(e),
                // Readers tell of the damage.
                Err(_) => None,
            };
        }
        Ok(self.head)
    }
}

impl Segments {
    /// Those of a log with the segments `kept` and files `free` to use again, whose names are durable.
    pub(in crate::io) fn new(
        dir: StdArc<dyn Directory>,
        config: SegmentsConfig,
        kept: Vec<Kept>,
        ready: Option<Arc<Segment>>,
        free: Vec<u64>,
    ) -> io::Result<Self> {
        let mut kept = VecDeque::from(kept);
        let first_lsn = Self::find_first(&*dir, &mut kept)?;
        let number = kept.back().map_or(1, |segment| segment.number + 1);
        let this = Self {
            dir,
            config,
            owed: AtomicU64::new(0),
            first_lsn: AtomicU64::new(first_lsn),
            segments: AtomicU64::new(kept.len() as u64),
            prepared: AtomicU64::new(0),
            recycled: AtomicU64::new(0),
            trimmed: AtomicU64::new(0),
            ahead: Mutex::new(Ahead { ready, number, free }),
            making: Mutex::new(Making::default()),
            kept: Mutex::new(kept),
        };
        this.owe(&this.ahead.lock());
        Ok(this)
    }

    /// Those of a log without any, and its first one.
    pub(in crate::io) fn first(
        dir: StdArc<dyn Directory>,
        config: SegmentsConfig,
        free: Vec<u64>,
    ) -> io::Result<(Self, Arc<Segment>)> {
        let this = Self::new(dir, config, Vec::new(), None, free)?;
        loop {
            this.make_ready()?;
            if let Some(segment) = this.ready() {
                this.kept.lock().push_back(Kept { number: segment.header.number, head: None });
                this.segments.fetch_add(1, Ordering::Relaxed);
                return Ok((this, segment));
            }
        }
    }

    /// The first record, or the first that is not in a damaged segment.
    fn find_first(dir: &dyn Directory, kept: &mut VecDeque<Kept>) -> io::Result<u64> {
        if kept.front().is_some_and(|segment| segment.number > 1) {
            for segment in kept {
                if let Some(head) = segment.head(dir)? {
                    return Ok(head.first_lsn);
                }
            }
        }
        Ok(1)
    }

    /// Sets what is owed before anything was done for it.
    fn owe(&self, ahead: &Ahead) {
        let owed = match ahead {
            Ahead { ready: Some(_), .. } => 0,
            Ahead { free, .. } if free.is_empty() => self.config.segment_size,
            Ahead { .. } => SECTOR as u64,
        };
        // Relaxed: a hint to those who look; who makes the segment has the lock.
        self.owed.store(owed, Ordering::Relaxed);
    }

    /// The segment behind the one that is written, if it is ready, for the caller to write to. No access to the disk.
    pub(in crate::io) fn ready(&self) -> Option<Arc<Segment>> {
        let mut ahead = self.ahead.lock();
        let segment = ahead.ready.take()?;
        ahead.number += 1;
        self.owe(&ahead);
        Some(segment)
    }

    /// How many bytes of the next segment are to be written until it is ready: 0 if it is.
    #[inline]
    pub(in crate::io) fn owed(&self) -> u64 {
        // Relaxed: as in `owe`.
        self.owed.load(Ordering::Relaxed)
    }

    /// Makes the next segment ready, whatever it takes: all of its bytes may have to be written. After an error nothing
    /// is left of it.
    pub(in crate::io) fn make_ready(&self) -> io::Result<()> {
        let mut making = self.making.lock();
        while self.ahead.lock().ready.is_none() {
            self.step(&mut making, STRIDE)?;
        }
        Ok(())
    }

    /// Does a part of what the next segment needs: about `bytes` of zeros, or what comes after those, which is a write, a
    /// sync, a rename and a sync of the directory. Nothing where another thread is at it or the last attempt failed: then
    /// it is for [`make_ready`](Self::make_ready) to try again and tell.
    pub(in crate::io) fn prepare_step(&self, bytes: u64) {
        if self.owed() == 0 {
            return;
        }
        let Some(mut making) = self.making.try_lock() else { return };
        if !making.failed && self.ahead.lock().ready.is_none() {
            // Remembered in `failed`.
            let _ = self.step(&mut making, bytes);
        }
    }

    fn step(&self, making: &mut Making, bytes: u64) -> io::Result<()> {
        let result = self.try_step(making, bytes);
        making.failed = result.is_err();
        if making.failed {
            self.owe(&self.ahead.lock());
        }
        result
    }

    fn try_step(&self, making: &mut Making, bytes: u64) -> io::Result<()> {
        // Only who makes the segment ready lets the number change, and that is the caller.
        let number = self.ahead.lock().number;
        let mut filling = match making.filling.take() {
            Some(filling) => filling,
            None => {
                if let Some((name, file)) = self.free_file() {
                    return self.finish(number, name, file);
                }
                Filling::begin(&*self.dir, number, self.config.segment_size)?
            }
        };
        if filling.is_full() {
            let (name, file) = filling.into_file();
            return self.finish(number, name, file);
        }
        if let Err(e) = filling.fill(bytes) {
            let (name, file) = filling.into_file();
            drop(file);
            // The error to tell is the first; a file that stays is removed when the log is opened again.
            let _ = self.dir.remove(&name.to_string());
            return Err(e);
        }
        self.owed.store(filling.owed(), Ordering::Relaxed);
        making.filling = Some(filling);
        Ok(())
    }

    /// A file to use again, if there is one of the right size.
    fn free_file(&self) -> Option<(Name, DirectFile)> {
        loop {
            let number = self.ahead.lock().free.pop()?;
            let name = Name::Free(number);
            let Ok(file) = self.dir.open(&name.to_string(), Access::Write) else { continue };
            if file.len().is_ok_and(|len| len == self.config.segment_size) {
                return Some((name, file));
            }
            drop(file);
            // Whatever is left is looked at again when the log is opened the next time.
            let _ = self.dir.remove(&name.to_string());
        }
    }

    /// Gives the file its header and its name.
    fn finish(&self, number: u64, from: Name, file: DirectFile) -> io::Result<()> {
        let name = Segment::name(number);
        let finish = || {
            let segment = Segment::begin(file, number, self.config.segment_size)?;
            self.dir.rename(&from.to_string(), &name)?;
            self.dir.sync()?;
            Ok(segment)
        };
        match finish() {
            Ok(segment) => {
                self.prepared.fetch_add(1, Ordering::Relaxed);
                self.recycled.fetch_add(u64::from(matches!(from, Name::Free(_))), Ordering::Relaxed);
                let mut ahead = self.ahead.lock();
                ahead.ready = Some(Arc::new(segment));
                self.owe(&ahead);
                Ok(())
            }
            Err(e) => {
                // Under whichever name it is. If neither can be removed, it is a segment without a frame, or no segment.
                let _ = self.dir.remove(&from.to_string());
                let _ = self.dir.remove(&name);
                Err(e)
            }
        }
    }

    /// The writer has gone on to segment `number`, whose first frame begins with record `first_lsn` and was written at
    /// `time`. Gives up the segments that are not to be retained any longer. May access the disk.
    ///
    /// The first frame need not be on the disk yet. So the segment before stays in any case: where the first frame turns
    /// out to be torn, that one knows what the next LSN is.
    pub(in crate::io) fn begun(&self, number: u64, first_lsn: u64, time: u64) {
        let mut kept = self.kept.lock();
        let head = Some(Head { first_lsn, time, size: self.config.segment_size });
        match kept.iter_mut().find(|segment| segment.number == number) {
            Some(segment) => segment.head = segment.head.or(head),
            None => {
                // A thread that was kept from saying so may be overtaken by the next one.
                let at = kept.partition_point(|segment| segment.number < number);
                kept.insert(at, Kept { number, head });
                self.segments.fetch_add(1, Ordering::Relaxed);
            }
        }
        // What fails is tried again with the next segment.
        if let Ok(cut) = self.to_retire(&mut kept) {
            let _ = self.retire_first(&mut kept, cut);
        }
    }

    /// How many segments are not to be retained, of those before the last two.
    fn to_retire(&self, kept: &mut VecDeque<Kept>) -> io::Result<usize> {
        let most = kept.len().saturating_sub(2);
        let mut cut = 0;
        if let Some(retain) = self.config.retain_for {
            let retain = u64::try_from(retain.as_nanos()).unwrap_or(u64::MAX);
            let now = self.dir.now();
            // The last record of a segment is no younger than the first of the next.
            while cut < most {
                match kept[cut + 1].head(&*self.dir)? {
                    Some(head) if now.saturating_sub(head.time) > retain => cut += 1,
                    _ => break,
                }
            }
        }
        if let Some(retain) = self.config.retain_bytes {
            let mut bytes = 0u64;
            for i in (cut..=most).rev() {
                if bytes >= retain.max(1) {
                    cut = i + 1;
                    break;
                }
                let size = kept[i].head(&*self.dir)?.map_or(self.config.segment_size, |head| head.size);
                bytes = bytes.saturating_add(size);
            }
        }
        Ok(cut)
    }

    /// Gives up the segments all of whose records are below `lsn`, and tells the first record that is left. Accesses the
    /// disk.
    ///
    /// Every record below `lsn` is durable: so where the segment that is written has one of them, its first frame is on
    /// the disk, and those before it need not stay to tell where it begins.
    pub(in crate::io) fn trim(&self, lsn: u64) -> io::Result<u64> {
        let mut kept = self.kept.lock();
        let mut cut = 0;
        let last = kept.len().saturating_sub(1);
        for i in 1..kept.len() {
            match kept[i].head(&*self.dir)? {
                Some(head) if head.first_lsn < lsn || head.first_lsn == lsn && i < last => cut = i,
                Some(_) => break,
                // Damaged: it goes with those before it, or stays.
                None => {}
            }
        }
        self.retire_first(&mut kept, cut)?;
        Ok(self.first_lsn())
    }

    fn retire_first(&self, kept: &mut VecDeque<Kept>, cut: usize) -> io::Result<()> {
        for _ in 0..cut {
            self.retire(kept[0].number, self.config.spares)?;
            kept.pop_front();
            self.segments.fetch_sub(1, Ordering::Relaxed);
            self.trimmed.fetch_add(1, Ordering::Relaxed);
            if let Some(head) = kept.front().and_then(|segment| segment.head) {
                // Relaxed: a number to look at.
                self.first_lsn.store(head.first_lsn, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Gives up a segment at either end of the log. Each on its own and durably, because a gap in the middle would be
    /// damage; and before the file is used again, because it must not come up under its old name.
    fn retire(&self, number: u64, spares: usize) -> io::Result<()> {
        let name = Segment::name(number);
        let spare = self.ahead.lock().free.len() < spares;
        let done = if spare { self.dir.rename(&name, &Name::Free(number).to_string()) } else { self.dir.remove(&name) };
        match done {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        self.dir.sync()?;
        if spare && done.is_ok() {
            self.ahead.lock().free.push(number);
        }
        Ok(())
    }

    /// Gives up a segment behind the one that is written, and no other is behind it: its file is used for the next one,
    /// however few are to be kept otherwise.
    pub(in crate::io) fn retire_unused(&self, segment: &Segment) -> io::Result<()> {
        let spares = self.config.spares + usize::from(segment.header.size == self.config.segment_size);
        self.retire(segment.header.number, spares)?;
        self.owe(&self.ahead.lock());
        Ok(())
    }

    /// The first record of the log.
    pub(in crate::io) fn first_lsn(&self) -> u64 {
        // Relaxed: as where it is stored.
        self.first_lsn.load(Ordering::Relaxed)
    }

    pub(in crate::io) fn counts(&self) -> SegmentCounts {
        SegmentCounts {
            segments: self.segments.load(Ordering::Relaxed),
            prepared: self.prepared.load(Ordering::Relaxed),
            recycled: self.recycled.load(Ordering::Relaxed),
            trimmed: self.trimmed.load(Ordering::Relaxed),
        }
    }
}
