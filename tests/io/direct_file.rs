use std::fs;
use std::io::ErrorKind;

use bedplate::Demand;
use bedplate::io::{Advice, DirectFile, Misaligned};
use bedplate::mem::AlignedBuf;
use proptest::prelude::*;

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
fn space_is_reserved_cut_and_advised_about() {
    for dir in places() {
        let path = dir.path().join("f");
        let file = DirectFile::options().read().write().create().open(&path).unwrap();
        match file.preallocate(100_000) {
            Ok(()) => assert_eq!(file.len().unwrap(), 100_000),
            Err(e) => assert_eq!(e.kind(), ErrorKind::Unsupported),
        }
        file.set_len(10_000).unwrap();
        assert_eq!(file.len().unwrap(), 10_000);
        let mut buf = [1; 10_000];
        file.read_exact_at(&mut buf, 0).unwrap();
        assert_eq!(buf, [0; 10_000]);
        let all =
            [Advice::Normal, Advice::Sequential, Advice::Random, Advice::WillNeed, Advice::DontNeed, Advice::NoReuse];
        for advice in all {
            for range in [0..4096, 0..u64::MAX, 5..5, 100..7_000] {
                file.advise(advice, range).unwrap();
            }
        }
    }
}
