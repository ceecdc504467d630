use super::records::{self, RECORD};
use super::until_past;
use crate::harness::together;
use bedplate::mem::AlignedBuf;
use rustix::io::ReadWriteFlags;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempPath;

/// What a page of the disk has, and what a durable write writes at least.
pub const PAGE: usize = 4096;

/// A file that was filled with zeros and synced, and is written past the page cache: nothing of its own is to be done for
/// a write to it but the write. Removed when dropped.
#[derive(Debug)]
pub struct Zeroed {
    file: File,
    size: u64,
    _path: TempPath,
}

impl Zeroed {
    const BLOCK: usize = 1 << 20;

    /// A new file of so many bytes, whole blocks of 1 MiB.
    pub fn create(folder: &Path, size: u64) -> io::Result<Self> {
        let path = tempfile::Builder::new().prefix("zeroed-").tempfile_in(folder)?.into_temp_path();
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_DIRECT).open(&path)?;
        let zeros = AlignedBuf::zeroed(Self::BLOCK, PAGE);
        for offset in (0..size).step_by(Self::BLOCK) {
            file.write_all_at(&zeros, offset)?;
        }
        file.sync_all()?;
        Ok(Self { file, size, _path: path })
    }

    /// Writes aligned bytes; they are durable when it returns.
    pub fn write_durable(&self, bytes: &[u8], offset: u64) {
        let written = rustix::io::pwritev2(&self.file, &[IoSlice::new(bytes)], offset, ReadWriteFlags::DSYNC);
        assert_eq!(written.expect("a durable write"), bytes.len(), "it is written whole");
    }

    /// Writes aligned bytes; a sync later makes them durable.
    pub fn write(&self, bytes: &[u8], offset: u64) {
        self.file.write_all_at(bytes, offset).expect("a write");
    }

    /// Makes durable what was written.
    pub fn sync(&self) {
        self.file.sync_data().expect("a sync");
    }

    /// Bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes a second of so many threads, each over and over through its own part of the file, with a durable write of
    /// `unit` bytes for each record. The record is `record` bytes at the front of that.
    pub fn rate(&self, threads: usize, unit: usize, record: usize, time: Duration) -> f64 {
        let slots = self.slots(threads, unit);
        let counts: Vec<AtomicU64> = (0..threads).map(|_| AtomicU64::new(0)).collect();
        let (elapsed, total) = together(threads, |thread| {
            let mut buffer = AlignedBuf::zeroed(unit, PAGE);
            records::blank(thread, &mut buffer[..record]);
            let first = thread as u64 * slots;
            let count = until_past(time, |number| {
                records::stamp(&mut buffer, number);
                self.write_durable(&buffer, (first + number % slots) * unit as u64);
            });
            counts[thread].store(count, Ordering::Relaxed);
            count
        });
        for (thread, count) in counts.into_iter().enumerate() {
            self.verify(thread, slots, unit, record, count.into_inner());
        }
        total as f64 / elapsed.as_secs_f64()
    }

    /// The same, with a page for a record of the usual size.
    pub fn page_rate(&self, threads: usize, time: Duration) -> f64 {
        self.rate(threads, PAGE, RECORD, time)
    }

    /// Places for a record in a thread's part.
    fn slots(&self, threads: usize, unit: usize) -> u64 {
        let slots = self.size / (threads * unit) as u64;
        assert!(slots > 0, "the file has room for all threads");
        slots
    }

    /// Reads the thread's part: the last record that was written to each place is there.
    pub fn verify(&self, thread: usize, slots: u64, unit: usize, record: usize, count: u64) {
        let most = (Self::BLOCK / unit).max(1) as u64;
        let mut block = AlignedBuf::zeroed(most as usize * unit, PAGE);
        for begin in (0..slots.min(count)).step_by(most as usize) {
            let units = most.min(slots.min(count) - begin);
            let block = &mut block[..units as usize * unit];
            self.file.read_exact_at(block, (thread as u64 * slots + begin) * unit as u64).expect("a read");
            for (slot, bytes) in (begin..).zip(block.chunks_exact(unit)) {
                // Of the numbers that fell on the slot: each `slots` behind the one before, and all below `count`.
                let last = slot + (count - 1 - slot) / slots * slots;
                assert_eq!(records::read(&bytes[..record]), (thread, last), "the last record is where it belongs");
            }
        }
    }
}
