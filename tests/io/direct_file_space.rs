//! The length of a `DirectFile`, its space, and advice about it.

use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use bedplate::Demand;
use bedplate::io::{Advice, DirectFile, Preallocate};
use proptest::prelude::*;
use rustix::fs::SeekFrom;

use crate::places::{pattern, places};

const DEMANDS: [Demand; 2] = [Demand::Prefer, Demand::Off];

#[test]
fn reserved_space_is_there_and_zero() {
    for dir in places() {
        let path = dir.path().join("f");
        fs::write(&path, pattern(5000)).unwrap();
        let file = DirectFile::options().read().write().open(&path).unwrap();
        file.preallocate(0, Preallocate::Reserve).unwrap();
        match file.preallocate(100_000, Preallocate::Reserve) {
            Ok(()) => assert!(fs::metadata(&path).unwrap().blocks() * 512 >= 100_000),
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::Unsupported);
                println!("skipped: {e}");
                continue;
            }
        }
        let mut expected = pattern(5000);
        expected.resize(100_000, 0);
        assert!(fs::read(&path).unwrap() == expected);
        file.preallocate(10, Preallocate::Reserve).unwrap();
        assert_eq!(file.len().unwrap(), 100_000, "a longer file keeps its length");
    }
}

#[test]
fn zero_filled_space_has_no_hole_and_spoils_nothing() {
    let hole = (0..8usize, 1..4usize);
    let case = (0..40_000usize, 0..60_000u64, prop::collection::vec(hole, 0..3), any::<bool>());
    for dir in places() {
        for demand in DEMANDS {
            let config = ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() };
            let path = dir.path().join("f");
            proptest::test_runner::TestRunner::new(config)
                .run(&case, |(old, len, holes, reserved)| {
                    let mut expected = pattern(old);
                    fs::write(&path, &expected).unwrap();
                    let file = DirectFile::options().read().write().direct(demand).open(&path).unwrap();
                    for (at, count) in holes {
                        let (from, to) = (at * 4096, (at + count) * 4096);
                        file.punch_hole(from as u64..to as u64).unwrap();
                        expected[from.min(old)..to.min(old)].fill(0);
                    }
                    if reserved {
                        file.preallocate(len / 2, Preallocate::Reserve).unwrap();
                        let _ = fs::read(&path).unwrap();
                    }
                    file.preallocate(len, Preallocate::ZeroFill).unwrap();
                    expected.resize(old.max(len as usize), 0);
                    prop_assert_eq!(file.len().unwrap(), expected.len() as u64);
                    // What is there as a real zero is no hole; the end of the file counts as one. What is in the page
                    // cache would be no hole either.
                    file.sync_data().unwrap();
                    file.advise(Advice::DontNeed, 0..u64::MAX).unwrap();
                    if len > 0 {
                        let hole = rustix::fs::seek(&file, SeekFrom::Hole(0)).unwrap();
                        prop_assert!(hole >= len, "a hole at {hole} of {len}");
                    }
                    prop_assert!(fs::read(&path).unwrap() == expected);
                    Ok(())
                })
                .unwrap();
        }
    }
}

#[test]
fn the_cursor_of_a_file_stays_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(9000)).unwrap();
    let file = DirectFile::options().read().write().open(&path).unwrap();
    rustix::fs::seek(&file, SeekFrom::Start(77)).unwrap();
    file.punch_hole(0..4096).unwrap();
    file.preallocate(20_000, Preallocate::ZeroFill).unwrap();
    file.read_at(&mut [0; 10], 5).unwrap();
    assert_eq!(rustix::fs::tell(&file).unwrap(), 77);
}

#[test]
fn a_hole_is_zeros_and_gives_its_space_back() {
    for dir in places() {
        let path = dir.path().join("f");
        let content = pattern(1 << 20);
        fs::write(&path, &content).unwrap();
        fs::File::open(&path).unwrap().sync_all().unwrap();
        let before = fs::metadata(&path).unwrap().blocks();
        let file = DirectFile::options().read().write().open(&path).unwrap();
        for empty in [5..5, Range { start: 9, end: 3 }, u64::MAX..u64::MAX] {
            file.punch_hole(empty).unwrap();
        }
        file.punch_hole(4096 + 10..(1 << 19) + 7).unwrap();
        let mut expected = content.clone();
        expected[4096 + 10..(1 << 19) + 7].fill(0);
        assert!(fs::read(&path).unwrap() == expected);
        assert!(fs::metadata(&path).unwrap().blocks() < before);
        file.punch_hole((1 << 19)..u64::MAX).unwrap();
        assert_eq!(file.len().unwrap(), 1 << 20);
        assert!(fs::read(&path).unwrap()[1 << 19..].iter().all(|b| *b == 0));
    }
}

#[test]
fn a_file_is_cut_and_extended() {
    for dir in places() {
        let path = dir.path().join("f");
        fs::write(&path, pattern(5000)).unwrap();
        let file = DirectFile::options().read().write().open(&path).unwrap();
        file.set_len(3000).unwrap();
        file.set_len(6000).unwrap();
        assert_eq!(file.len().unwrap(), 6000);
        let mut buf = [1; 6000];
        file.read_exact_at(&mut buf, 0).unwrap();
        assert!(buf[..3000] == pattern(3000) && buf[3000..] == [0; 3000]);
    }
}

#[test]
fn what_is_no_regular_file_is_given_no_space() {
    let null = DirectFile::options().read().write().open("/dev/null").unwrap();
    for how in [Preallocate::Reserve, Preallocate::ZeroFill] {
        assert_eq!(null.preallocate(10, how).unwrap_err().kind(), ErrorKind::Unsupported);
    }
    assert_eq!(null.len().unwrap(), 0);
    assert!(null.set_len(0).is_err());
}

#[test]
fn advice_is_taken_for_any_range() {
    let all = [Advice::Normal, Advice::Sequential, Advice::Random, Advice::WillNeed, Advice::DontNeed, Advice::NoReuse];
    for dir in places() {
        let path = dir.path().join("f");
        fs::write(&path, pattern(10_000)).unwrap();
        for demand in DEMANDS {
            let file = DirectFile::options().read().direct(demand).open(&path).unwrap();
            for range in [0..4096, 0..u64::MAX, 5..5, Range { start: 9, end: 5 }, 100..7_000, 20_000..30_000] {
                for advice in all {
                    file.advise(advice, range.clone()).unwrap();
                }
                file.readahead(range).unwrap();
            }
        }
    }
    let null = DirectFile::options().read().open("/dev/null").unwrap();
    null.readahead(0..u64::MAX).unwrap();
}

/// How many bytes of a mapped file are in the page cache.
fn resident(path: &std::path::Path) -> Option<usize> {
    let output = std::process::Command::new("fincore").args(["-b", "-n", "-o", "RES"]).arg(path).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}

#[test]
fn readahead_brings_all_of_a_range() {
    const LEN: usize = 24 << 20;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(LEN)).unwrap();
    let file = DirectFile::options().read().write().direct(Demand::Off).open(&path).unwrap();
    file.sync_data().unwrap();
    file.advise(Advice::DontNeed, 0..u64::MAX).unwrap();
    let Some(before) = resident(&path) else {
        println!("skipped: no fincore");
        return;
    };
    if before > 1 << 20 {
        println!("skipped: the page cache was not given up");
        return;
    }
    // The device is at it; nothing tells when it is done, and memory that is short may be a reason to skip some.
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        file.readahead(0..u64::MAX).unwrap();
        let now = resident(&path).unwrap();
        if now >= LEN {
            break;
        }
        assert!(Instant::now() < end, "{now} of {LEN}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
