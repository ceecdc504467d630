//! Commits share writes, several are under way at once, and appends go on meanwhile.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use super::disk::{Disk, Make};
use super::gate::Held;
use super::session::open;
use super::state::Lose;
use crate::io::{AppendLog, AppendLogOptions, Backend, Lsn};

const SEGMENT: u64 = 64 << 10;

pub(super) fn options(in_flight: usize) -> AppendLogOptions {
    AppendLog::options().segment_size(SEGMENT).buffer_size(8 << 10).commits_in_flight(in_flight)
}

/// A log whose frames come out of the gate and wait.
pub(super) fn gated(options: &AppendLogOptions) -> (Disk, Arc<AppendLog>, Receiver<Held>) {
    let disk = Disk::new(1);
    let log = open(&disk, options).unwrap();
    let gate = disk.close_gate();
    (disk, Arc::new(log), gate)
}

/// Goes on when the condition holds: it is about to, without more being done.
pub(super) fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        thread::yield_now();
    }
}

/// Who calls and who writes.
fn backends(in_flight: usize) -> [AppendLogOptions; 2] {
    [Backend::Inline, Backend::Threads(in_flight)].map(|backend| options(in_flight).backend(backend))
}

#[test]
fn what_ends_out_of_order_waits_for_what_is_older() {
    for options in backends(3) {
        let (_, log, gate) = gated(&options);
        let (done, acknowledged) = channel();
        thread::scope(|s| {
            let mut writes: Vec<_> = (0..3u8)
                .map(|i| {
                    let (log, done) = (&log, done.clone());
                    s.spawn(move || done.send(log.append_durable(&[i]).unwrap().get()).unwrap());
                    gate.recv().unwrap()
                })
                .collect();
            assert!(writes.is_sorted_by_key(|write| write.offset));
            assert!(writes[0].offset + writes[0].len as u64 == writes[1].offset);

            // The last one ends first: nobody is told.
            writes.pop().unwrap().release();
            until(|| log.stats().overtaking == 1);
            assert_eq!((log.durable_lsn(), acknowledged.try_recv()), (Lsn::ZERO, Err(TryRecvError::Empty)));
            assert!(!log.try_commit(Lsn::new(3)).unwrap());
            // Its writer is free for another.
            let (log, done) = (&log, done.clone());
            s.spawn(move || done.send(log.append_durable(&[3]).unwrap().get()).unwrap());
            writes.push(gate.recv().unwrap());

            // The first one ends: it alone is durable, the third still waits for the second.
            writes.remove(0).release();
            assert_eq!(acknowledged.recv(), Ok(1));
            assert_eq!(log.durable_lsn(), Lsn::new(1));
            writes.remove(0).release();
            let mut two = [acknowledged.recv().unwrap(), acknowledged.recv().unwrap()];
            two.sort_unstable();
            assert_eq!((two, log.durable_lsn()), ([2, 3], Lsn::new(3)));
            assert!(log.try_commit(Lsn::new(3)).unwrap() && !log.try_commit(Lsn::new(4)).unwrap());
            writes.remove(0).release();
            assert_eq!(acknowledged.recv(), Ok(4));
        });
        assert_eq!((log.stats().frames, log.stats().commits >= 4), (4, true));
    }
}

#[test]
fn a_frame_behind_one_that_is_missing_never_comes_back() {
    let (disk, log, gate) = gated(&options(2));
    let record = |fill: u8| vec![fill; 4000];
    thread::scope(|s| {
        let write = |fill| {
            let (log, record) = (&log, record(fill));
            s.spawn(move || log.append_durable(&record).unwrap());
            gate.recv().unwrap()
        };
        let (first, second) = (write(1), write(2));
        second.release();
        until(|| log.stats().overtaking == 1);

        // The power goes: the second frame is on the disk, and the first is not.
        let disk = disk.after(Lose::Everything);
        let again = open(&disk, &options(2)).unwrap();
        let recovery = again.recovery();
        assert_eq!((recovery.last, recovery.torn_frames, recovery.torn_tail_bytes), (Lsn::ZERO, 1, 8192));
        // What is written now ends where the second frame begins, and the next record would be that frame's.
        assert_eq!(again.append_durable(&record(9)).unwrap(), Lsn::new(1));
        drop(again);
        for lose in [Lose::Nothing, Lose::Everything] {
            let again = open(&disk.after(lose), &options(2)).unwrap();
            let recovery = again.recovery();
            assert_eq!((recovery.last, recovery.torn_frames, recovery.torn_tail_bytes), (Lsn::new(1), 0, 0));
            let fills: Vec<_> = again.reader().unwrap().records().map(|r| r.unwrap().data[0]).collect();
            assert_eq!(fills, [9]);
        }
        first.release();
    });
}

