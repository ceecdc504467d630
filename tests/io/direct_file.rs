use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{DirectFile, Misaligned};
use bedplate::mem::AlignedBuf;
use proptest::prelude::*;
use rustix::fs::OFlags;

use crate::places::{pattern, places};

#[test]
fn any_read_gives_what_std_gives() {
    let len = 20_000;
    let content = pattern(len);
    for dir in places() {
        let path = dir.path().join("f");
        fs::write(&path, &content).unwrap();
        for demand in [Demand::Prefer, Demand::Off] {
            let file = DirectFile::options().read().direct(demand).open(&path).unwrap();
            let case = (0..len + 5000, 0..9000usize, 0..4096usize);
            let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
            proptest::test_runner::TestRunner::new(config)
                .run(&case, |(offset, n, skew)| {
                    // Misaligned memory too.
                    let mut memory = AlignedBuf::zeroed(n + skew, 4096);
                    let buf = &mut memory[skew..];
                    let there = len.saturating_sub(offset).min(n);
                    let exact = file.read_exact_at(&mut buf[..there], offset as u64);
                    prop_assert!(exact.is_ok(), "{exact:?}");
                    prop_assert!(buf[..there] == content[offset.min(len)..offset.min(len) + there]);

                    let got = file.read_at(buf, offset as u64).unwrap();
                    prop_assert_eq!(got, there);
                    prop_assert!(buf[..there] == content[offset.min(len)..offset.min(len) + there]);
                    if there < n {
                        let error = file.read_exact_at(buf, offset as u64).unwrap_err();
                        prop_assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
                    }
                    Ok(())
                })
                .unwrap();
        }
    }
}

#[test]
fn a_read_larger_than_the_bounce_is_whole() {
    let content = pattern(900_000);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, &content).unwrap();
    let file = DirectFile::options().read().open(&path).unwrap();
    let mut buf = vec![0; content.len() - 3];
    file.read_exact_at(&mut buf, 3).unwrap();
    assert!(buf == content[3..]);
    if file.effective().direct {
        assert!(file.stats().bounced >= 4, "{:?}", file.stats());
    }
}

#[test]
fn a_misaligned_direct_write_names_the_alignment_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::options().read().write().create_new().open(&path).unwrap();
    if !file.effective().direct {
        println!("skipped: no O_DIRECT here");
        return;
    }
    let needed = file.alignment();
    let memory = AlignedBuf::zeroed(16_384, 4096);
    let (offset, len) = (needed.offset as u64, needed.offset);
    let cases = [(0, len - 1, 0), (0, len, 1), (0, len, offset - 1), (1, len, offset)];
    for (skew, len, at) in cases {
        let error = file.write_all_at(&memory[skew..skew + len], at).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<Misaligned>()).expect("the typed error is inside");
        assert_eq!((inner.needed, inner.offset, inner.len), (needed, at, len));
        assert!(error.to_string().contains(&needed.offset.to_string()), "{error}");
    }
    assert_eq!(file.len().unwrap(), 0);
    assert_eq!(file.stats().writes, 0);
    file.write_all_at(&memory[..len], offset).unwrap();
    assert_eq!(file.len().unwrap(), offset + len as u64);
}

#[test]
fn a_buffered_file_takes_any_write() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::options().write().create().direct(Demand::Off).open(&path).unwrap();
    assert!(!file.effective().direct);
    file.write_all_at(b"world", 6).unwrap();
    file.write_all_at(b"hello", 0).unwrap();
    file.sync_all().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"hello\0world");
    let stats = file.stats();
    assert_eq!((stats.writes, stats.bytes_written, stats.syncs, stats.bounced), (2, 10, 1, 0));
}

