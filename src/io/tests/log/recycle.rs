//! Segments come, go and come again; a full disk refuses what needs the next one, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use super::disk::{Disk, Fault, Step};
use super::session::open;
use super::state::Lose;
use crate::io::log::verify::verify_in;
use crate::io::tests::faults::{EIO, ENOSPC};
use crate::io::{AppendLog, AppendLogOptions, LogError, LogReader, Lsn};

const SEGMENT: u64 = 16 << 10;

fn options() -> AppendLogOptions {
    AppendLog::options().segment_size(SEGMENT).buffer_size(8 << 10)
}

/// Its frame is a sector: three of them fill a segment.
fn record(lsn: u64) -> Vec<u8> {
    vec![lsn as u8; 4096 - 100]
}

fn append(log: &AppendLog, lsns: std::ops::RangeInclusive<u64>) {
    for lsn in lsns {
        assert_eq!(log.append_durable(&record(lsn)).unwrap().get(), lsn);
    }
}

fn count(disk: &Disk, suffix: &str) -> usize {
    disk.files().iter().filter(|(name, _)| name.ends_with(suffix)).count()
}

fn check(log: &AppendLog, lsns: std::ops::RangeInclusive<u64>) {
    let found: Vec<_> = log.reader().unwrap().records().map(|r| r.unwrap()).collect();
    assert!(found.iter().map(|r| r.lsn.get()).eq(lsns));
    assert!(found.iter().all(|r| r.data == record(r.lsn.get())));
}

#[test]
fn trimming_removes_whole_segments_of_what_is_durable() {
    let disk = Disk::new(1);
    let log = open(&disk, &options().spare_segments(0)).unwrap();
    append(&log, 1..=9);
    // Three frames of a sector to a segment: the fifth segment would begin with the tenth.
    let segments = log.stats().segments;
    assert_eq!(log.trim(Lsn::ZERO).unwrap(), Lsn::new(1));
    assert_eq!(log.trim(Lsn::new(3)).unwrap(), Lsn::new(1), "the third record is in the first segment");
    assert_eq!((log.trim(Lsn::new(4)).unwrap(), log.first_lsn()), (Lsn::new(4), Lsn::new(4)));
    check(&log, 4..=9);
    // What is not durable yet stays, however much is asked for; and so does the active segment.
    log.append(&record(10)).unwrap();
    let first = log.trim(Lsn::new(1000)).unwrap();
    assert!(first <= Lsn::new(10) && first >= Lsn::new(7), "{first}");
    assert_eq!((log.trim(Lsn::new(2)).unwrap(), log.first_lsn()), (first, first), "it never goes back");
    log.flush().unwrap();
    check(&log, first.get()..=10);
    assert!(log.stats().trimmed >= 2 && segments >= 2);
    drop(log);
    for lose in [Lose::Everything, Lose::Nothing, Lose::Some(3)] {
        let log = open(&disk.after(lose), &options()).unwrap();
        assert!(log.first_lsn() <= first);
        check(&log, log.first_lsn().get()..=10);
    }
}

#[test]
fn trimmed_files_are_used_again() {
    for spares in 0..=3 {
        let disk = Disk::new(1);
        let log = open(&disk, &options().spare_segments(spares)).unwrap();
        for lsn in 1..=90 {
            append(&log, lsn..=lsn);
            if lsn % 9 == 0 {
                log.trim(Lsn::new(lsn)).unwrap();
                assert!(count(&disk, ".free") <= spares, "{:?}", disk.files());
            }
        }
        let stats = log.stats();
        assert!(stats.trimmed >= 24, "{stats:?}");
        assert!(if spares == 0 { stats.recycled == 0 } else { stats.recycled > 8 }, "{stats:?}");
        // At most the three segments between two trims, the active, the next, and the spares.
        assert!(disk.files().len() <= 5 + spares, "{:?}", disk.files());
        check(&log, log.first_lsn().get()..=90);
        log.close().unwrap();
        assert_eq!(verify_in(Arc::new(disk.clone())).unwrap().last, Some(Lsn::new(90)));
        check(&open(&disk, &options()).unwrap(), verify_in(Arc::new(disk)).unwrap().first.unwrap().get()..=90);
    }
}

#[test]
fn frames_of_the_segment_that_a_file_was_never_come_back() {
    let disk = Disk::new(1);
    let log = open(&disk, &options()).unwrap();
    append(&log, 1..=90);
    log.trim(Lsn::new(90)).unwrap();
    // Each roll reuses a file whose frames are all at the places of the new ones.
    let mut last = 90;
    for _ in 0..12 {
        last += 1;
        append(&log, last..=last);
        log.trim(Lsn::new(last)).unwrap();
        for lose in [Lose::Nothing, Lose::Everything] {
            let again = open(&disk.after(lose), &options()).unwrap();
            assert_eq!((again.durable_lsn().get(), again.recovery().torn_frames), (last, 0));
        }
    }
    assert!(log.stats().recycled >= 3, "{:?}", log.stats());
}