#[test]
fn commits_that_meet_a_write_share_the_next_one() {
    const LATE: u64 = 6;
    for options in backends(1) {
        let (_, log, gate) = gated(&options);
        thread::scope(|s| {
            s.spawn(|| log.append_durable(b"first").unwrap());
            let first = gate.recv().unwrap();
            for i in 0..LATE {
                let log = &log;
                s.spawn(move || {
                    let lsn = log.append_durable(&[i as u8]).unwrap();
                    assert!(log.durable_lsn() >= lsn);
                });
            }
            until(|| log.stats().commits == 1 + LATE);
            assert_eq!(log.durable_lsn(), Lsn::ZERO);
            first.release();
            let second = gate.recv().unwrap();
            assert_eq!(log.durable_lsn(), Lsn::new(1));
            second.release();
        });
        assert_eq!((log.durable_lsn(), log.stats().frames), (Lsn::new(1 + LATE), 2));
        let records = log.histograms().records;
        assert_eq!((records.count(), records.max()), (2, LATE));
    }
}

#[test]
fn appends_go_on_during_a_write() {
    let (_, log, gate) = gated(&options(1));
    thread::scope(|s| {
        let commit = s.spawn(|| log.append_durable(b"first").unwrap());
        let write = gate.recv().unwrap();
        for lsn in 2..=8 {
            assert_eq!(log.append(&[0; 1000]).unwrap(), Lsn::new(lsn));
        }
        assert_eq!((log.durable_lsn(), log.stats().stalls), (Lsn::ZERO, 0));
        write.release();
        assert_eq!(commit.join().unwrap(), Lsn::new(1));
    });
    // The write was of what was there when it began, and no more.
    assert_eq!(log.durable_lsn(), Lsn::new(1));
}

#[test]
fn callers_never_write_where_the_log_has_threads() {
    let (_, log, gate) = gated(&options(2).backend(Backend::Threads(2)));
    assert_eq!(log.backend(), Backend::Threads(2));
    // More than a buffer, more than once: full ones are handed over, and this thread does not wait for the disk.
    for _ in 0..20 {
        log.append(&[0; 1000]).unwrap();
    }
    assert!(!log.try_commit(Lsn::new(1)).unwrap());
    let first = gate.recv().unwrap();
    let second = gate.recv().unwrap();
    second.release();
    first.release();
    // Nobody waits, and the records become durable all the same.
    assert!(!log.try_commit(Lsn::new(20)).unwrap() || log.durable_lsn() == Lsn::new(20));
    gate.recv().unwrap().release();
    until(|| log.durable_lsn() == Lsn::new(20));
}

#[test]
fn an_appender_waits_for_a_buffer_and_not_for_all_of_them() {
    let (_, log, gate) = gated(&options(1));
    thread::scope(|s| {
        s.spawn(|| log.append_durable(b"first").unwrap());
        let write = gate.recv().unwrap();
        let filler = s.spawn(|| {
            let before = log.stats().stalls;
            for _ in 0..12 {
                log.append(&[0; 1000]).unwrap();
            }
            log.stats().stalls - before
        });
        until(|| log.stats().stalls == 1);
        assert!(log.next_lsn() < Lsn::new(13), "twelve have no room in a buffer");
        write.release();
        // The buffer that is full is written by the one who waits for it, or was woken for it.
        gate.recv().unwrap().release();
        assert_eq!(filler.join().unwrap(), 1);
    });
}

