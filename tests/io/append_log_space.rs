//! Which segments there are, and of what they are made.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::thread;
use std::time::Duration;

use bedplate::io::{AppendLog, LogError, LogReader, Lsn};

use crate::backends::BACKENDS;
use crate::log_support::{all, files, segments, small};
use crate::places::{pattern, places};

/// All files in which records are, were or will be.
fn inodes(dir: &Path) -> HashSet<u64> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    // One that is renamed just then is seen the next time.
    names
        .filter(|entry| entry.file_name().to_str().unwrap().contains(".log"))
        .filter_map(|entry| Some(entry.metadata().ok()?.ino()))
        .collect()
}

/// Appends until so many more segments were begun.
fn fill(log: &AppendLog, segments: u64) {
    let until = log.stats().segments + segments;
    while log.stats().segments < until {
        log.append_durable(&log.next_lsn().get().to_le_bytes()).unwrap();
    }
}

fn check(dir: &Path, first: u64, last: u64) {
    let mut next = first;
    for record in LogReader::open(dir).unwrap().records() {
        let record = record.unwrap();
        assert_eq!((record.lsn.get(), record.data), (next, next.to_le_bytes().to_vec()));
        next += 1;
    }
    assert_eq!(next, last + 1);
}

#[test]
fn segments_are_made_of_those_that_were_trimmed() {
    for dir in places() {
        for backend in BACKENDS {
            let path = dir.path().join(format!("{backend:?}"));
            let log = small().backend(*backend).retain_bytes(192 << 10).open(&path).unwrap();
            let mut seen = HashSet::new();
            for _ in 0..14 {
                fill(&log, 1);
                seen.extend(inodes(&path));
            }
            let stats = log.stats();
            // Three are kept, beside the one that is written to, the one that is ready and the one that is spare.
            assert!(seen.len() <= 7, "{} files for {} segments", seen.len(), stats.segments);
            assert!(stats.recycled >= 6 && stats.trimmed >= 8, "{stats:?}");
            assert!(files(&path, ".free").len() <= 1);
            let first = log.first_lsn();
            assert!(first > Lsn::new(100), "{first}");
            check(&path, first.get(), log.durable_lsn().get());
            // What is left is found again, and goes on with the same files.
            log.close().unwrap();
            let log = small().backend(*backend).retain_bytes(192 << 10).open(&path).unwrap();
            assert_eq!(log.first_lsn(), first);
            fill(&log, 6);
            seen.extend(inodes(&path));
            assert!(seen.len() <= 8, "{}", seen.len());
            check(&path, log.first_lsn().get(), log.durable_lsn().get());
        }
    }
}

#[test]
fn so_much_is_kept_and_no_more() {
    for keep in [64u64 << 10, 256 << 10, 1 << 20] {
        let dir = tempfile::tempdir().unwrap();
        let log = small().retain_bytes(keep).spare_segments(0).open(dir.path()).unwrap();
        fill(&log, 24);
        // What is left is at least that, and a segment more is too much; the one that is prepared does not count.
        let kept = segments(dir.path()).len() as u64 * (64 << 10);
        assert!(kept >= keep && kept <= keep + (192 << 10), "{kept} of {keep}");
        assert!(files(dir.path(), ".free").is_empty());
        check(dir.path(), log.first_lsn().get(), log.durable_lsn().get());
    }
}

#[test]
fn what_is_old_goes() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().retain_for(Duration::from_millis(40)).open(dir.path()).unwrap();
    fill(&log, 3);
    let old = log.durable_lsn();
    thread::sleep(Duration::from_millis(60));
    // Looked at when a segment begins; the one before is not old, by its last records.
    fill(&log, 2);
    assert!(log.first_lsn().get() + 15 > old.get(), "{} of {old}", log.first_lsn());
    check(dir.path(), log.first_lsn().get(), log.durable_lsn().get());

    let dir = tempfile::tempdir().unwrap();
    let log = small().retain_for(Duration::from_secs(3600)).open(dir.path()).unwrap();
    fill(&log, 6);
    assert_eq!((log.first_lsn(), log.stats().trimmed), (Lsn::new(1), 0));
}