#[test]
fn a_size_is_kept() {
    let disk = Disk::new(1);
    let log = open(&disk, &options().retain_bytes(4 * SEGMENT)).unwrap();
    append(&log, 1..=60);
    let first = log.first_lsn().get();
    // Four whole segments, the active one and at most one that goes with the next.
    assert!((60 - 17..=60 - 11).contains(&first), "{first}");
    check(&log, first..=60);
    assert!(count(&disk, ".log") <= 7, "{:?}", disk.files());
}

#[test]
fn an_age_is_kept() {
    let disk = Disk::new(1);
    let log = open(&disk, &options().retain_for(Duration::from_secs(100))).unwrap();
    append(&log, 1..=30);
    assert_eq!(log.first_lsn(), Lsn::new(1));
    disk.pass_time(Duration::from_secs(60));
    append(&log, 31..=60);
    assert_eq!(log.first_lsn(), Lsn::new(1));
    disk.pass_time(Duration::from_secs(60));
    append(&log, 61..=64);
    let first = log.first_lsn().get();
    assert!((28..=31).contains(&first), "{first}: what was written in the first minute goes");
    // It is by the segments' times, which are known after the log was opened again too.
    log.close().unwrap();
    let log = open(&disk, &options().retain_for(Duration::from_secs(100))).unwrap();
    disk.pass_time(Duration::from_secs(60));
    append(&log, 65..=70);
    let first = log.first_lsn().get();
    assert!((58..=61).contains(&first), "{first}: what was written in the second minute goes");
    check(&log, first..=70);
}

#[test]
fn a_reader_whose_records_go_is_told() {
    for spares in [0, 2] {
        let disk = Disk::new(1);
        let log = open(&disk, &options().spare_segments(spares)).unwrap();
        append(&log, 1..=18);
        let mut within = log.reader().unwrap();
        assert_eq!(within.next_record().unwrap().unwrap().lsn, Lsn::new(1));
        let mut outside = LogReader::new(Arc::new(disk.clone()), Lsn::ZERO, None).unwrap();
        assert_eq!(outside.next_record().unwrap().unwrap().lsn, Lsn::new(1));
        let mut follower = log.follow(Lsn::new(1)).unwrap();
        assert_eq!(follower.next().unwrap().unwrap().lsn, Lsn::new(1));
        log.trim(Lsn::new(18)).unwrap();
        append(&log, 19..=40);
        log.trim(Lsn::new(40)).unwrap();
        append(&log, 41..=60);
        let first = log.first_lsn();

        // They may have read ahead what is gone now. What they give is right, or they tell.
        let told = |next: &mut dyn FnMut() -> Result<Option<(u64, Vec<u8>)>, LogError>| {
            for lsn in 2.. {
                match next() {
                    Ok(Some((found, data))) => assert!((found, &data) == (lsn, &record(lsn))),
                    Err(LogError::Trimmed { first: told }) => {
                        assert!(told <= first && told.get() > lsn, "{told} after {lsn}");
                        return;
                    }
                    other => panic!("{lsn}: {other:?}"),
                }
            }
        };
        told(&mut || Ok(within.next_record()?.map(|r| (r.lsn.get(), r.data.to_vec()))));
        told(&mut || Ok(outside.next_record()?.map(|r| (r.lsn.get(), r.data.to_vec()))));
        told(&mut || Ok(follower.next()?.map(|r| (r.lsn.get(), r.data.to_vec()))));
        // A new one begins with the first that is left.
        let next = log.reader_from(Lsn::new(2)).unwrap().next_record().unwrap().unwrap().lsn;
        assert_eq!(next, first);
    }
}

#[test]
fn a_prepared_segment_is_begun_without_the_file_system() {
    let disk = Disk::new(1);
    let log = open(&disk, &options()).unwrap();
    append(&log, 1..=3);
    log.prepare().unwrap();
    let before = [Step::Write, Step::Sync, Step::Space, Step::Name, Step::DirectorySync].map(|step| disk.count(step));
    assert_eq!(count(&disk, ".log"), 2);
    log.append(&record(4)).unwrap();
    let after = [Step::Write, Step::Sync, Step::Space, Step::Name, Step::DirectorySync].map(|step| disk.count(step));
    assert_eq!((before, log.stats().segments), (after, 1));
    // The writes that follow prepare the one behind it, and the log is never without.
    append_rest(&log);
    assert_eq!(log.stats().stalls, 0);
}

