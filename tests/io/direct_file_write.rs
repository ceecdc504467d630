//! Writes of a `DirectFile`: vectored, at any offset, with options.

use std::fs;
use std::io::{ErrorKind, IoSlice, IoSliceMut};

use bedplate::Demand;
use bedplate::io::{DirectFile, Misaligned, NotAtomic, ReadOptions, WriteOptions};
use bedplate::mem::AlignedBuf;
use proptest::prelude::*;

use crate::places::{pattern, places};

#[test]
fn buffers_are_written_and_read_one_after_the_other() {
    for dir in places() {
        let path = dir.path().join("f");
        let file = DirectFile::options().read().write().create().open(&path).unwrap();
        let bufs: Vec<_> = (1..=5u8).map(|i| AlignedBuf::from_slice(&vec![i; i as usize * 4096], 4096)).collect();
        let mut slices: Vec<_> = bufs.iter().map(|b| IoSlice::new(b)).collect();
        assert_eq!(file.write_vectored_at(&slices, 4096).unwrap(), 15 * 4096);
        file.write_all_vectored_at(&mut slices, 16 * 4096).unwrap();
        let expected: Vec<u8> = bufs.iter().flat_map(|b| b.iter().copied()).collect();
        let whole = fs::read(&path).unwrap();
        assert!(whole[4096..16 * 4096] == expected && whole[16 * 4096..] == expected);
        assert_eq!(file.stats().writes, 2);

        let mut back: Vec<_> = bufs.iter().rev().map(|b| AlignedBuf::zeroed(b.len(), 4096)).collect();
        let mut slices: Vec<_> = back.iter_mut().map(|b| IoSliceMut::new(b)).collect();
        assert_eq!(file.read_vectored_at(&mut slices, 16 * 4096).unwrap(), 15 * 4096);
        assert!(back.iter().flat_map(|b| b.iter().copied()).eq(expected.iter().copied()));
        assert_eq!(file.stats().bounced, 0);
        // Over the end: what there is, and an error where it must be all.
        let mut slices: Vec<_> = back.iter_mut().map(|b| IoSliceMut::new(b)).collect();
        assert_eq!(file.read_vectored_at(&mut slices, 30 * 4096).unwrap(), 4096);
        let error = file.read_exact_vectored_at(&mut slices, 30 * 4096).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn parts_that_are_aligned_only_together_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::options().read().write().create().open(&path).unwrap();
    let unit = file.alignment().offset;
    if unit == 1 {
        println!("skipped: no O_DIRECT here");
        return;
    }
    let memory = AlignedBuf::from_slice(&pattern(4 * unit), 4096);
    let half = unit / 2;
    // Together two units; the first part is half of one.
    let error =
        file.write_all_vectored_at(&mut [IoSlice::new(&memory[..half]), IoSlice::new(&memory[half..2 * unit])], 0);
    let error = error.unwrap_err();
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Misaligned>()).expect("the typed error is inside");
    assert_eq!((inner.len, inner.address), (half, memory.as_ptr().addr().get()));
    assert_eq!(file.len().unwrap(), 0);

    file.write_all_at(&memory, 0).unwrap();
    let mut back = AlignedBuf::zeroed(2 * unit, 4096);
    let (a, b) = back.split_at_mut(half);
    file.read_exact_vectored_at(&mut [IoSliceMut::new(a), IoSliceMut::new(b)], 0).unwrap();
    assert!(*back == memory[..2 * unit]);
    assert_eq!(file.stats().bounced, 1);
}

#[test]
fn any_write_at_any_offset_is_what_std_writes() {
    for dir in places() {
        for demand in [Demand::Prefer, Demand::Off] {
            let path = dir.path().join("f");
            let config = ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() };
            let one = (0..20_000usize, prop_oneof![0..5000usize, 300_000..301_000usize], 0..4096usize);
            proptest::test_runner::TestRunner::new(config)
                .run(&prop::collection::vec(one, 1..5), |writes| {
                    fs::write(&path, pattern(3000)).unwrap();
                    let mut expected = pattern(3000);
                    let mut file = DirectFile::options().read().write().direct(demand).open(&path).unwrap();
                    for (i, (offset, len, skew)) in writes.into_iter().enumerate() {
                        let mut memory = AlignedBuf::zeroed(len + skew, 4096);
                        memory.fill(i as u8 + 1);
                        file.write_unaligned_at(&memory[skew..], offset as u64).unwrap();
                        let end = if len > 0 { offset + len } else { 0 };
                        expected.resize(expected.len().max(end), 0);
                        if len > 0 {
                            expected[offset..end].fill(i as u8 + 1);
                        }
                        prop_assert_eq!(file.len().unwrap(), expected.len() as u64);
                    }
                    prop_assert!(fs::read(&path).unwrap() == expected);
                    Ok(())
                })
                .unwrap();
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_keeps_what_an_unaligned_write_would_need() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(3000)).unwrap();
    let mut file = DirectFile::options().write().open(&path).unwrap();
    if file.alignment().offset == 1 {
        println!("skipped: no O_DIRECT here");
        return;
    }
    assert!(file.write_unaligned_at(b"x", 100).is_err());
    assert!(fs::read(&path).unwrap() == pattern(3000));
}

