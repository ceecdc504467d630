use std::io::ErrorKind;

use proptest::prelude::*;

use super::scratch::{Scratch, UNITS, hitch, hitches, pattern, run};
use crate::io::Alignment;
use crate::io::tests::faults::{Call, EINTR, EIO, ENOSPC, EPERM, Fault, Faults};
use crate::mem::AlignedBuf;

#[test]
fn any_unaligned_write_is_what_a_write_of_std_is() {
    let case = (0..UNITS.len(), hitches(), hitches(), 0..9000usize, 0..12_000usize, 1..9000usize, 0..4096usize);
    run(500, case, |(unit, reads, mut writes, old, offset, len, skew)| {
        writes.retain(|f| !matches!(f, Some(Fault::Short(n)) if *n < 4096));
        let before = pattern(old);
        let scratch = Scratch::new(&before);
        let faults = Faults::new();
        let mut file = faults.file(scratch.open(), UNITS[unit]);
        hitch(&faults, Call::Read, &reads);
        hitch(&faults, Call::Write, &writes);
        faults.on(Call::SetLen, 0, Fault::Errno(EINTR));
        let mut memory = AlignedBuf::zeroed(len + skew, 4096);
        memory.fill(0xab);
        file.write_unaligned_at(&memory[skew..], offset as u64).unwrap();
        let mut expected = before;
        expected.resize(old.max(offset + len), 0);
        expected[offset..offset + len].fill(0xab);
        prop_assert!(scratch.content() == expected);
        Ok(())
    });
}

#[test]
fn a_torn_unaligned_write_spoils_nothing_around_it_and_pads_nothing() {
    let call = prop_oneof![Just(Call::Read), Just(Call::Write)];
    let fault = prop_oneof![Just(Fault::Errno(EIO)), (0..300_000usize).prop_map(|n| Fault::Torn(n, ENOSPC))];
    let len = prop_oneof![1..9000usize, 300_000..330_000usize];
    let case = (0..UNITS.len(), call, fault, 0..4usize, 0..9000usize, 0..12_000usize, len, 0..3usize);
    run(200, case, |(unit, call, fault, number, old, offset, len, skew)| {
        let before = pattern(old);
        let scratch = Scratch::new(&before);
        let faults = Faults::new();
        let mut file = faults.file(scratch.open(), UNITS[unit]);
        faults.on(call, number, fault);
        let mut memory = AlignedBuf::zeroed(len + 4096, 4096);
        memory.fill(0xab);
        // One that goes straight after its first unit, one that does not, and one that does from the start.
        let skew = [offset % 4096, offset % 4096 + 1, 0][skew];
        let result = file.write_unaligned_at(&memory[skew..skew + len], offset as u64);
        let hit = faults.count(call) > number;
        prop_assert_eq!(result.is_err(), hit, "{:?}", result);
        let after = scratch.content();
        let end = offset + len;
        prop_assert!(after.len() >= old && after.len() <= old.max(end), "{} of {old} and {end}", after.len());
        for (i, byte) in after.iter().enumerate() {
            let was = before.get(i).copied().unwrap_or(0);
            let may = (offset..end).contains(&i);
            prop_assert!(*byte == was || may && *byte == 0xab, "{i}: {byte}, was {was}");
        }
        Ok(())
    });
}

#[test]
fn an_unaligned_write_moves_only_what_it_must() {
    let scratch = Scratch::new(&vec![1; 3 << 20]);
    let faults = Faults::new();
    let mut file = faults.file(scratch.open(), Some(Alignment { memory: 512, offset: 4096 }));
    let memory = AlignedBuf::zeroed(2 << 20, 4096);
    // The buffer's address is aligned where the file's is: a unit, the middle as it is, a unit.
    file.write_unaligned_at(&memory[512..(2 << 20) - 512], 4096 + 512).unwrap();
    let middle = (2 << 20) - 2 * 4096;
    let end = 4096 + (2 << 20);
    assert_eq!(
        faults.ranges(),
        [(4096, 4096), (4096, 4096), (8192, middle), (end - 4096, 4096), (end - 4096, 4096)],
        "read and write of the first unit, write of the middle, read and write of the last"
    );
    assert_eq!(file.stats().patched, 2);
    // Within one unit: read once, written once.
    faults.reset();
    file.write_unaligned_at(&memory[..10], 5000).unwrap();
    assert_eq!(faults.ranges(), [(4096, 4096); 2]);
    // Behind the end nothing is there to be read.
    faults.reset();
    file.write_unaligned_at(&memory[..10], (3 << 20) + 5000).unwrap();
    assert_eq!(faults.ranges(), [((3 << 20) + 4096, 4096)]);
    assert_eq!(file.len().unwrap(), (3 << 20) + 5010);
}

#[test]
fn padding_that_cannot_be_cut_off_is_an_error() {
    let scratch = Scratch::new(b"abc");
    let faults = Faults::new();
    let mut file = faults.file(scratch.open(), UNITS[1]);
    faults.on(Call::SetLen, 0, Fault::Errno(EPERM));
    assert_eq!(file.write_unaligned_at(b"def", 3).unwrap_err().raw_os_error(), Some(EPERM));
    assert_eq!(scratch.content(), [b"abcdef".as_slice(), &[0; 506]].concat());
    // It is zeros also where the buffer on the way had other bytes before.
    faults.reset();
    faults.on(Call::SetLen, 0, Fault::Errno(EPERM));
    let long = vec![0xab; 600_001];
    let skew = 1 - long.as_ptr().addr() % 2;
    assert!(file.write_unaligned_at(&long[skew..600_000], 0).is_err());
    let content = scratch.content();
    assert!(content.len() > 600_000 - skew && content[600_000 - skew..].iter().all(|b| *b == 0));
    let error = file.write_unaligned_at(b"x", u64::MAX - 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = file.write_unaligned_at(b"x", i64::MAX as u64).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