fn append_rest(log: &AppendLog) {
    log.flush().unwrap();
    append(log, 5..=40);
}

#[test]
fn a_full_disk_refuses_what_needs_the_next_segment_and_nothing_else() {
    let disk = Disk::new(7);
    let log = open(&disk, &options()).unwrap();
    let mut lsn = 0;
    disk.limit(Some(disk.space()));
    let refused = loop {
        match log.append_durable(&record(lsn + 1)) {
            Ok(_) => lsn += 1,
            Err(e) => break e,
        }
        assert!(lsn < 20, "the limit has no effect");
    };
    let LogError::Io(e) = refused else { panic!("{refused:?}") };
    assert_eq!((e.kind(), e.raw_os_error()), (std::io::ErrorKind::StorageFull, Some(ENOSPC)));
    // Again and again; and nothing was appended by it, and nothing is left lying about.
    for _ in 0..3 {
        let space = disk.space();
        assert!(matches!(log.append_durable(&record(lsn + 1)), Err(LogError::Io(_))));
        assert!(matches!(log.append_batch([record(lsn + 1)]), Err(LogError::Io(_))));
        assert!(matches!(log.prepare(), Err(LogError::Io(_))));
        assert_eq!((log.next_lsn().get(), disk.space()), (lsn + 1, space));
    }
    assert_eq!(log.flush().unwrap().get(), lsn);
    check(&log, 1..=lsn);
    // A process that is killed now, or a power cut, loses nothing; the log opens on the full disk.
    for lose in [Lose::Nothing, Lose::Everything, Lose::Some(1)] {
        let disk = disk.after(lose);
        disk.limit(Some(disk.space()));
        check(&open(&disk, &options()).unwrap(), 1..=lsn);
    }
    // Trimming makes space: the file is used again.
    log.trim(Lsn::new(lsn)).unwrap();
    let first = log.first_lsn().get();
    if first > 1 {
        append(&log, lsn + 1..=lsn + 1);
        lsn += 1;
    }
    disk.limit(None);
    append(&log, lsn + 1..=lsn + 30);
    check(&log, first..=lsn + 30);
}

#[test]
fn every_step_of_preparing_may_fail_and_be_done_again() {
    for fault in [Fault::Errno(EIO), Fault::Errno(ENOSPC), Fault::Torn, Fault::Short] {
        for recycled in [false, true] {
            for at in 0.. {
                let disk = Disk::new(at);
                let log = open(&disk, &options().spare_segments(1)).unwrap();
                append(&log, 1..=3);
                if recycled {
                    append(&log, 4..=10);
                    log.trim(Lsn::new(10)).unwrap();
                } else {
                    log.append_durable(&record(4)).unwrap();
                }
                // From here on each step is one of preparing, but for the durable writes of frames.
                let last = log.durable_lsn().get();
                let (begin, frames) = (disk.steps(), disk.count(Step::DurableWrite));
                disk.fail_at(begin + at, fault);
                let prepared = log.prepare();
                let steps = disk.steps() - begin;
                if steps <= at {
                    assert!(at > 0 || recycled || prepared.is_ok());
                    break;
                }
                let header = disk.count(Step::DurableWrite) > frames;
                assert!(prepared.is_ok() || fault != Fault::Short, "{prepared:?} after {header}");
                assert!(matches!(prepared, Ok(()) | Err(LogError::Io(_))), "{fault:?} at {at}: {prepared:?}");
                log.prepare().unwrap_or_else(|e| panic!("{fault:?} at {at}, once more: {e}"));
                append(&log, last + 1..=last + 12);
                let first = log.first_lsn().get();
                drop(log);
                for lose in [Lose::Everything, Lose::Nothing, Lose::Some(at)] {
                    let log = open(&disk.after(lose), &options()).unwrap();
                    check(&log, log.first_lsn().get()..=last + 12);
                    assert!(log.first_lsn().get() <= first);
                }
            }
        }
    }
}

#[test]
fn a_log_is_open_once() {
    let disk = Disk::new(1);
    let log = open(&disk, &options()).unwrap();
    log.append_durable(b"mine").unwrap();
    let steps = disk.steps();
    assert!(matches!(open(&disk, &options()), Err(LogError::Locked)));
    assert_eq!(disk.steps(), steps);
    // Readers need no lock.
    assert_eq!(LogReader::new(Arc::new(disk.clone()), Lsn::ZERO, None).unwrap().records().count(), 1);
    drop(log);
    check_first(&open(&disk, &options()).unwrap());
}

fn check_first(log: &AppendLog) {
    assert_eq!(log.reader().unwrap().next_record().unwrap().unwrap().data, b"mine");
}
