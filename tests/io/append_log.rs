use std::process::Command;
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::{AppendLog, Backend, LogError, LogReader, Lsn};
use proptest::prelude::*;

use crate::backends::BACKENDS;
use crate::log_support::{all, segments, small};
use crate::places::{pattern, places};

#[test]
fn records_come_back_in_order_on_every_file_system() {
    for dir in places() {
        for direct in [Demand::Prefer, Demand::Off] {
            for backend in BACKENDS {
                let path = dir.path().join(format!("{direct:?}-{backend:?}"));
                let log = small().direct(direct).backend(*backend).open(&path).unwrap();
                assert_eq!(log.effective().direct, direct != Demand::Off);
                let expected: Vec<_> = (0..500).map(|i| pattern(i * 13 % 700)).collect();
                for (i, data) in expected.iter().enumerate() {
                    assert_eq!(log.append(data).unwrap(), Lsn::new(i as u64 + 1));
                }
                assert_eq!(log.flush().unwrap(), Lsn::new(500));
                assert!(segments(&path).len() > 2);
                assert!(all(&path) == expected);
                drop(log);
                let log = small().direct(direct).backend(*backend).open(&path).unwrap();
                assert_eq!((log.durable_lsn(), log.next_lsn()), (Lsn::new(500), Lsn::new(501)));
                assert_eq!((log.recovery().torn_tail_bytes, log.recovery().torn_frames), (0, 0));
                log.close().unwrap();
                let report = AppendLog::verify(&path).unwrap();
                assert_eq!((report.records, report.first, report.last), (500, Some(Lsn::new(1)), Some(Lsn::new(500))));
                assert_eq!(report.bytes, expected.iter().map(|d| d.len() as u64).sum::<u64>());
            }
        }
    }
}

#[test]
fn the_backend_is_the_one_that_was_asked_for() {
    for backend in [Backend::Inline, Backend::Threads(1), Backend::Threads(2), Backend::Threads(4)] {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(backend).backend_demand(Demand::Require).open(dir.path()).unwrap();
        assert_eq!(log.backend(), backend);
        // However many are asked for, one thread is enough for what is appended.
        log.append_durable(b"x").unwrap();
        assert_eq!(all(dir.path()), [b"x"]);
    }
    #[cfg(feature = "io-uring")]
    {
        let dir = tempfile::tempdir().unwrap();
        match small().backend(Backend::Uring).backend_demand(Demand::Require).open(dir.path()) {
            Ok(log) => assert_eq!(log.backend(), Backend::Uring),
            Err(error) => {
                println!("skipped: {error}");
                let log = small().backend(Backend::Uring).open(dir.path()).unwrap();
                assert_ne!(log.backend(), Backend::Uring);
            }
        }
    }
}

#[test]
fn direct_writes_are_had_where_they_are_required() {
    for dir in places() {
        match small().direct(Demand::Require).open(dir.path()) {
            Ok(log) => {
                assert!(log.effective().direct);
                log.append_durable(b"x").unwrap();
            }
            Err(LogError::Io(error)) => println!("skipped: {error}"),
            Err(error) => panic!("{error}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn batches_of_any_sizes(
        batches in proptest::collection::vec(proptest::collection::vec(0..5000usize, 0..12), 1..8),
        flights in 1..5usize,
        backend in 0..BACKENDS.len(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let log = small().commits_in_flight(flights).backend(BACKENDS[backend]).open(dir.path()).unwrap();
        let mut expected = Vec::new();
        for sizes in &batches {
            let start = log.next_lsn();
            let batch: Vec<_> = sizes.iter().map(|n| pattern(*n)).collect();
            let lsns = log.append_batch(&batch).unwrap();
            prop_assert_eq!(lsns, start..Lsn::new(start.get() + sizes.len() as u64));
            if sizes.len() % 2 == 0 {
                prop_assert_eq!(log.flush().unwrap().get(), start.get() + sizes.len() as u64 - 1);
            }
            expected.extend(batch);
        }
        log.close().unwrap();
        prop_assert!(all(dir.path()) == expected);
    }
}

#[test]
fn only_what_is_committed_is_promised_and_read() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        assert_eq!(log.flush().unwrap(), Lsn::ZERO);
        log.append(b"kept").unwrap();
        log.flush().unwrap();
        log.append(b"lost").unwrap();
        assert_eq!((log.durable_lsn(), log.next_lsn()), (Lsn::new(1), Lsn::new(3)));
        let mut reader = log.reader().unwrap();
        assert_eq!(reader.next_record().unwrap().unwrap().data, b"kept");
        assert!(reader.next_record().unwrap().is_none());
        drop(log);
        assert_eq!(all(dir.path()), [b"kept"], "{backend:?}");
    }
}

#[test]
fn what_is_closed_is_whole_and_goes_on() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        for round in 0..4u64 {
            let log = small().backend(*backend).open(dir.path()).unwrap();
            assert_eq!(log.durable_lsn().get(), round * 30);
            (0..30).for_each(|i| assert_eq!(log.append(&pattern(i * 100)).unwrap().get(), round * 30 + i as u64 + 1));
            log.close().unwrap();
            assert_eq!(AppendLog::verify(dir.path()).unwrap().torn_frames, 0);
        }
        assert_eq!(all(dir.path()).len(), 120);
    }
}