#[test]
fn durable_writes_are_told_from_others() {
    for dir in places() {
        for demand in [Demand::Prefer, Demand::Off] {
            let file = DirectFile::options().write().create().direct(demand).open(dir.path().join("f")).unwrap();
            let block = AlignedBuf::from_slice(&[5; 4096], 4096);
            let durable = WriteOptions::new().durable();
            assert_eq!(file.write_at_with(&block, 0, durable).unwrap(), 4096);
            file.write_all_at_with(&block, 4096, durable).unwrap();
            file.write_all_at(&block, 8192).unwrap();
            let stats = file.stats();
            assert_eq!((stats.durable + stats.syncs, stats.writes, stats.degraded), (2, 3, 0));
        }
    }
}

#[test]
fn options_that_the_file_does_not_have_degrade_or_are_refused() {
    for dir in places() {
        let path = dir.path().join("f");
        fs::write(&path, pattern(4096)).unwrap();
        let file = DirectFile::options().read().write().direct(Demand::Off).open(&path).unwrap();
        let mut buf = [0; 4096];
        let n = file.read_at_with(&mut buf, 0, ReadOptions::new().uncached(Demand::Prefer)).unwrap();
        assert!(buf[..n] == pattern(4096)[..n] && n == 4096);
        file.write_all_at_with(&buf, 0, WriteOptions::new().uncached(Demand::Prefer)).unwrap();
        let stats = file.stats();
        assert_eq!(stats.uncached + stats.degraded, 2);
        let required = file.read_at_with(&mut buf, 0, ReadOptions::new().uncached(Demand::Require));
        match stats.uncached {
            0 => assert_eq!(required.unwrap_err().kind(), ErrorKind::Unsupported),
            _ => assert_eq!(required.unwrap(), 4096),
        }

        // Not direct, so never atomic.
        let prefer = WriteOptions::new().atomic(Demand::Prefer);
        file.write_all_at_with(&buf, 0, prefer).unwrap();
        assert_eq!((file.stats().atomic, file.stats().degraded), (0, stats.degraded + 1));
        let error = file.write_at_with(&buf, 0, WriteOptions::new().atomic(Demand::Require)).unwrap_err();
        assert!(error.get_ref().is_some_and(|e| e.is::<NotAtomic>()), "{error}");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(file.atomic_writes(), None);
    }
}

#[test]
fn an_atomic_write_is_one_where_the_file_has_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    let file = DirectFile::options().read().write().create().open(&path).unwrap();
    let require = WriteOptions::new().atomic(Demand::Require);
    let Some(atomic) = file.atomic_writes() else {
        let error = file.write_at_with(&AlignedBuf::zeroed(4096, 4096), 0, require).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        println!("skipped: no atomic writes here");
        return;
    };
    assert!(atomic.min.is_power_of_two() && atomic.max.is_power_of_two() && atomic.min <= atomic.max);
    let memory = AlignedBuf::from_slice(&pattern(2 * atomic.max), 4096);
    for len in [atomic.min, atomic.max] {
        file.write_all_at_with(&memory[..len], len as u64, require.durable()).unwrap();
        assert!(fs::read(&path).unwrap()[len..2 * len] == memory[..len]);
        // What the kernel would refuse is refused before it is asked.
        for (offset, len) in [(len as u64 / 2, len), (0, 3 * len), (0, 2 * atomic.max), (0, atomic.min / 2)] {
            let error = file.write_at_with(&memory[..len.min(memory.len())], offset, require).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{offset} {len}: {error}");
        }
    }
    assert_eq!((file.stats().atomic, file.stats().degraded), (2, 0));
}

#[test]
fn a_direct_transfer_past_a_cache_is_uncached_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let file = DirectFile::options().read().write().create().open(dir.path().join("f")).unwrap();
    if file.alignment().offset == 1 {
        println!("skipped: no O_DIRECT here");
        return;
    }
    let mut block = AlignedBuf::zeroed(4096, 4096);
    file.write_all_at_with(&block, 0, WriteOptions::new().uncached(Demand::Require)).unwrap();
    file.read_at_with(&mut block, 0, ReadOptions::new().uncached(Demand::Require)).unwrap();
    assert_eq!((file.stats().uncached, file.stats().degraded), (0, 0));
}

#[test]
fn a_read_that_is_not_to_wait_is_answered_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    fs::write(&path, pattern(4096)).unwrap();
    for demand in [Demand::Prefer, Demand::Off] {
        let file = DirectFile::options().read().direct(demand).open(&path).unwrap();
        let mut buf = AlignedBuf::zeroed(4096, 4096);
        match file.read_at_with(&mut buf, 0, ReadOptions::new().no_wait()) {
            Ok(n) => assert!(n > 0 && buf[..n] == pattern(4096)[..n]),
            Err(e) => assert!(matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Unsupported), "{e}"),
        }
        // The offset that would be the cursor of the file to a call with flags is none.
        let error = file.read_at_with(&mut buf, u64::MAX - 4095, ReadOptions::new().no_wait()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let error = file.read_at(&mut buf, u64::MAX - 4095).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    let file = DirectFile::options().read().direct(Demand::Off).open(&path).unwrap();
    let error = file.read_at_with(&mut [0; 1], u64::MAX, ReadOptions::new().no_wait()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
