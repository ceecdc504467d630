use std::fs;
use std::io::{ErrorKind, IoSlice, IoSliceMut};

use proptest::prelude::*;

use super::scratch::{Scratch, UNITS, hitch, hitches, pattern, run};
use crate::io::Alignment;
use crate::io::tests::faults::{Call, EINTR, ENOSPC, Fault, Faults};
use crate::mem::AlignedBuf;

#[test]
fn any_write_is_whole_whatever_is_short_or_interrupted() {
    const LEN: usize = 20_000;
    let case = (0..UNITS.len(), hitches(), 0..5usize, 1..6usize);
    run(400, case, |(unit, mut script, start, count)| {
        // Twice in a row less than a unit is a file that takes no more; an interruption in between counts for nothing.
        let little = |f: &Option<Fault>| matches!(f, Some(Fault::Short(n)) if *n < 4096);
        let mut was = false;
        script.retain(|f| {
            let twice = was && little(f);
            was = little(f) || was && *f == Some(Fault::Errno(EINTR));
            !twice
        });
        let scratch = Scratch::new(&vec![9; LEN]);
        let faults = Faults::new();
        let file = faults.file(scratch.open(), UNITS[unit]);
        let (offset, len) = (start * 4096, count * 4096);
        let buf = AlignedBuf::from_slice(&pattern(len), 4096);
        let mut expected = vec![9; LEN.max(offset + len)];
        if offset > LEN {
            expected[LEN..offset].fill(0);
        }
        expected[offset..offset + len].copy_from_slice(&buf);

        hitch(&faults, Call::Write, &script);
        let result = file.write_all_at(&buf, offset as u64);
        prop_assert!(result.is_ok(), "{result:?}");
        prop_assert!(scratch.content() == expected);

        fs::write(&scratch.path, vec![9; LEN]).unwrap();
        faults.reset();
        hitch(&faults, Call::Write, &script);
        let (a, b) = buf.split_at(len / 8192 * 4096);
        let mut bufs = [IoSlice::new(a), IoSlice::new(&[]), IoSlice::new(b), IoSlice::new(&[])];
        file.write_all_vectored_at(&mut bufs, offset as u64).unwrap();
        prop_assert!(scratch.content() == expected);
        Ok(())
    });
}

#[test]
fn a_file_that_takes_no_more_is_an_error() {
    let scratch = Scratch::new(b"");
    for short in [0, 100] {
        let faults = Faults::new();
        let file = faults.file(scratch.open(), UNITS[1]);
        let buf = AlignedBuf::zeroed(2048, 512);
        faults.on(Call::Write, 0, Fault::Short(1024)).always(Call::Write, Fault::Short(short));
        assert_eq!(file.write_all_at(&buf, 0).unwrap_err().kind(), ErrorKind::WriteZero);
        let error = file.write_all_vectored_at(&mut [IoSlice::new(&buf)], 0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WriteZero);
        // The call after a short one says why.
        faults.reset();
        faults.on(Call::Write, 0, Fault::Short(short.max(1))).on(Call::Write, 1, Fault::Errno(ENOSPC));
        assert_eq!(file.write_all_at(&buf, 0).unwrap_err().kind(), ErrorKind::StorageFull);
        file.write_all_at(&buf, 0).expect("no space is no loss");
    }
}

#[test]
fn no_call_is_longer_than_the_kernel_takes_or_cut_inside_a_unit() {
    let scratch = Scratch::new(b"");
    let large = Alignment { memory: 512, offset: 65_536 };
    // Never touched, so only addresses.
    let mut memory = AlignedBuf::zeroed(5 << 29, 65_536);
    let half = memory.len() / 2;
    for (alignment, most) in [(None, 0x7fff_f000), (UNITS[2], 0x7fff_f000), (Some(large), 0x7fff_0000)] {
        let faults = Faults::new();
        let file = faults.file(scratch.open(), alignment);
        faults.always(Call::Read, Fault::Short(0)).always(Call::Write, Fault::Short(0));
        assert_eq!(file.read_at(&mut memory, 0).unwrap(), 0);
        assert_eq!(file.write_at(&memory, 0).unwrap(), 0);
        file.read_vectored_at(&mut [IoSliceMut::new(&mut memory)], 0).unwrap();
        let (a, b) = memory.split_at_mut(half);
        file.read_vectored_at(&mut [IoSliceMut::new(a), IoSliceMut::new(b)], 0).unwrap();
        assert_eq!(faults.ranges(), [(0, most), (0, most), (0, most), (0, half)]);
    }
}

#[test]
fn no_call_has_more_segments_than_the_kernel_takes() {
    let scratch = Scratch::new(&pattern(5000));
    let file = Faults::new().file(scratch.open(), None);
    let (mut empty, mut bytes) = ([[0u8; 0]; 1500], [[0u8; 1]; 1500]);
    let mut bufs: Vec<_> = empty.iter_mut().map(|b| IoSliceMut::new(b)).collect();
    bufs.extend(bytes.iter_mut().map(|b| IoSliceMut::new(b)));
    assert_eq!(file.read_vectored_at(&mut bufs, 0).unwrap(), 1024);
    file.read_exact_vectored_at(&mut bufs, 0).unwrap();
    assert!(bytes.as_flattened() == &pattern(5000)[..1500]);
    let bufs: Vec<_> = bytes.iter().map(|b| IoSlice::new(b)).collect();
    assert_eq!(file.write_vectored_at(&bufs, 0).unwrap(), 1024);
    assert_eq!(file.write_vectored_at(&[], 0).unwrap(), 0);
    assert_eq!(file.read_vectored_at(&mut [], 0).unwrap(), 0);
}

#[test]
fn nothing_is_always_aligned() {
    let scratch = Scratch::new(&pattern(5000));
    for unit in UNITS {
        let faults = Faults::new();
        let mut file = faults.file(scratch.open(), unit);
        assert_eq!(file.read_at(&mut [], 7).unwrap(), 0);
        assert_eq!(file.read_vectored_at(&mut [IoSliceMut::new(&mut [])], 7).unwrap(), 0);
        file.read_exact_at(&mut [], 9000).unwrap();
        assert_eq!(file.write_at(&[], 7).unwrap(), 0);
        file.write_all_vectored_at(&mut [IoSlice::new(&[])], 7).unwrap();
        file.write_unaligned_at(&[], 9001).unwrap();
        assert!(unit.is_none() || faults.ranges().is_empty(), "{:?}", faults.ranges());
        assert_eq!(file.len().unwrap(), 5000);
    }
}
