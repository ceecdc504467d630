//! How threads hand commits of an [`AppendLog`] to one another: one of those that wait writes, the others sleep, and
//! whoever ends a write wakes them or the next writer.
//!
//! The log is the real one over a directory in memory, with small segments. loom reports a deadlock where a wake-up is
//! lost.

use bedplate::io::{AppendLog, AppendLogOptions, LogError, LoomDisk, Lsn};
use loom::sync::Arc;
use loom::thread;

fn options(in_flight: usize) -> AppendLogOptions {
    AppendLog::options().segment_size(16 << 10).buffer_size(4096).commits_in_flight(in_flight)
}

fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    // To open a log alone takes more than loom's usual bound.
    builder.max_branches = 100_000;
    builder.check(f);
}

fn open(in_flight: usize) -> (LoomDisk, Arc<AppendLog>) {
    let disk = LoomDisk::new();
    let log = Arc::new(disk.open(&options(in_flight)).unwrap());
    (disk, log)
}

/// Appends a record durably. What is durable only grows, and reaches to the record at least.
fn append_durable(log: &AppendLog) -> Result<Lsn, LogError> {
    let before = log.durable_lsn();
    let lsn = log.append_durable(b"record")?;
    let after = log.durable_lsn();
    assert!(after >= lsn && after >= before);
    Ok(lsn)
}

/// All records up to the last that anybody was told of are on the disk.
fn check(disk: &LoomDisk, log: Arc<AppendLog>, records: u64) {
    assert_eq!((log.durable_lsn().get(), log.next_lsn().get()), (records, records + 1));
    drop(log);
    let log = disk.open(&options(1)).unwrap();
    assert_eq!(log.recovery().last, Lsn::new(records));
}

fn all_are_durable(in_flight: usize, threads: usize, preemptions: usize) {
    model(preemptions, move || {
        let (disk, log) = open(in_flight);
        let others: Vec<_> = (1..threads)
            .map(|_| {
                let log = Arc::clone(&log);
                thread::spawn(move || append_durable(&log).unwrap())
            })
            .collect();
        append_durable(&log).unwrap();
        others.into_iter().for_each(|other| _ = other.join().unwrap());
        check(&disk, log, threads as u64);
    });
}

#[test]
fn two_threads_share_one_writer() {
    all_are_durable(1, 2, 1);
}

#[test]
fn two_threads_have_a_writer_each() {
    all_are_durable(2, 2, 1);
}

#[test]
fn three_threads_share_one_writer() {
    all_are_durable(1, 3, 0);
}

#[test]
fn three_threads_share_two_writers() {
    all_are_durable(2, 3, 0);
}

/// A write fails while others wait, or write, or are about to: each of them is told, and what was acknowledged is there.
fn the_error_reaches_all(in_flight: usize, fail: usize) {
    model(1, move || {
        let (disk, log) = open(in_flight);
        disk.fail(fail);
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || append_durable(&log))
        };
        let mut acknowledged = Lsn::ZERO;
        for result in [append_durable(&log), other.join().unwrap()] {
            match result {
                Ok(lsn) => acknowledged = acknowledged.max(lsn),
                // The file may have been given up by the write that failed before the log was.
                Err(LogError::Poisoned(e)) => assert!(e.raw_os_error() == Some(5) || e.to_string().contains("earlier")),
                Err(e) => panic!("{e}"),
            }
        }
        // The write that failed may not have been made: one frame may have had both records.
        let failed = disk.frames() > fail;
        assert_eq!(log.flush().is_err(), failed);
        assert!(log.durable_lsn() >= acknowledged);
        drop(log);
        let log = disk.open(&options(1)).unwrap();
        assert!(log.recovery().last >= acknowledged);
    });
}

#[test]
fn an_error_reaches_who_waits_for_the_same_writer() {
    the_error_reaches_all(1, 0);
}

#[test]
fn an_error_of_the_second_write_takes_nothing_from_the_first() {
    the_error_reaches_all(1, 1);
}

#[test]
fn an_error_reaches_who_writes_a_later_frame() {
    the_error_reaches_all(2, 0);
}

/// One thread appends and leaves the writing to another, which may have looked already.
#[test]
fn who_commits_gets_what_was_appended_before() {
    model(1, || {
        let (disk, log) = open(1);
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                let lsn = log.append(b"record").unwrap();
                assert!(log.commit(lsn).unwrap() >= lsn);
            })
        };
        let lsn = log.append(b"record").unwrap();
        assert!(log.flush().unwrap() >= lsn);
        other.join().unwrap();
        check(&disk, log, 2);
    });
}

/// A callback is called once, by whoever sees to it that its record is durable, however late it came.
#[test]
fn a_callback_is_called_once() {
    model(2, || {
        let (_disk, log) = open(1);
        let lsn = log.append(b"record").unwrap();
        let calls = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || log.commit(lsn).unwrap())
        };
        let counted = Arc::clone(&calls);
        log.on_durable(lsn, move |result| {
            assert!(result.unwrap() >= lsn);
            counted.fetch_add(1, loom::sync::atomic::Ordering::Relaxed);
        })
        .unwrap();
        other.join().unwrap();
        log.flush().unwrap();
        assert_eq!(calls.load(loom::sync::atomic::Ordering::Relaxed), 1);
    });
}

/// Buffers of a sector, and records that fill one: appenders wait for room, writers make it.
#[test]
fn who_waits_for_room_gets_it() {
    model(1, || {
        let (disk, log) = open(1);
        let full = [0; 3000];
        let other = {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                log.append(&full).unwrap();
                log.append(&full).unwrap();
            })
        };
        log.append(&full).unwrap();
        log.append(&full).unwrap();
        other.join().unwrap();
        log.flush().unwrap();
        check(&disk, log, 4);
    });
}