#[test]
fn without_direct_writes_there_is_one_at_a_time() {
    let disk = Make { alignment: None, ..Make::new(1) }.empty();
    let log = open(&disk, &options(4)).unwrap();
    let gate = disk.close_gate();
    thread::scope(|s| {
        s.spawn(|| log.append_durable(b"first").unwrap());
        let write = gate.recv().unwrap();
        s.spawn(|| log.append_durable(b"second").unwrap());
        until(|| log.stats().commits == 2);
        (0..100).for_each(|_| thread::yield_now());
        assert!(gate.try_recv().is_err(), "the page cache tells of lost data only once");
        write.release();
        gate.recv().unwrap().release();
    });
    assert_eq!(log.durable_lsn(), Lsn::new(2));
}

#[test]
fn a_batch_is_one_frame_whatever_happens_around_it() {
    let (disk, log, gate) = gated(&options(1));
    log.append(&[0; 7000]).unwrap();
    let batch: Vec<_> = [1000, 7500, 3000, 20].map(|len| vec![2; len]).into();
    thread::scope(|s| {
        // It finds no room, and has what is there written.
        let appended = s.spawn(|| log.append_batch(&batch).unwrap());
        let write = gate.recv().unwrap();
        // Another thread appends meanwhile.
        let lone = s.spawn(|| log.append(&[1; 100]).unwrap());
        write.release();
        drop(gate);
        let lsns = appended.join().unwrap();
        assert_eq!(lsns.end.get() - lsns.start.get(), 4);
        assert!(!(lsns.contains(&lone.join().unwrap())));
    });
    log.flush().unwrap();
    let fills: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap().data[0]).collect();
    assert!(fills == [0, 1, 2, 2, 2, 2] || fills == [0, 2, 2, 2, 2, 1], "{fills:?}");
    drop(disk);
}

#[test]
fn the_largest_batch_and_no_larger() {
    let disk = Disk::new(1);
    let log = open(&disk, &options(2)).unwrap();
    log.append(b"before").unwrap();
    let limit = log.record_limit();
    assert!(log.append_batch([vec![1; limit]]).is_ok());
    assert!(log.append_batch([vec![1; limit / 2], vec![1; limit / 2 + 1]]).is_err());
    let next = log.next_lsn();
    assert_eq!(log.append(b"behind").unwrap(), next);
    log.flush().unwrap();
    let lens: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap().data.len()).collect();
    assert_eq!(lens, [6, limit, 6]);
}

#[test]
fn the_iterator_of_a_batch_may_use_the_log_and_panic() {
    let disk = Disk::new(1);
    let log = open(&disk, &options(2)).unwrap();
    let lsns = log
        .append_batch((0..3u8).map(|i| {
            log.append_durable(&[10 + i]).unwrap();
            [i]
        }))
        .unwrap();
    assert_eq!(lsns, Lsn::new(4)..Lsn::new(7));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        log.append_batch((0..3u8).map(|i| if i == 2 { panic!("of the caller") } else { [i] }))
    }));
    assert!(panicked.is_err());
    assert_eq!(log.append_durable(b"x").unwrap(), Lsn::new(7), "nothing of the batch is there");
}

#[test]
fn queueing_is_measured() {
    let clock = crate::time::Manual::new();
    let (_, log, gate) = gated(&options(1).clock(clock.clone()));
    thread::scope(|s| {
        s.spawn(|| log.append_durable(b"first").unwrap());
        let first = gate.recv().unwrap();
        s.spawn(|| log.append_durable(b"second").unwrap());
        until(|| log.stats().commits == 2);
        clock.advance(Duration::from_millis(5));
        first.release();
        let second = gate.recv().unwrap();
        clock.advance(Duration::from_millis(2));
        second.release();
    });
    let stats = log.stats();
    assert_eq!((stats.write_time, stats.queue_time), (Duration::from_millis(7), Duration::from_millis(5)));
}
