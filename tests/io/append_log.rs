use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use bedplate::Demand;
use bedplate::io::{AppendLog, AppendLogOptions, LogError, LogReader, Lsn};
use proptest::prelude::*;

use crate::places::{pattern, places};

fn small() -> AppendLogOptions {
    AppendLog::options().segment_size(64 << 10).buffer_size(16 << 10)
}

fn all(dir: &Path) -> Vec<Vec<u8>> {
    LogReader::open(dir).unwrap().records().map(|r| r.unwrap().data).collect()
}

fn segments(dir: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut segments: Vec<_> = names.filter(|p| p.extension().is_some_and(|e| e == "log")).collect();
    segments.sort();
    segments
}

#[test]
fn records_come_back_in_order_on_every_file_system() {
    for dir in places() {
        for direct in [Demand::Prefer, Demand::Off] {
            let path = dir.path().join(format!("{direct:?}"));
            let log = small().direct(direct).open(&path).unwrap();
            let expected: Vec<_> = (0..500).map(|i| pattern(i * 13 % 700)).collect();
            for (i, data) in expected.iter().enumerate() {
                assert_eq!(log.append(data).unwrap(), Lsn::new(i as u64 + 1));
            }
            assert_eq!(log.commit().unwrap(), Lsn::new(500));
            assert!(segments(&path).len() > 2);
            assert!(all(&path) == expected);
            drop(log);
            let log = small().direct(direct).open(&path).unwrap();
            assert_eq!((log.durable_lsn(), log.next_lsn()), (Lsn::new(500), Lsn::new(501)));
            assert_eq!(log.recovery().torn_tail_bytes, 0);
            let report = AppendLog::verify(&path).unwrap();
            assert_eq!((report.records, report.first, report.last), (500, Some(Lsn::new(1)), Some(Lsn::new(500))));
            assert_eq!(report.bytes, expected.iter().map(|d| d.len() as u64).sum::<u64>());
            assert_eq!(report.segments, segments(&path).len() as u64);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn batches_of_any_sizes(batches in proptest::collection::vec(proptest::collection::vec(0..5000usize, 0..20), 1..8)) {
        let dir = tempfile::tempdir().unwrap();
        let log = small().open(dir.path()).unwrap();
        let mut expected = Vec::new();
        for sizes in &batches {
            let start = log.next_lsn();
            let batch: Vec<_> = sizes.iter().map(|n| pattern(*n)).collect();
            let lsns = log.append_batch(&batch).unwrap();
            prop_assert_eq!(lsns, start..Lsn::new(start.get() + sizes.len() as u64));
            log.commit().unwrap();
            expected.extend(batch);
        }
        log.close().unwrap();
        prop_assert!(all(dir.path()) == expected);
    }
}

#[test]
fn only_what_is_committed_is_promised_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    assert_eq!(log.commit().unwrap(), Lsn::ZERO);
    log.append(b"kept").unwrap();
    log.commit().unwrap();
    log.append(b"lost").unwrap();
    assert_eq!((log.durable_lsn(), log.next_lsn()), (Lsn::new(1), Lsn::new(3)));
    let mut reader = log.reader().unwrap();
    assert_eq!(reader.next_record().unwrap().unwrap().data, b"kept");
    assert!(reader.next_record().unwrap().is_none());
    drop(log);
    assert_eq!(all(dir.path()), [b"kept"]);
}

#[test]
fn a_reader_of_the_directory_follows_the_writer() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    let mut reader = LogReader::open(dir.path()).unwrap();
    for i in 0..300u32 {
        assert!(reader.next_record().unwrap().is_none());
        log.append_durable(&pattern(i as usize * 5)).unwrap();
        let record = reader.next_record().unwrap().unwrap();
        assert_eq!(record.lsn.get(), u64::from(i) + 1);
        assert!(record.data == pattern(i as usize * 5));
    }
}

#[test]
fn a_second_writer_is_refused_and_readers_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    log.append_durable(b"x").unwrap();
    assert!(matches!(small().open(dir.path()), Err(LogError::Locked)));
    assert_eq!(all(dir.path()).len(), 1);
    // A reader that outlives the log does not keep it locked.
    let reader = log.reader().unwrap();
    drop(log);
    small().open(dir.path()).unwrap();
    drop(reader);
}

#[test]
fn a_record_larger_than_a_segment_is_refused_with_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    let most = log.record_limit();
    let Err(LogError::TooLarge { len, limit }) = log.append(&vec![1; most + 1]) else { panic!("must be refused") };
    assert_eq!((len, limit), (most + 1, most));
    // In a batch, those before it stay.
    let error = log.append_batch([&b"a"[..], b"b", &vec![1; most + 1], b"c"]).unwrap_err();
    assert_eq!(error.appended, Lsn::new(1)..Lsn::new(3));
    assert!(matches!(error.error, LogError::TooLarge { .. }));
    assert_eq!(log.append(&vec![2; most]).unwrap(), Lsn::new(3));
    assert_eq!(log.append(b"after").unwrap(), Lsn::new(4));
    log.commit().unwrap();
    let lengths: Vec<_> = all(dir.path()).iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 1, most, 5]);
}

