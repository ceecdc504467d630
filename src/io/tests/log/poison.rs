//! The error of one write reaches everyone who waits, however he does, and takes nothing away that was acknowledged.

use std::sync::mpsc::channel;
use std::thread;

use super::disk::{Disk, Fault, Step};
use super::group_commit::{gated, options, until};
use super::session::open;
use super::state::Lose;
use crate::io::tests::faults::{EIO, ENOSPC};
use crate::io::{AppendLog, Backend, LogError, Lsn};
use crate::time::Deadline;

fn errno<T: std::fmt::Debug>(result: Result<T, LogError>) -> i32 {
    match result {
        Err(LogError::Poisoned(e)) => e.raw_os_error().unwrap_or(-1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_waiter_is_told() {
    for backend in [Backend::Inline, Backend::Threads(1)] {
        let (disk, log, gate) = gated(&options(1).backend(backend));
        thread::scope(|s| {
            let kept = s.spawn(|| log.append_durable(b"kept").unwrap());
            gate.recv().unwrap().release();
            assert_eq!(kept.join().unwrap(), Lsn::new(1));

            let (tell, told) = channel();
            let log = &log;
            let say = |who: &'static str, result: Result<Lsn, LogError>, tell: std::sync::mpsc::Sender<_>| {
                tell.send((who, errno(result))).unwrap();
            };
            let mut expected = Vec::new();
            let mut wait = |who: &'static str, call: Box<dyn FnOnce() -> Result<Lsn, LogError> + Send>| {
                expected.push(who);
                let tell = tell.clone();
                let call: Box<dyn FnOnce() -> Result<Lsn, LogError> + Send + 'static> = call;
                thread::spawn(move || say(who, call(), tell));
            };
            // One who writes, or waits for the one who does; then those that wait for the same frame and the next.
            let same = std::sync::Arc::clone(log);
            wait("writer", Box::new(move || same.append_durable(b"lost")));
            let write = gate.recv().unwrap();
            let same = std::sync::Arc::clone(log);
            wait("commit", Box::new(move || same.commit(Lsn::new(2))));
            let same = std::sync::Arc::clone(log);
            wait("deadline", Box::new(move || same.commit_deadline(Lsn::new(2), Deadline::NEVER)));
            until(|| log.stats().commits == 4);
            let same = std::sync::Arc::clone(log);
            wait("next frame", Box::new(move || same.append_durable(b"lost too")));
            until(|| log.stats().commits == 5);
            let same = std::sync::Arc::clone(log);
            wait("room", Box::new(move || same.append(&[0; 8150])));
            until(|| log.stats().stalls == 1);
            let mut follower = log.follow(Lsn::new(1)).unwrap();
            let tell_follower = tell.clone();
            expected.push("follower");
            let following = s.spawn(move || {
                // What is durable comes first.
                assert_eq!(follower.next().unwrap().unwrap().data, b"kept");
                tell_follower.send(("follower", errno(follower.next().map(|_| ())))).unwrap();
            });
            for lsn in [2, 3] {
                let tell = tell.clone();
                expected.push("callback");
                log.on_durable(Lsn::new(lsn), move |result| tell.send(("callback", errno(result))).unwrap()).unwrap();
            }

            write.fail(Fault::Errno(EIO));
            let mut all: Vec<_> = expected.iter().map(|_| told.recv().unwrap()).collect();
            following.join().unwrap();
            all.sort_unstable();
            expected.sort_unstable();
            assert_eq!(all, expected.iter().map(|who| (*who, EIO)).collect::<Vec<_>>());

            // And those that come later.
            assert_eq!(errno(log.try_commit(Lsn::new(2))), EIO);
            assert_eq!(errno(log.flush()), EIO);
            assert_eq!(errno(log.append(b"more")), EIO);
            assert_eq!(errno(log.append_batch([b"more"])), EIO);
            let (tell, told) = channel();
            log.on_durable(Lsn::new(2), move |result| tell.send(errno(result)).unwrap()).unwrap();
            assert_eq!(told.recv(), Ok(EIO));
        });
        // What was acknowledged is there, here and on the disk.
        assert_eq!(log.commit(Lsn::new(1)).unwrap(), Lsn::new(1));
        assert_eq!(log.durable_lsn(), Lsn::new(1));
        let read: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap().data).collect();
        assert_eq!(read, [b"kept"]);
        let again = open(&disk.after(Lose::Everything), &options(1)).unwrap();
        assert_eq!(again.durable_lsn(), Lsn::new(1));
    }
}