#[test]
fn options_do_what_those_of_std_do() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let missing = DirectFile::options().read().open(&path).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    DirectFile::options().write().create_new().open(&path).unwrap();
    let taken = DirectFile::options().write().create_new().open(&path).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    fs::write(&path, "old").unwrap();
    assert_eq!(DirectFile::options().write().create().open(&path).unwrap().len().unwrap(), 3);
    assert_eq!(DirectFile::options().write().truncate().open(&path).unwrap().len().unwrap(), 0);
}

#[test]
fn a_file_without_direct_transfers_degrades_or_is_refused() {
    // procfs has no O_DIRECT.
    let path = "/proc/self/status";
    let file = DirectFile::options().read().open(path).unwrap();
    assert!(!file.effective().direct);
    let mut start = [0; 5];
    file.read_exact_at(&mut start, 0).unwrap();
    assert_eq!(&start, b"Name:");
    let error = DirectFile::options().read().direct(Demand::Require).open(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn an_open_file_is_taken_over_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::try_from(fs::File::create(&path).unwrap()).unwrap();
    assert!(!file.effective().direct);
    file.write_all_at(b"odd", 1).unwrap();
}

#[test]
fn files_that_are_no_files_have_no_direct_transfers() {
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    // O_DIRECT of a pipe is another thing (packets), and taken.
    for path in [pipe.as_path(), Path::new("/dev/null"), dir.path()] {
        let options = DirectFile::options().read().custom_flags(OFlags::NONBLOCK.bits() as i32);
        let file = options.open(path).unwrap();
        assert!(!file.effective().direct, "{path:?}");
        assert!(!rustix::fs::fcntl_getfl(&file).unwrap().contains(OFlags::DIRECT), "{path:?}");
        assert_eq!((file.alignment().memory, file.alignment().offset), (1, 1));
        let error = options.direct(Demand::Require).open(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}

#[test]
fn a_file_in_memory_is_direct_without_an_alignment() {
    let Ok(dir) = tempfile::tempdir_in("/dev/shm") else {
        println!("skipped: no directory in /dev/shm");
        return;
    };
    let path = dir.path().join("f");
    let file = DirectFile::options().read().write().create().open(&path).unwrap();
    assert_eq!((file.alignment().memory, file.alignment().offset), (1, 1));
    assert_eq!(file.read_alignment(), file.alignment());
    let taken = rustix::fs::fcntl_getfl(&file).unwrap().contains(OFlags::DIRECT);
    assert_eq!(file.effective().direct, taken);
    file.write_all_at(b"odd", 3).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"\0\0\0odd");
    assert_eq!(file.stats().bounced, 0);
}

#[test]
fn a_file_that_appends_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let append = fs::File::options().append(true).create(true).open(&path).unwrap();
    assert_eq!(DirectFile::try_from(append).unwrap_err().kind(), ErrorKind::InvalidInput);
    let options = DirectFile::options().write().custom_flags(OFlags::APPEND.bits() as i32);
    assert_eq!(options.open(&path).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn flags_and_mode_are_those_of_the_system_call() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let flags = (OFlags::DSYNC | OFlags::DIRECT).bits() as i32;
    let options = DirectFile::options().write().create().mode(0o600).custom_flags(flags);
    let file = options.direct(Demand::Off).open(&path).unwrap();
    let got = rustix::fs::fcntl_getfl(&file).unwrap();
    assert!(got.contains(OFlags::DSYNC));
    assert!(!got.contains(OFlags::DIRECT) && !file.effective().direct, "O_DIRECT has its own setter");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_direct_file_that_is_taken_over_has_its_alignment() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::options().read().write().create().open(&path).unwrap();
    if !file.effective().direct {
        println!("skipped: no O_DIRECT here");
        return;
    }
    let std = fs::File::options().read(true).custom_flags(OFlags::DIRECT.bits() as i32).open(&path).unwrap();
    let taken = DirectFile::try_from(std).unwrap();
    assert!(taken.effective().direct);
    assert_eq!((taken.alignment(), taken.read_alignment()), (file.alignment(), file.read_alignment()));
    assert!(file.alignment().offset > 1);
}