/// A child, in which the log that the parent has open is refused. In an ordinary run it does nothing.
#[test]
fn locked_child() {
    let Some(dir) = std::env::var_os("BEDPLATE_TEST_LOCKED_LOG") else { return };
    assert!(matches!(small().open(&dir), Err(LogError::Locked)));
    assert_eq!(all(dir.as_ref()), [b"x"]);
    assert_eq!(AppendLog::verify(&dir).unwrap().records, 1);
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    log.append_durable(b"x").unwrap();
    assert!(matches!(small().open(dir.path()), Err(LogError::Locked)));
    assert_eq!(all(dir.path()).len(), 1);
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "append_log::locked_child"])
        .env("BEDPLATE_TEST_LOCKED_LOG", dir.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    // The refused ones have left nothing behind that would be in the way.
    log.append_durable(b"y").unwrap();
    // Neither a reader nor a follower that outlives the log keeps it locked.
    let (reader, follower) = (log.reader().unwrap(), log.follow(Lsn::ZERO).unwrap());
    drop(log);
    assert_eq!(small().open(dir.path()).unwrap().durable_lsn(), Lsn::new(2));
    drop((reader, follower));
}

#[test]
fn what_is_too_large_is_refused_whole_with_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    let most = log.record_limit();
    assert_eq!(most, (64 << 10) - 4096 - 56 - 16);
    let Err(LogError::TooLarge { len, limit }) = log.append(&vec![1; most + 1]) else { panic!("must be refused") };
    assert_eq!((len, limit), (most + 1, most));
    // One record of it is, or all of them are.
    let one: [&[u8]; 4] = [b"a", b"b", &vec![1; most + 1], b"c"];
    assert!(matches!(log.append_batch(one), Err(LogError::TooLarge { .. })));
    assert!(matches!(log.append_batch(vec![[1; 1000]; 61]), Err(LogError::TooLarge { .. })));
    assert_eq!(log.next_lsn(), Lsn::new(1));
    assert_eq!(log.append(&vec![2; most]).unwrap(), Lsn::new(1));
    assert_eq!(log.append(b"after").unwrap(), Lsn::new(2));
    assert_eq!(log.append_batch(vec![[3; 1000]; 60]).unwrap(), Lsn::new(3)..Lsn::new(63));
    log.flush().unwrap();
    let lengths: Vec<_> = all(dir.path()).iter().map(Vec::len).collect();
    assert_eq!(lengths[..2], [most, 5]);
    assert!(lengths[2..] == [1000; 60]);
}

/// One frame, whatever the size of the buffer.
#[test]
fn large_records_and_batches_are_one_frame() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log =
            AppendLog::options().segment_size(4 << 20).buffer_size(8192).backend(*backend).open(dir.path()).unwrap();
        let large = pattern(3 << 20);
        log.append_durable(&large).unwrap();
        // Behind a mark, as each that is so large and the first of its segment.
        assert_eq!(log.stats().frames, 2);
        let batch = vec![pattern(700); 4000];
        let lsns = log.append_batch(&batch).unwrap();
        assert!(log.commit(Lsn::new(lsns.end.get() - 1)).unwrap() >= Lsn::new(4001));
        assert_eq!(log.stats().frames, 4);
        let found = all(dir.path());
        assert!(found[0] == large && found[1..] == batch);
    }
}