#[test]
fn a_later_frame_that_ended_well_is_not_acknowledged() {
    let (disk, log, gate) = gated(&options(2));
    thread::scope(|s| {
        let first = s.spawn(|| log.append_durable(b"first"));
        let lost = gate.recv().unwrap();
        let second = s.spawn(|| log.append_durable(b"second"));
        gate.recv().unwrap().release();
        until(|| log.stats().overtaking == 1);
        lost.fail(Fault::Errno(EIO));
        assert_eq!((errno(first.join().unwrap()), errno(second.join().unwrap())), (EIO, EIO));
    });
    assert_eq!(log.durable_lsn(), Lsn::ZERO);
    let again = open(&disk.after(Lose::Nothing), &options(2)).unwrap();
    assert_eq!((again.durable_lsn(), again.recovery().torn_frames), (Lsn::ZERO, 1));
}

#[test]
fn an_earlier_frame_stays_acknowledged() {
    let (disk, log, gate) = gated(&options(2));
    thread::scope(|s| {
        let first = s.spawn(|| log.append_durable(b"first"));
        let well = gate.recv().unwrap();
        let second = s.spawn(|| log.append_durable(b"second"));
        let lost = gate.recv().unwrap();
        well.release();
        assert_eq!(first.join().unwrap().unwrap(), Lsn::new(1));
        lost.fail(Fault::Torn);
        assert_eq!(errno(second.join().unwrap()), EIO);
    });
    assert_eq!(log.durable_lsn(), Lsn::new(1));
    for seed in 0..8 {
        let again = open(&disk.after(Lose::Some(seed)), &options(2)).unwrap();
        assert!(again.durable_lsn() >= Lsn::new(1));
    }
}

#[test]
fn a_write_is_never_tried_again() {
    for fault in [Fault::Errno(EIO), Fault::Errno(ENOSPC), Fault::Torn] {
        let disk = Disk::new(7);
        let log = open(&disk, &options(2)).unwrap();
        log.append_durable(b"kept").unwrap();
        disk.fail_next(Step::DurableWrite, fault);
        let before = disk.count(Step::DurableWrite);
        log.append(b"lost").unwrap();
        for _ in 0..3 {
            errno(log.flush());
        }
        assert_eq!(disk.count(Step::DurableWrite), before + 1);
        // Closing it does not make it well either.
        errno(log.close());
        assert_eq!(disk.count(Step::DurableWrite), before + 1);
    }
}

#[test]
fn the_sync_of_a_frame_with_blocks_is_never_tried_again() {
    let disk = Disk::new(7);
    let log = open(&disk, &options(2)).unwrap();
    log.append_durable(b"kept").unwrap();
    let pool = crate::pool::BlockPool::builder().block_size(16 << 10).slab_blocks(2).build().unwrap();
    let mut block = pool.acquire().unwrap();
    block.set_len(12_000);
    block.fill(3);
    log.append_block(block).unwrap();
    disk.fail_next(Step::Sync, Fault::Errno(EIO));
    let before = disk.count(Step::Sync);
    for _ in 0..3 {
        assert_eq!(errno(log.flush()), EIO);
    }
    assert_eq!(disk.count(Step::Sync), before + 1);
    assert_eq!(log.durable_lsn(), Lsn::new(1));
    // The block is back, whatever became of its data.
    assert_eq!(pool.stats().in_use, 0);
    let again = open(&disk.after(Lose::Nothing), &options(2)).unwrap();
    assert!(again.durable_lsn() >= Lsn::new(1));
}

/// The mark of `close` needs no acknowledgement of its own: the records have theirs.
#[test]
fn a_mark_that_fails_takes_nothing_away() {
    let disk = Disk::new(7);
    let log: AppendLog = open(&disk, &options(2)).unwrap();
    log.append_durable(b"kept").unwrap();
    disk.fail_next(Step::DurableWrite, Fault::Errno(EIO));
    assert!(log.close().is_err());
    let again = open(&disk.after(Lose::Nothing), &options(2)).unwrap();
    assert_eq!(again.durable_lsn(), Lsn::new(1));
}
