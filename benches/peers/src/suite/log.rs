//! A durable log of records.

use crate::harness::{Bench, Better, Spec, share, together};
use crate::suite::scratch;
use bedplate::io::AppendLog;
use parking_lot::Mutex;
use rustix::fs::FallocateFlags;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A record's size.
const RECORD: usize = 120;
/// What the preallocated peer has beforehand: as much as a segment of the log.
const SEGMENT: u64 = 64 << 20;
/// Records of the shortest measurement: with the few that fit into its time, the first syncs of a new file weighed most.
const LEAST: u64 = 64;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    let folder = match scratch::folder() {
        Ok(folder) => folder,
        Err(why) => {
            bench.leave_out("append", why);
            return;
        }
    };
    let path = folder.path();
    for threads in [1, 8, 32] {
        let detail = "append a 120-byte record and return when it is durable; bedplate shares one sync among those who \
                      wait, the peers lock a file, write and sync; a ratio above the count of threads is more than \
                      shared syncs explain, and its cause is not known; verified: count of records read back";
        bench.run(
            Spec::new(format!("append naive {threads}t"), detail)
                .threads(threads)
                .unit("ns/record", Better::Lower)
                .timed("bedplate", move |ops| durable(path, threads, ops))
                .at_least(LEAST)
                .timed("Mutex<File> + fdatasync", move |ops| naive(path, threads, ops, 0))
                .at_least(LEAST)
                .timed("the same, preallocated", move |ops| naive(path, threads, ops, SEGMENT))
                .at_least(LEAST),
        );
    }
    let detail = "append 120-byte records without commit; the peer copies them into a buffer of 1 MiB with a CRC-32C, and \
                  does no I/O at all: a limit, not a log; verified: count of records";
    bench.run(
        Spec::new("append nocommit 1t", detail)
            .unit("ns/record", Better::Lower)
            .timed("bedplate", move |ops| no_commit(path, ops))
            .timed("memcpy + crc32c", copies),
    );
    bench.leave_out("recovery, p99 8t", "have no peer yet");
}

/// A name that no other measurement has.
fn fresh(folder: &Path) -> PathBuf {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    folder.join(NAMES.fetch_add(1, Ordering::Relaxed).to_string())
}

fn durable(folder: &Path, threads: usize, ops: u64) -> Duration {
    let path = fresh(folder);
    let log = AppendLog::options().open(&path).expect("a log");
    let (elapsed, _) = together(threads, |index| {
        let record = [index as u8; RECORD];
        share(ops, threads as u64, index as u64).for_each(|_| _ = log.append_durable(&record).expect("an append"));
        0
    });
    drop(log);
    let report = AppendLog::verify(&path).expect("a whole log");
    assert_eq!(report.records, ops, "each record is there");
    fs::remove_dir_all(&path).expect("a folder of its own");
    elapsed
}

fn naive(folder: &Path, threads: usize, ops: u64, preallocated: u64) -> Duration {
    let path = fresh(folder);
    let file = File::create_new(&path).expect("a file");
    if preallocated > 0 {
        rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, preallocated).expect("room");
        file.sync_all().expect("a sync");
    }
    let file = Mutex::new(file);
    let (elapsed, _) = together(threads, |index| {
        let record = [index as u8 + 1; RECORD];
        for _ in share(ops, threads as u64, index as u64) {
            let mut file = file.lock();
            file.write_all(&record).expect("a write");
            file.sync_data().expect("a sync");
        }
        0
    });
    let bytes = fs::read(&path).expect("a file");
    let (records, rest) = bytes.split_at(ops as usize * RECORD);
    let whole = |record: &[u8]| record[0] != 0 && record.iter().all(|&byte| byte == record[0]);
    assert!(records.chunks_exact(RECORD).all(whole) && rest.iter().all(|&byte| byte == 0), "each record is there once");
    fs::remove_file(&path).expect("a file of its own");
    elapsed
}

fn no_commit(folder: &Path, ops: u64) -> Duration {
    let path = fresh(folder);
    let log = AppendLog::options().open(&path).expect("a log");
    let before = log.stats().appended;
    let (elapsed, _) = together(1, |_| {
        let record = [7; RECORD];
        (0..ops).for_each(|_| _ = log.append(&record).expect("an append"));
        0
    });
    assert_eq!(log.stats().appended - before, ops, "each record is taken");
    drop(log);
    fs::remove_dir_all(&path).expect("a folder of its own");
    elapsed
}

fn copies(ops: u64) -> Duration {
    let mut buffer = Vec::with_capacity(1 << 20);
    let buffer = Mutex::new(&mut buffer);
    let (elapsed, count) = together(1, |_| {
        let mut buffer = buffer.lock();
        let record = black_box([7; RECORD]);
        for _ in 0..ops {
            if buffer.len() + RECORD + 8 > buffer.capacity() {
                black_box(&mut *buffer).clear();
            }
            let crc = crc32c::crc32c(black_box(&record));
            buffer.extend_from_slice(&(RECORD as u32).to_le_bytes());
            buffer.extend_from_slice(&crc.to_le_bytes());
            buffer.extend_from_slice(&record);
        }
        ops
    });
    assert_eq!(count, ops);
    elapsed
}
