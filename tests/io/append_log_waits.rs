//! Who waits for durability, and how.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bedplate::io::{Backend, LogError, LogReader, Lsn};
use bedplate::time::{Clock, Deadline};

use crate::backends::BACKENDS;
use crate::log_support::small;
use crate::places::pattern;

const LONG: Duration = Duration::from_secs(20);

#[test]
fn each_way_to_commit_tells_what_is_durable() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        let mut last = Lsn::ZERO;
        for (i, commit) in [
            |log: &bedplate::io::AppendLog, lsn| log.commit(lsn),
            |log: &bedplate::io::AppendLog, lsn| log.commit_timeout(lsn, LONG),
            |log: &bedplate::io::AppendLog, lsn| log.commit_deadline(lsn, Deadline::after(&Clock::Monotonic, LONG)),
            |log: &bedplate::io::AppendLog, lsn| log.commit_deadline(lsn, Deadline::NEVER),
            |log: &bedplate::io::AppendLog, _| log.flush(),
        ]
        .into_iter()
        .enumerate()
        {
            last = log.append(&[i as u8]).unwrap();
            assert!(log.durable_lsn() < last);
            assert_eq!(commit(&log, last).unwrap(), last);
            assert_eq!(log.durable_lsn(), last);
            // What is durable is so at once, with any time.
            assert_eq!(log.commit_timeout(last, Duration::ZERO).unwrap(), last);
            assert!(log.try_commit(last).unwrap());
        }
        assert_eq!(log.commit(Lsn::ZERO).unwrap(), last);
        for error in [
            log.commit(Lsn::new(6)).unwrap_err(),
            log.commit_timeout(Lsn::new(6), LONG).unwrap_err(),
            log.try_commit(Lsn::new(6)).unwrap_err(),
        ] {
            let LogError::NotAppended { lsn, next } = error else { panic!("{error}") };
            assert_eq!((lsn, next), (Lsn::new(6), Lsn::new(6)));
        }
    }
}

#[test]
fn a_commit_that_is_only_tried_is_made_by_others() {
    for backend in BACKENDS.iter().filter(|b| **b != Backend::Inline) {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        if log.backend() == Backend::Inline {
            println!("skipped: no {backend:?}");
            continue;
        }
        let lsn = log.append(b"x").unwrap();
        let begun = Instant::now();
        while !log.try_commit(lsn).unwrap() {
            assert!(begun.elapsed() < LONG, "{backend:?}");
            thread::yield_now();
        }
        assert_eq!(log.durable_lsn(), lsn);
    }
}

#[test]
fn closures_are_called_once_with_what_is_durable() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        let (tell, told) = mpsc::channel();
        for i in 0..100u64 {
            let lsn = log.append(&pattern(i as usize * 10)).unwrap();
            let tell = tell.clone();
            log.on_durable(lsn, move |durable| tell.send((lsn, durable.unwrap())).unwrap()).unwrap();
        }
        log.flush().unwrap();
        // One that comes too late is called too, and one that panics harms nobody.
        let late = tell.clone();
        log.on_durable(Lsn::new(7), move |durable| late.send((Lsn::new(7), durable.unwrap())).unwrap()).unwrap();
        let lsn = log.append(b"x").unwrap();
        log.on_durable(lsn, |_| panic!("mine")).unwrap();
        let after = tell.clone();
        log.on_durable(lsn, move |durable| after.send((lsn, durable.unwrap())).unwrap()).unwrap();
        assert_eq!(log.append_durable(b"y").unwrap(), Lsn::new(102));
        drop(tell);
        let mut called = vec![0; 102];
        for _ in 0..102 {
            let (lsn, durable) = told.recv_timeout(LONG).unwrap();
            assert!(lsn <= durable && durable <= log.durable_lsn());
            called[lsn.get() as usize] += 1;
        }
        assert_eq!(called[1..=100].iter().filter(|n| **n == 1).count(), 99);
        assert_eq!((called[7], called[101]), (2, 1));
        assert!(told.recv().is_err(), "nobody holds a closure that was called");
        let begun = Instant::now();
        // It is counted behind the calls.
        while log.stats().panics == 0 {
            assert!(begun.elapsed() < LONG);
            thread::yield_now();
        }
    }
}

#[test]
fn closures_for_what_never_becomes_durable_are_told() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        let (tell, told) = mpsc::channel();
        let early = tell.clone();
        let refused = log.on_durable(Lsn::new(1), move |durable| early.send(durable).unwrap());
        assert!(matches!(refused, Err(LogError::NotAppended { .. })));
        let lsn = log.append(b"x").unwrap();
        let closed = tell.clone();
        log.on_durable(lsn, move |durable| closed.send(durable).unwrap()).unwrap();
        drop(tell);
        drop(log);
        // Its asking may have been what made it durable.
        let durable = told.recv_timeout(LONG).unwrap();
        assert!(matches!(durable, Err(LogError::Closed) | Ok(Lsn { .. })), "{durable:?}");
        assert!(told.recv().is_err(), "it is called once");
    }
}

