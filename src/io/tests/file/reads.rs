use std::io::{ErrorKind, IoSliceMut};

use proptest::prelude::*;

use super::scratch::{Scratch, UNITS, hitch, hitches, pattern, run};
use crate::io::Alignment;
use crate::io::tests::faults::{Call, EIO, Fault, Faults};
use crate::mem::AlignedBuf;
use crate::pool::BlockPool;

#[test]
fn any_read_is_whole_whatever_is_short_or_interrupted() {
    const LEN: usize = 40_000;
    let content = pattern(LEN);
    let scratch = Scratch::new(&content);
    let case = (0..UNITS.len(), hitches(), 0..LEN + 5000, 0..20_000usize, 0..4096usize, any::<bool>());
    run(600, case, |(unit, script, offset, len, skew, aligned)| {
        let faults = Faults::new();
        let file = faults.file(scratch.open(), UNITS[unit]);
        let (offset, len, skew) =
            if aligned { (offset / 4096 * 4096, len / 4096 * 4096, 0) } else { (offset, len, skew) };
        let there = &content[offset.min(LEN)..(offset + len).min(LEN).max(offset.min(LEN))];
        let mut memory = AlignedBuf::zeroed(len + skew, 4096);
        let buf = &mut memory[skew..];

        hitch(&faults, Call::Read, &script);
        let result = file.read_exact_at(buf, offset as u64);
        prop_assert_eq!(result.is_ok(), there.len() == len, "{:?}", result);
        prop_assert!(buf[..there.len()] == *there);
        if let Err(e) = result {
            prop_assert_eq!(e.kind(), ErrorKind::UnexpectedEof);
        }

        // In parts, some of them empty.
        faults.reset();
        hitch(&faults, Call::Read, &script);
        buf.fill(0);
        let (a, rest) = buf.split_at_mut(len / 3 / 512 * 512);
        let (b, c) = rest.split_at_mut(rest.len() / 2);
        let mut none = [0; 0];
        let mut bufs = [IoSliceMut::new(a), IoSliceMut::new(&mut none), IoSliceMut::new(b), IoSliceMut::new(c)];
        let result = file.read_exact_vectored_at(&mut bufs, offset as u64);
        prop_assert_eq!(result.is_ok(), there.len() == len, "{:?}", result);
        prop_assert!(buf[..there.len()] == *there);

        // One call gives a part, and none only at the end.
        let n = file.read_at(buf, offset as u64).unwrap();
        prop_assert!(buf[..n] == there[..n]);
        prop_assert_eq!(n == 0, there.is_empty());
        Ok(())
    });
}

#[test]
fn a_block_is_filled_to_the_end_of_the_file_and_no_further() {
    let content = pattern(10_000);
    let scratch = Scratch::new(&content);
    let pool = BlockPool::builder().block_size(4096).max_blocks(1).build().unwrap();
    run(200, (0..UNITS.len(), hitches(), 0..4usize), |(unit, script, number)| {
        let faults = Faults::new();
        let file = faults.file(scratch.open(), UNITS[unit]);
        hitch(&faults, Call::Read, &script);
        let mut block = pool.acquire().unwrap();
        block.as_full_mut().fill(0xee);
        file.read_block_at(&mut block, number as u64 * 4096).unwrap();
        let start = (number * 4096).min(content.len());
        prop_assert!(*block == content[start..(start + 4096).min(content.len())]);
        faults.reset();
        faults.on(Call::Read, 0, Fault::Errno(EIO));
        prop_assert_eq!(file.read_block_at(&mut block, 0).unwrap_err().raw_os_error(), Some(EIO));
        prop_assert!(block.is_empty());
        Ok(())
    });
}

#[test]
fn the_end_of_a_file_inside_a_unit_costs_no_second_read() {
    let scratch = Scratch::new(&pattern(10_000));
    let faults = Faults::new();
    let file = faults.file(scratch.open(), UNITS[2]);
    let mut buf = AlignedBuf::zeroed(16_384, 4096);
    let error = file.read_exact_at(&mut buf, 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert_eq!(faults.count(Call::Read), 1);
}

#[test]
fn a_file_that_gives_less_than_a_unit_for_ever_is_an_error() {
    let scratch = Scratch::new(&pattern(10_000));
    let faults = Faults::new();
    let file = faults.file(scratch.open(), UNITS[1]);
    faults.always(Call::Read, Fault::Short(100));
    let mut buf = AlignedBuf::zeroed(4096, 4096);
    assert_eq!(file.read_exact_at(&mut buf, 0).unwrap_err().kind(), ErrorKind::Other);
    assert!(faults.count(Call::Read) < 100);
    // A unit that comes whole in the end is taken.
    faults.reset();
    faults.on(Call::Read, 0, Fault::Short(100)).on(Call::Read, 1, Fault::Short(100));
    file.read_exact_at(&mut buf, 0).unwrap();
    assert!(*buf == pattern(10_000)[..4096]);
}

#[test]
fn finer_reads_go_as_they_are() {
    let content = pattern(20_000);
    let scratch = Scratch::new(&content);
    let faults = Faults::new();
    let mut file = faults.file(scratch.open(), Some(Alignment { memory: 512, offset: 512 }));
    file.alignment = Alignment { memory: 512, offset: 4096 };
    let mut buf = AlignedBuf::zeroed(1024, 512);
    file.read_exact_at(&mut buf, 512).unwrap();
    assert!(*buf == content[512..1536]);
    assert_eq!(faults.ranges(), [(512, 1024)]);
    assert_eq!(file.stats().bounced, 0);
    assert_eq!(file.write_at(&buf, 512).unwrap_err().kind(), ErrorKind::InvalidInput);
    file.write_unaligned_at(&buf, 1024).unwrap();
    assert!(scratch.content()[1024..2048] == content[512..1536]);
}