#[test]
fn threads_share_a_log() {
    const THREADS: u32 = 4;
    const EACH: u32 = 200;
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
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
    let stats = log.stats();
    assert_eq!(stats.appended, u64::from(THREADS * EACH));
    assert_eq!(stats.commits, u64::from(THREADS * EACH / 4));
    assert!(stats.syncs <= stats.commits);
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

#[test]
fn an_iterator_may_panic_but_not_use_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    let panics = |f: &dyn Fn()| {
        let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("it must panic");
        panic
            .downcast_ref::<&str>()
            .map_or_else(|| panic.downcast_ref::<String>().unwrap().clone(), |s| (*s).to_owned())
    };
    let records = |stop: &'static str| (0..9u8).map(move |i| if i == 4 { panic!("{stop}") } else { [i] });
    assert_eq!(panics(&|| drop(log.append_batch(records("mine")))), "mine");
    assert_eq!(log.next_lsn(), Lsn::new(5));

    let uses: [&dyn Fn(); 3] =
        [&|| drop(log.append(b"x")), &|| drop(log.commit()), &|| drop(log.reader().map(|_| log.next_lsn()))];
    for use_log in uses {
        let message = panics(&|| {
            drop(log.append_batch((0..1).map(|_| {
                use_log();
                [0]
            })))
        });
        assert!(message.contains("append_batch"), "{message}");
    }
    assert_eq!(log.append_durable(b"after").unwrap(), Lsn::new(5));
    assert_eq!(all(dir.path()).len(), 5);
}

#[test]
fn a_torn_tail_is_cut_off_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    log.append_durable(b"one").unwrap();
    log.append_durable(b"two").unwrap();
    drop(log);
    // The last commit, half written: a crash before it was acknowledged looks like this.
    let segment = segments(dir.path()).pop().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[4096 + 4096 + 50..].fill(0);
    fs::write(&segment, &bytes).unwrap();
    let report = AppendLog::verify(dir.path()).unwrap();
    // To the last byte that is not zero: it is in the record's number.
    assert_eq!((report.records, report.torn_tail_bytes), (1, 49));

    let log = small().open(dir.path()).unwrap();
    assert_eq!((log.recovery().last, log.recovery().torn_tail_bytes), (Lsn::new(1), 49));
    assert_eq!(log.append_durable(b"again").unwrap(), Lsn::new(2));
    log.close().unwrap();
    assert_eq!(all(dir.path()), [&b"one"[..], b"again"]);
    assert_eq!(AppendLog::verify(dir.path()).unwrap().torn_tail_bytes, 0);
}

#[test]
fn damage_is_not_taken_for_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    log.append_durable(b"one").unwrap();
    log.append_durable(b"two").unwrap();
    log.append_durable(b"three").unwrap();
    drop(log);
    let segment = segments(dir.path()).pop().unwrap();
    let whole = fs::read(&segment).unwrap();
    // The second commit: a flipped bit, and a hole.
    for damage in [|b: &mut [u8]| b[60] ^= 4, |b: &mut [u8]| b.fill(0)] {
        let mut bytes = whole.clone();
        damage(&mut bytes[8192..12_288]);
        fs::write(&segment, &bytes).unwrap();
        let Err(LogError::Corrupt { path, offset, lsn }) = small().open(dir.path()) else { panic!("must be refused") };
        assert_eq!((&path, offset, lsn), (&segment, 8192, Lsn::new(2)));
        assert!(matches!(AppendLog::verify(dir.path()), Err(LogError::Corrupt { .. })));
        assert!(fs::read(&segment).unwrap() == bytes, "a damaged log is left as it is");
    }
}

#[test]
fn another_version_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(small().open(dir.path()).unwrap());
    let segment = segments(dir.path()).pop().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[8] = 9;
    let crc = crc32c(&[&bytes[..12], &bytes[16..4096]].concat());
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    fs::write(&segment, bytes).unwrap();
    assert!(matches!(small().open(dir.path()), Err(LogError::Version { found: 9, .. })));
}

/// Bit by bit, as the format's page describes it.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
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
    ] {
        assert!(matches!(options.open(dir.path()), Err(LogError::InvalidOption(_))), "{options:?}");
    }
    assert!(LogReader::open(dir.path().join("missing")).is_err());
    assert_eq!(AppendLog::verify(dir.path()).unwrap().records, 0);
}