#[test]
fn followers_get_each_record_when_it_is_durable() {
    const RECORDS: u64 = 400;
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        log.append_durable(&pattern(1)).unwrap();
        thread::scope(|s| {
            let followers: Vec<_> = [0, 1, 2, 150]
                .map(|from| {
                    let mut follower = log.follow(Lsn::new(from)).unwrap();
                    s.spawn(move || {
                        let mut next = from.max(1);
                        while let Some(record) = follower.next().unwrap() {
                            assert_eq!(record.lsn.get(), next);
                            assert!(record.data == pattern(next as usize % 3000));
                            next += 1;
                        }
                        // And so it stays.
                        assert!(follower.next().unwrap().is_none());
                        next - 1
                    })
                })
                .into_iter()
                .collect();
            for i in 2..=RECORDS {
                let lsn = log.append(&pattern(i as usize % 3000)).unwrap();
                if i % 3 == 0 {
                    log.commit(lsn).unwrap();
                }
            }
            log.close().unwrap();
            for follower in followers {
                assert_eq!(follower.join().unwrap(), RECORDS, "{backend:?}");
            }
        });
    }
}

#[test]
fn a_follower_sleeps_until_there_is_something() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    let mut follower = log.follow(Lsn::ZERO).unwrap();
    assert!(follower.try_next().unwrap().is_none());
    let begun = Instant::now();
    assert!(matches!(follower.next_timeout(Duration::from_millis(30)), Err(LogError::TimedOut)));
    assert!(begun.elapsed() >= Duration::from_millis(30));
    // Appended is not durable.
    log.append(b"one").unwrap();
    assert!(follower.try_next().unwrap().is_none());
    log.flush().unwrap();
    assert_eq!(follower.try_next().unwrap().unwrap().data, b"one");
    log.append_durable(b"two").unwrap();
    assert_eq!(follower.next_timeout(LONG).unwrap().unwrap().data, b"two");
    log.append_durable(b"three").unwrap();
    let deadline = Deadline::after(&Clock::Monotonic, LONG);
    assert_eq!(follower.next_deadline(deadline).unwrap().unwrap().data, b"three");
    // A log that is given up ends what is waited for.
    log.append(b"never").unwrap();
    let waiting = thread::spawn(move || follower.next().unwrap().is_none());
    drop(log);
    assert!(waiting.join().unwrap());
}

#[test]
fn a_reader_of_the_directory_follows_the_writer() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        let mut reader = LogReader::open(dir.path()).unwrap();
        for i in 0..100u32 {
            assert!(reader.next_record().unwrap().is_none());
            log.append_durable(&pattern(i as usize * 50)).unwrap();
            let record = reader.next_record().unwrap().unwrap();
            assert_eq!(record.lsn.get(), u64::from(i) + 1);
            assert!(record.data == pattern(i as usize * 50));
        }
    }
}

#[test]
fn readers_beside_a_live_writer_see_a_prefix() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        thread::scope(|s| {
            let writer = s.spawn(|| {
                let data = |i: u64| pattern(i as usize % 2000);
                (1..=200).for_each(|i| assert_eq!(log.append_durable(&data(i)).unwrap().get(), i));
            });
            let mut rounds = 0;
            while !writer.is_finished() {
                let before = log.durable_lsn().get();
                let report = bedplate::io::AppendLog::verify(dir.path()).unwrap();
                let last = report.last.map_or(0, Lsn::get);
                assert!(before <= last && last < log.next_lsn().get(), "{before} {last}");
                let from = before / 2 + 1;
                let mut reader = LogReader::open_from(dir.path(), Lsn::new(from)).unwrap();
                let mut next = from;
                while let Some(record) = reader.next_record().unwrap() {
                    assert_eq!(record.lsn.get(), next);
                    assert!(record.data == pattern(next as usize % 2000));
                    next += 1;
                }
                assert!(next > before);
                rounds += 1;
            }
            assert!(rounds > 0);
        });
    }
}

#[test]
fn seeking_begins_where_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    for i in 1..=50u64 {
        log.append_batch((0..5).map(|n| (i * 5 - 4 + n).to_le_bytes())).unwrap();
        log.flush().unwrap();
    }
    for from in [0, 1, 2, 5, 6, 74, 75, 76, 77, 150, 249, 250, 251] {
        let expected: Vec<_> = (from.max(1)..=250).collect();
        for reader in
            [log.reader_from(Lsn::new(from)).unwrap(), LogReader::open_from(dir.path(), Lsn::new(from)).unwrap()]
        {
            let records = reader.records().map(Result::unwrap);
            let found: Vec<_> = records
                .map(|record| {
                    assert_eq!(record.data, record.lsn.get().to_le_bytes());
                    record.lsn.get()
                })
                .collect();
            assert_eq!(found, expected, "from {from}");
        }
    }
}
