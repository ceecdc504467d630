//! The ways to wait for a record: blocking for a time, polling, a callback, a follower.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::disk::Disk;
use super::group_commit::{gated, options, until};
use super::session::open;
use crate::io::{Backend, LogError, Lsn};
use crate::time::{Clock, Deadline, Manual};

#[test]
fn a_commit_gives_up_and_the_next_one_succeeds() {
    let clock = Manual::new();
    for backend in [Backend::Inline, Backend::Threads(1)] {
        let (_, log, gate) = gated(&options(1).backend(backend).clock(clock.clone()));
        let time = Duration::from_secs(5);
        thread::scope(|s| {
            s.spawn(|| log.append_durable(b"first").unwrap());
            let write = gate.recv().unwrap();
            log.append(b"second").unwrap();
            // One waits for the frame that is being written, the other for the one that will be.
            let waiters = [1, 2].map(|lsn| {
                let log = &log;
                s.spawn(move || log.commit_timeout(Lsn::new(lsn), time))
            });
            until(|| clock.sleepers() == 2);
            clock.advance(time - Duration::from_nanos(1));
            until(|| clock.sleepers() == 2);
            assert!(!waiters[0].is_finished() && !waiters[1].is_finished());
            clock.advance(Duration::from_nanos(1));
            for waiter in waiters {
                assert!(matches!(waiter.join().unwrap(), Err(LogError::TimedOut)));
            }
            let past = Deadline::at(Clock::from(clock.clone()).now());
            assert!(matches!(log.commit_deadline(Lsn::new(1), past), Err(LogError::TimedOut)));
            assert_eq!(log.durable_lsn(), Lsn::ZERO);

            write.release();
            drop(gate);
            assert!(log.commit_timeout(Lsn::new(1), time).unwrap() >= Lsn::new(1));
            // What is durable needs no time.
            assert!(log.commit_deadline(Lsn::new(1), past).unwrap() >= Lsn::new(1));
            assert_eq!(log.commit_timeout(Lsn::new(2), time).unwrap(), Lsn::new(2));
        });
    }
}

/// The wake-up of one who gave up goes to another: nobody is left behind.
#[test]
fn who_gives_up_leaves_his_turn_to_another() {
    let clock = Manual::new();
    let (_, log, gate) = gated(&options(1).clock(clock.clone()));
    thread::scope(|s| {
        s.spawn(|| log.append_durable(b"first").unwrap());
        let write = gate.recv().unwrap();
        log.append(b"second").unwrap();
        let gives_up = s.spawn(|| log.commit_timeout(Lsn::new(2), Duration::from_secs(1)));
        until(|| clock.sleepers() == 1);
        let stays = s.spawn(|| log.commit(Lsn::new(2)));
        until(|| log.stats().commits == 3);
        clock.advance(Duration::from_secs(1));
        write.release();
        // Whoever it is: one of them writes the second frame.
        gate.recv().unwrap().release();
        assert_eq!(stays.join().unwrap().unwrap(), Lsn::new(2));
        let _ = gives_up.join().unwrap();
    });
}

#[test]
fn a_record_that_was_never_given_out_is_not_waited_for() {
    let disk = Disk::new(1);
    let log = open(&disk, &options(2)).unwrap();
    log.append(b"first").unwrap();
    for result in [
        log.commit(Lsn::new(2)),
        log.commit_timeout(Lsn::new(2), Duration::ZERO),
        log.try_commit(Lsn::new(2)).map(|_| Lsn::ZERO),
    ] {
        let Err(LogError::NotAppended { lsn, next }) = result else { panic!("{result:?}") };
        assert_eq!((lsn, next), (Lsn::new(2), Lsn::new(2)));
    }
    let refused = log.on_durable(Lsn::new(2), |_| unreachable!("it was refused"));
    assert!(matches!(refused, Err(LogError::NotAppended { .. })));
    assert_eq!(log.commit(Lsn::ZERO).unwrap(), Lsn::ZERO);
    assert_eq!(log.commit(Lsn::new(1)).unwrap(), Lsn::new(1));
}

#[test]
fn callbacks_run_in_order_and_without_the_lock() {
    for backend in [Backend::Inline, Backend::Threads(2)] {
        let (_, log, gate) = gated(&options(2).backend(backend));
        let called = Arc::new(Mutex::new(Vec::new()));
        let register = |lsn: u64| {
            let (called, log2) = (Arc::clone(&called), Arc::clone(&log));
            log.on_durable(Lsn::new(lsn), move |result| {
                let durable = result.unwrap();
                assert!(durable.get() >= lsn && log2.durable_lsn() >= durable);
                // All of the log can be used, its lock too.
                let next = log2.append(b"of a callback").unwrap();
                assert!(log2.next_lsn() > next && log2.stats().appended >= next.get());
                called.lock().unwrap().push(lsn);
            })
            .unwrap();
        };
        thread::scope(|s| {
            s.spawn(|| log.append_durable(b"one").unwrap());
            let first = gate.recv().unwrap();
            s.spawn(|| log.append_durable(b"two").unwrap());
            let second = gate.recv().unwrap();
            for lsn in [2, 1, 2, 1] {
                register(lsn);
            }
            second.release();
            until(|| log.stats().overtaking == 1);
            assert!(called.lock().unwrap().is_empty());
            first.release();
        });
        until(|| called.lock().unwrap().len() == 4);
        assert_eq!(*called.lock().unwrap(), [1, 1, 2, 2]);
        // What is durable already is told at once.
        register(1);
        assert_eq!(called.lock().unwrap().len(), 5);
        drop(gate);
        drop(Arc::try_unwrap(log).unwrap_or_else(|_| panic!("a callback stayed")));
    }
}