#[test]
fn threads_share_a_log() {
    const THREADS: u32 = 4;
    const EACH: u32 = 200;
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        std::thread::scope(|s| {
            for t in 0..THREADS {
                let log = &log;
                s.spawn(move || {
                    let data = |i: u32| [t.to_le_bytes(), i.to_le_bytes()].concat();
                    for i in (0..EACH).step_by(4) {
                        let lsns = log.append_batch((i..i + 3).map(data)).unwrap();
                        assert_eq!(lsns.end.get() - lsns.start.get(), 3);
                        let last = log.append_durable(&data(i + 3)).unwrap();
                        assert!(lsns.end <= last && last <= log.durable_lsn());
                    }
                });
            }
        });
        assert_stats(&log, THREADS * EACH, THREADS * EACH / 4);
        let mut next = [0; THREADS as usize];
        let mut batch: Option<(u32, u32)> = None;
        for data in all(dir.path()) {
            let number = |at: usize| u32::from_le_bytes(data[at..at + 4].try_into().unwrap());
            let (t, i) = (number(0), number(4));
            assert_eq!(i, next[t as usize], "the order of a thread is kept");
            next[t as usize] += 1;
            // The first three of four are a batch: nothing comes between them.
            if let Some((thread, index)) = batch {
                assert_eq!((t, i), (thread, index + 1));
            }
            batch = (i % 4 < 2).then_some((t, i));
        }
        assert_eq!(next, [EACH; THREADS as usize]);
    }
}

/// The figures of a log of 8-byte records, all of which are durable.
fn assert_stats(log: &AppendLog, records: u32, commits: u32) {
    let stats = log.stats();
    assert_eq!((stats.appended, stats.bytes), (u64::from(records), u64::from(records) * 8));
    assert_eq!(stats.commits, u64::from(commits));
    assert!(stats.frames > 0 && stats.frames <= stats.commits, "{stats:?}");
    assert_eq!(stats.written, stats.frames * 4096, "frames of a sector each");
    // Of the 15 frames in a segment; the first one was there.
    assert_eq!(stats.segments, stats.frames.div_ceil(15) - 1, "{stats:?}");
    assert!(stats.write_time > Duration::ZERO);
    assert_eq!((stats.blocks, stats.copied_blocks, stats.trimmed, stats.panics), (0, 0, 0, 0));
    let spread = log.histograms();
    assert_eq!(spread.write_time.count(), stats.frames);
    assert_eq!(spread.records.count(), stats.frames);
    assert!(spread.queue_time.count() <= stats.frames);
}

#[test]
fn an_iterator_may_panic_and_use_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(log.append_batch((0..9u8).map(|i| if i == 4 { panic!("mine") } else { [i] })));
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"mine"));
    assert_eq!(log.next_lsn(), Lsn::new(1));
    // What it appends comes before its batch.
    let lsns = log.append_batch((0..3u8).map(|i| {
        log.append_durable(&[10 + i]).unwrap();
        [i]
    }));
    assert_eq!(lsns.unwrap(), Lsn::new(4)..Lsn::new(7));
    log.flush().unwrap();
    assert_eq!(all(dir.path()).concat(), [10, 11, 12, 0, 1, 2]);
    assert_eq!(log.append_batch([[0; 0]; 0]).unwrap(), Lsn::new(7)..Lsn::new(7));
}

#[test]
fn bad_options_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let options = AppendLog::options;
    for options in [
        options().segment_size(0),
        options().segment_size(8192),
        options().segment_size((64 << 10) + 1),
        options().segment_size(4 << 30),
        options().buffer_size(0),
        options().buffer_size(100),
        options().segment_size(64 << 10).buffer_size(64 << 10),
        options().commits_in_flight(0),
        options().backend(Backend::Threads(0)),
    ] {
        assert!(matches!(options.open(dir.path().join("log")), Err(LogError::InvalidOption(_))), "{options:?}");
    }
    assert!(!dir.path().join("log").exists(), "nothing is made before the options are looked at");
    assert!(LogReader::open(dir.path().join("missing")).is_err());
    assert_eq!(AppendLog::verify(dir.path()).unwrap().records, 0);
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(matches!(small().open(file.path()), Err(LogError::Io(_))));
}
