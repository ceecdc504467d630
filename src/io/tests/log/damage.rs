//! Damage to what was acknowledged is told, never stepped over.

use std::sync::Arc;

use super::disk::{Disk, Step};
use super::session::open;
use super::state::Lose;
use crate::io::log::storage::{Access, Directory};
use crate::io::log::verify::verify_in;
use crate::io::{AppendLog, AppendLogOptions, LogError, LogReader, Lsn};

const SEGMENT: u64 = 16 << 10;
const RECORDS: u64 = 60;

fn options() -> AppendLogOptions {
    AppendLog::options().segment_size(SEGMENT).buffer_size(8 << 10)
}

fn data(lsn: u64) -> Vec<u8> {
    vec![lsn as u8; 100 + lsn as usize * 37 % 900]
}

/// A log of several segments, closed; and the bytes of each segment that are in use.
fn written() -> (Disk, Vec<(String, usize)>) {
    let disk = Disk::new(3);
    let log = open(&disk, &options()).unwrap();
    for lsn in 1..=RECORDS {
        log.append(&data(lsn)).unwrap();
        if lsn % 3 == 0 {
            log.flush().unwrap();
        }
    }
    log.close().unwrap();
    (disk.clone(), used(&disk))
}

/// What is not zero is headers and frames: they follow one another from the beginning. Without the segment that is
/// prepared and holds none.
fn used(disk: &Disk) -> Vec<(String, usize)> {
    let mut used = Vec::new();
    for (name, len) in disk.files() {
        let content = disk.content(&name);
        let end = len - content.iter().rev().take_while(|b| **b == 0).count();
        if name.ends_with(".log") && end > 4096 {
            used.push((name, end.next_multiple_of(4096)));
        }
    }
    assert!(used.len() >= 3, "too few segments: {used:?}");
    used
}

fn seen(used: &[(String, usize)], segment: usize) -> Seen {
    if segment + 1 == used.len() { Seen::ByWriters } else { Seen::ByReaders }
}

fn verify(disk: &Disk) -> LogError {
    verify_in(Arc::new(disk.clone())).expect_err("the damage is passed over")
}

/// Whether a writer reads the damaged segment when it opens the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    ByWriters,
    /// It is one of those before the last: records there were durable before the last one was begun.
    ByReaders,
}

/// All ways to read a log report the damage, before and after a writer that does not see it, and one that does changes
/// nothing.
fn is_told(disk: &Disk, seen: Seen, what: &str) -> (String, u64) {
    let told = readers_tell(disk, what);
    let before = disk.steps() - disk.count(Step::Sync) as u64;
    match open(disk, &options()) {
        Err(LogError::Corrupt { .. }) => {
            let after = disk.steps() - disk.count(Step::Sync) as u64;
            assert!(after == before, "{what}: a damaged log was changed");
        }
        Ok(log) => {
            assert!(seen == Seen::ByReaders, "{what}: it was opened");
            assert_eq!(log.next_lsn().get(), RECORDS + 1, "{what}");
            drop(log);
            assert_eq!(readers_tell(disk, what), told);
        }
        Err(e) => panic!("{what}: {e}"),
    }
    told
}

fn readers_tell(disk: &Disk, what: &str) -> (String, u64) {
    let LogError::Corrupt { path, offset, .. } = verify(disk) else { panic!("{what}") };
    let mut reader = match LogReader::new(Arc::new(disk.clone()), Lsn::ZERO, None) {
        Ok(reader) => reader,
        Err(LogError::Corrupt { .. }) => return (path.to_str().unwrap().to_owned(), offset),
        Err(e) => panic!("{what}: {e}"),
    };
    let mut next = 1;
    loop {
        match reader.next_record() {
            Ok(Some(record)) => {
                assert!((record.lsn.get(), record.data) == (next, &*data(next)), "{what}: record {next}");
                next += 1;
            }
            Err(LogError::Corrupt { .. }) => break,
            other => panic!("{what}: {other:?} after record {}", next - 1),
        }
    }
    (path.to_str().unwrap().to_owned(), offset)
}