#[test]
fn trimming_keeps_what_it_is_told_to() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().spare_segments(2).open(dir.path()).unwrap();
    fill(&log, 8);
    let last = log.durable_lsn();
    assert_eq!(log.first_lsn(), Lsn::new(1));
    for lsn in [0, 1, 2, 15] {
        assert_eq!(log.trim(Lsn::new(lsn)).unwrap(), Lsn::new(1));
    }
    // 15 frames of a record in each segment.
    for (lsn, first) in [(16, 16), (17, 16), (30, 16), (31, 31), (76, 76), (20, 76)] {
        assert_eq!(log.trim(Lsn::new(lsn)).unwrap(), Lsn::new(first), "{lsn}");
        assert_eq!(log.first_lsn(), Lsn::new(first));
        check(dir.path(), first, last.get());
    }
    assert_eq!(files(dir.path(), ".free").len(), 2);
    // Never the one that is written to, nor what is not durable.
    log.append_durable(&log.next_lsn().get().to_le_bytes()).unwrap();
    let lsn = log.append(&log.next_lsn().get().to_le_bytes()).unwrap();
    let first = log.trim(Lsn::new(u64::MAX)).unwrap();
    assert!(first <= lsn && first.get() + 15 > lsn.get(), "{first} of {lsn}");
    log.flush().unwrap();
    check(dir.path(), first.get(), lsn.get());
    drop(log);
    let log = small().open(dir.path()).unwrap();
    assert_eq!((log.first_lsn(), log.durable_lsn()), (first, lsn));
    assert_eq!(AppendLog::verify(dir.path()).unwrap().first, Some(first));
}

#[test]
fn a_reader_whose_records_were_trimmed_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().spare_segments(1).open(dir.path()).unwrap();
    fill(&log, 4);
    let mut readers = [log.reader().unwrap(), LogReader::open(dir.path()).unwrap()];
    let mut follower = log.follow(Lsn::ZERO).unwrap();
    for reader in &mut readers {
        assert_eq!(reader.next_record().unwrap().unwrap().lsn, Lsn::new(1));
    }
    assert_eq!(follower.try_next().unwrap().unwrap().lsn, Lsn::new(1));
    // Trimmed, and then used for other records.
    for _ in 0..6 {
        fill(&log, 1);
        log.trim(log.durable_lsn()).unwrap();
    }
    assert!(log.stats().recycled > 0);
    let told = |next: &mut dyn FnMut() -> Result<Option<(Lsn, Vec<u8>)>, LogError>| {
        // What it has read already it may still give.
        for lsn in 2u64.. {
            match next() {
                Ok(Some((found, data))) => assert_eq!((found.get(), data), (lsn, lsn.to_le_bytes().to_vec())),
                Ok(None) => panic!("the end, at {lsn}"),
                Err(LogError::Trimmed { first }) => {
                    assert!(first.get() > lsn && first <= log.first_lsn(), "{first} at {lsn}");
                    break;
                }
                Err(error) => panic!("{error}"),
            }
        }
    };
    for reader in &mut readers {
        told(&mut || Ok(reader.next_record()?.map(|record| (record.lsn, record.data.to_vec()))));
    }
    told(&mut || Ok(follower.try_next()?.map(|record| (record.lsn, record.data.to_vec()))));
}

#[test]
fn the_next_segment_is_ready_before_it_is_needed() {
    for backend in BACKENDS {
        let dir = tempfile::tempdir().unwrap();
        let log = small().backend(*backend).open(dir.path()).unwrap();
        log.prepare().unwrap();
        log.prepare().unwrap();
        let there = segments(dir.path());
        assert_eq!(there.len(), 2);
        fill(&log, 1);
        assert!(there == segments(dir.path())[..2]);
        // Written zeros: nothing is to be found behind it, and no space is missing.
        let metadata = fs::metadata(&there[1]).unwrap();
        assert_eq!(metadata.len(), 64 << 10);
        assert!(metadata.blocks() * 512 >= 64 << 10);
        log.prepare().unwrap();
        drop(log);
        // One without a frame is the log's own, and is used.
        assert_eq!(segments(dir.path()).len(), 3);
        let log = small().backend(*backend).open(dir.path()).unwrap();
        assert_eq!(log.recovery().torn_frames, 0);
        fill(&log, 1);
        assert!(all(dir.path()).len() >= 30);
    }
}

/// A log of before, in which segments of another size are.
#[test]
fn segments_of_several_sizes_are_one_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for (round, size) in [64u64 << 10, 128 << 10, 32 << 10, 64 << 10].into_iter().enumerate() {
        let log =
            AppendLog::options().segment_size(size).buffer_size(8192).retain_bytes(4 << 20).open(dir.path()).unwrap();
        for i in 0..60 {
            expected.push(pattern(round * 100 + i));
            log.append_durable(&expected[expected.len() - 1]).unwrap();
        }
        log.close().unwrap();
        assert!(all(dir.path()) == expected);
    }
    let report = AppendLog::verify(dir.path()).unwrap();
    assert_eq!((report.records, report.torn_frames), (240, 0));
    let log = small().open(dir.path()).unwrap();
    log.trim(Lsn::new(200)).unwrap();
    fill(&log, 4);
    assert_eq!(log.reader_from(Lsn::new(240)).unwrap().next_record().unwrap().unwrap().data, expected[239]);
}