#[test]
fn a_callback_that_panics_harms_nobody() {
    for backend in [Backend::Inline, Backend::Threads(1)] {
        let disk = Disk::new(1);
        let log = open(&disk, &options(2).backend(backend)).unwrap();
        let (tell, told) = channel();
        for lsn in 1..=4u64 {
            log.append(&[lsn as u8]).unwrap();
            let tell = tell.clone();
            log.on_durable(Lsn::new(lsn), move |_| {
                tell.send(lsn).unwrap();
                assert!(lsn % 2 == 0, "of the caller, and expected");
            })
            .unwrap();
        }
        let committed = catch_unwind(AssertUnwindSafe(|| log.flush().unwrap()));
        assert_eq!(committed.unwrap(), Lsn::new(4));
        let order: Vec<_> = (0..4).map(|_| told.recv().unwrap()).collect();
        assert_eq!(order, [1, 2, 3, 4]);
        until(|| log.stats().panics == 2);
        // The log and later callbacks work on.
        let last = log.append_durable(b"more").unwrap();
        let tell = tell.clone();
        log.on_durable(last, move |result| tell.send(result.unwrap().get()).unwrap()).unwrap();
        assert_eq!(told.recv().unwrap(), 5);
    }
}

#[test]
fn callbacks_of_a_log_that_goes_are_told() {
    let disk = Disk::new(1);
    let log = open(&disk, &options(2)).unwrap();
    log.append(b"never durable").unwrap();
    let (tell, told) = channel();
    log.on_durable(Lsn::new(1), move |result| tell.send(result).unwrap()).unwrap();
    assert!(told.try_recv().is_err());
    drop(log);
    let result = told.recv().unwrap();
    assert!(matches!(result, Err(LogError::Closed)), "{result:?}");

    let log = open(&disk, &options(2)).unwrap();
    log.append(b"durable by closing").unwrap();
    let (tell, told) = channel();
    log.on_durable(Lsn::new(1), move |result| tell.send(result).unwrap()).unwrap();
    log.close().unwrap();
    assert_eq!(told.recv().unwrap().unwrap(), Lsn::new(1));
}

#[test]
fn a_follower_gets_what_is_durable_and_nothing_else() {
    let (_, log, gate) = gated(&options(2));
    let mut follower = log.follow(Lsn::ZERO).unwrap();
    assert!(follower.try_next().unwrap().is_none());
    thread::scope(|s| {
        s.spawn(|| log.append_durable(b"one").unwrap());
        let first = gate.recv().unwrap();
        s.spawn(|| log.append_durable(b"two").unwrap());
        let second = gate.recv().unwrap();
        second.release();
        until(|| log.stats().overtaking == 1);
        // The second is on the disk, whole, and not durable.
        assert!(follower.try_next().unwrap().is_none());
        assert!(matches!(follower.next_timeout(Duration::ZERO), Err(LogError::TimedOut)));
        let (tell, told) = channel();
        let mut waiting = log.follow(Lsn::new(2)).unwrap();
        s.spawn(move || {
            let record = waiting.next().unwrap().unwrap();
            tell.send((record.lsn, record.data.to_vec())).unwrap();
        });
        assert!(told.try_recv().is_err());
        first.release();
        assert_eq!(told.recv().unwrap(), (Lsn::new(2), b"two".to_vec()));
    });
    for data in [b"one", b"two"] {
        assert_eq!(follower.next().unwrap().unwrap().data, data);
    }
    assert!(follower.try_next().unwrap().is_none());
}

#[test]
fn a_log_goes_while_followers_wait() {
    for backend in [Backend::Inline, Backend::Threads(2)] {
        for close in [false, true] {
            let disk = Disk::new(1);
            let log = open(&disk, &options(2).backend(backend)).unwrap();
            thread::scope(|s| {
                let (tell, told) = channel();
                for _ in 0..3 {
                    let (mut follower, tell) = (log.follow(Lsn::ZERO).unwrap(), tell.clone());
                    s.spawn(move || {
                        let mut records = Vec::new();
                        tell.send(None).unwrap();
                        while let Some(record) = follower.next().unwrap() {
                            records.push(record.data[0]);
                        }
                        // The end stays the end.
                        assert!(follower.next().unwrap().is_none() && follower.try_next().unwrap().is_none());
                        tell.send(Some(records)).unwrap();
                    });
                }
                (0..3).for_each(|_| assert_eq!(told.recv().unwrap(), None));
                for i in 0..10 {
                    log.append(&[i]).unwrap();
                    if i % 3 == 0 {
                        log.flush().unwrap();
                    }
                }
                log.append(b"late").unwrap();
                let mut expected: Vec<u8> = (0..10).collect();
                if close {
                    expected.push(b'l');
                    log.close().unwrap();
                } else {
                    drop(log);
                }
                (0..3).for_each(|_| assert_eq!(told.recv().unwrap().unwrap(), expected));
            });
        }
    }
}

#[test]
fn a_follower_keeps_up_over_segments_and_with_a_writer() {
    let disk = Disk::new(1);
    let log = open(&disk, &options(2).segment_size(16 << 10)).unwrap();
    thread::scope(|s| {
        let follower = log.follow(Lsn::new(5)).unwrap();
        let reader = s.spawn(move || {
            let mut follower = follower;
            for lsn in 5..=300u64 {
                let record = follower.next().unwrap().unwrap();
                assert_eq!((record.lsn.get(), record.data), (lsn, &*vec![lsn as u8; 300]));
            }
        });
        for lsn in 1..=300u64 {
            log.append(&vec![lsn as u8; 300]).unwrap();
            if lsn % 7 == 0 {
                log.flush().unwrap();
            }
        }
        log.flush().unwrap();
        reader.join().unwrap();
    });
}