#[test]
fn a_flipped_bit_anywhere_is_told() {
    let (disk, used) = written();
    assert_eq!(verify_in(Arc::new(disk.clone())).unwrap().records, RECORDS);
    for (i, (name, end)) in used.iter().enumerate() {
        // The last frame is the mark. What it bears witness to are the frames before; to itself there is no witness.
        let end = if i + 1 == used.len() { end - 4096 } else { *end };
        // A prime, so that all places of all headers come up.
        for at in (0..end).step_by(71) {
            let disk = disk.after(Lose::Nothing);
            disk.flip(name, at, 1 << (at % 8));
            // A byte of the header's zeros, of the padding of a frame or of another: all are covered.
            let (path, offset) = is_told(&disk, seen(&used, i), &format!("{name} at {at}"));
            assert_eq!(path, *name);
            assert!(offset <= at as u64, "{name} at {at}: told is {offset}");
        }
    }
}

#[test]
fn damage_to_the_mark_hides_no_record() {
    let (disk, used) = written();
    let (name, end) = used.last().unwrap();
    for at in (end - 4096..*end).step_by(61) {
        let disk = disk.after(Lose::Nothing);
        disk.flip(name, at, 0x10);
        let log = open(&disk, &options()).unwrap();
        assert_eq!(log.durable_lsn().get(), RECORDS);
        assert_eq!(log.reader().unwrap().records().count() as u64, RECORDS);
    }
}

#[test]
fn the_records_before_the_damage_can_be_read() {
    let (disk, used) = written();
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
fn a_missing_segment_is_told() {
    let (disk, used) = written();
    for (name, _) in &used[1..used.len() - 1] {
        let disk = disk.after(Lose::Nothing);
        disk.remove(name).unwrap();
        is_told(&disk, Seen::ByWriters, name);
    }
}

#[test]
fn swapped_segments_are_told() {
    let (disk, used) = written();
    for (i, pair) in used.windows(2).enumerate() {
        let disk = disk.after(Lose::Nothing);
        disk.rename(&pair[0].0, "aside").unwrap();
        disk.rename(&pair[1].0, &pair[0].0).unwrap();
        disk.rename("aside", &pair[1].0).unwrap();
        is_told(&disk, seen(&used, i + 1), &pair[0].0);
    }
}

#[test]
fn a_segment_in_the_place_of_another_is_told() {
    let (disk, used) = written();
    for (i, pair) in used.windows(2).enumerate() {
        let disk = disk.after(Lose::Nothing);
        let copy = disk.content(&pair[0].0);
        disk.overwrite(&pair[1].0, &copy);
        is_told(&disk, seen(&used, i + 1), &pair[1].0);
    }
}

#[test]
fn a_truncated_segment_is_told() {
    let (disk, used) = written();
    for (i, (name, end)) in used.iter().enumerate() {
        for len in [0, 100, 4096, 5000, 8192, end - 4096 - 1] {
            // All of the records must be witnessed by what is left; the last segment's witness is its last frame.
            let last = i + 1 == used.len();
            let disk = disk.after(Lose::Nothing);
            let file = disk.open(name, Access::Write).unwrap();
            file.set_len(len as u64).unwrap();
            drop(file);
            if last && len >= 4096 {
                // The end of a log that is cut off is not told: it ends before.
                continue;
            }
            is_told(&disk, seen(&used, i), &format!("{name} cut to {len}"));
        }
    }
}

#[test]
fn a_sector_of_zeros_or_of_another_place_is_told() {
    let (disk, used) = written();
    for (i, (name, end)) in used.iter().enumerate() {
        let end = if i + 1 == used.len() { end - 4096 } else { *end };
        for at in (0..end).step_by(4096) {
            let content = disk.content(name);
            for other in [None, Some((at + 4096) % end), Some(0)].into_iter().filter(|other| *other != Some(at)) {
                let disk = disk.after(Lose::Nothing);
                let mut changed = content.clone();
                match other {
                    None => changed[at..at + 4096].fill(0),
                    Some(other) => changed.copy_within(other..other + 4096, at),
                }
                disk.overwrite(name, &changed);
                is_told(&disk, seen(&used, i), &format!("{name}: {other:?} at {at}"));
            }
        }
    }
}

#[test]
fn a_reader_begins_at_any_record() {
    let (disk, _) = written();
    let log = open(&disk, &options()).unwrap();
    for from in 0..=RECORDS + 2 {
        let mut reader = log.reader_from(Lsn::new(from)).unwrap();
        let first = reader.next_record().unwrap().map(|r| r.lsn.get());
        assert_eq!(first, (from <= RECORDS).then_some(from.max(1)), "from {from}");
    }
}
