//! Damage to what was acknowledged is told, never stepped over.

use std::sync::Arc;

use super::model::Disk;
use crate::io::log::storage::Directory;
use crate::io::log::verify::verify_in;
use crate::io::{AppendLog, LogError, LogReader, Lsn};

const SEGMENT: u64 = 16 << 10;

fn open(disk: &Disk) -> Result<AppendLog, LogError> {
    AppendLog::open_in(Arc::new(disk.clone()), None, 8 << 10, SEGMENT)
}

fn data(lsn: u64) -> Vec<u8> {
    vec![lsn as u8; 100 + lsn as usize * 37 % 900]
}

/// A log of several segments, closed; the records, and the bytes of each segment that hold some.
fn written() -> (Disk, u64, Vec<(String, usize)>) {
    let disk = Disk::new(3);
    let log = open(&disk).unwrap();
    for lsn in 1..=60 {
        log.append(&data(lsn)).unwrap();
        if lsn % 3 == 0 {
            log.commit().unwrap();
        }
    }
    log.commit().unwrap();
    drop(log);
    let mut used = Vec::new();
    // What is not zero is headers and frames: they follow one another from the beginning.
    for (name, len) in disk.files() {
        let mut content = vec![0; len];
        disk.open(&name, crate::io::log::storage::Access::Read).unwrap().read(&mut content, 0).unwrap();
        let end = len - content.iter().rev().take_while(|b| **b == 0).count();
        used.push((name, end.next_multiple_of(4096)));
    }
    assert!(used.len() >= 3, "too few segments: {used:?}");
    open(&disk).unwrap().close().unwrap();
    (disk, 60, used)
}

#[test]
fn a_flipped_bit_anywhere_is_reported() {
    let (disk, records, used) = written();
    assert_eq!(verify_in(Arc::new(disk.clone())).unwrap().records, records);
    let last = used.last().unwrap().0.clone();
    for (name, end) in &used {
        // A prime, so that all places of all headers come up.
        for at in (0..*end).step_by(37) {
            let disk = disk.after_kill();
            disk.flip(name, at, 1 << (at % 8));
            let error = verify_in(Arc::new(disk.clone())).unwrap_err();
            let LogError::Corrupt { path, offset, .. } = &error else { panic!("{name} at {at}: {error}") };
            assert_eq!(path.to_str(), Some(&**name));
            assert!(*offset <= at as u64 && at as u64 - *offset < SEGMENT);
            // A writer looks at the last segment only, and must not cut it.
            if *name == last {
                let before = disk.steps();
                assert!(matches!(open(&disk), Err(LogError::Corrupt { .. })), "{name} at {at} was opened");
                assert_eq!(disk.steps(), before, "a damaged log was changed");
            }
        }
    }
}

#[test]
fn the_records_before_the_damage_can_be_read() {
    let (disk, _, used) = written();
    disk.flip(&used[1].0, 4096 + 60, 1);
    let mut reader = LogReader::new(Arc::new(disk), Lsn::ZERO, None).unwrap();
    let mut next = 1;
    let damaged = loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                assert_eq!((record.lsn.get(), record.data), (next, &*data(next)));
                next += 1;
            }
            Ok(None) => panic!("the reader stepped over the damage"),
            Err(LogError::Corrupt { lsn, .. }) => break lsn,
            Err(e) => panic!("{e}"),
        }
    };
    assert_eq!(damaged.get(), next);
    assert!(next > 5);
    assert!(matches!(reader.next_record(), Err(LogError::Corrupt { .. })), "the error must repeat itself");
}

#[test]
fn a_missing_segment_is_reported() {
    let (disk, _, used) = written();
    disk.remove(&used[1].0).unwrap();
    assert!(matches!(open(&disk), Err(LogError::Corrupt { .. })));
    assert!(matches!(verify_in(Arc::new(disk)), Err(LogError::Corrupt { .. })));
}

#[test]
fn a_reader_begins_at_any_record() {
    let (disk, records, _) = written();
    let log = open(&disk).unwrap();
    for from in 0..=records + 2 {
        let mut reader = log.reader_from(Lsn::new(from)).unwrap();
        let first = reader.next_record().unwrap().map(|r| r.lsn.get());
        assert_eq!(first, (from <= records).then_some(from.max(1)), "from {from}");
    }
}

#[test]
fn what_lies_behind_a_torn_write_never_comes_back() {
    let disk = Disk::new(9);
    let open = |disk: &Disk| AppendLog::open_in(Arc::new(disk.clone()), None, 8 << 10, 64 << 10).unwrap();
    let log = open(&disk);
    // Each pair is a frame of two sectors. Three are written, none is acknowledged.
    for fill in 1..=4 {
        log.append(&[fill; 4100]).unwrap();
        log.append(&[fill; 4000]).unwrap();
    }
    assert_eq!((log.stats().frames, log.durable_lsn()), (3, Lsn::ZERO));
    drop(log);
    // The second frame is torn; the third came to the disk whole.
    disk.flip(&disk.files()[0].0, 4096 + 8192 + 100, 1);

    let log = open(&disk);
    assert_eq!(log.recovery().last, Lsn::new(2));
    assert!(log.recovery().torn_tail_bytes > 8192);
    // What is written now ends where the third frame began, with the record before that frame's first.
    log.append_batch([&[9; 4100][..], &[9; 4000]]).unwrap();
    assert_eq!(log.commit().unwrap(), Lsn::new(4));
    drop(log);
    let log = open(&disk);
    assert_eq!((log.recovery().last, log.recovery().torn_tail_bytes), (Lsn::new(4), 0));
    let fills: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap().data[0]).collect();
    assert_eq!(fills, [1, 1, 9, 9]);
}
