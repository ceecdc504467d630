use std::io::ErrorKind;

use super::scratch::{Scratch, UNITS, pattern};
use crate::io::tests::faults::{Call, EAGAIN, EOPNOTSUPP, Fault, Faults};
use crate::io::{Alignment, AtomicWrites, NotAtomic, ReadOptions, WriteOptions};
use crate::mem::AlignedBuf;
use crate::sys::Demand;
use crate::sys::file::Flags;

#[test]
fn not_to_wait_is_told_and_never_left_out() {
    let scratch = Scratch::new(&pattern(4096));
    let faults = Faults::new();
    let file = faults.file(scratch.open(), UNITS[1]);
    let mut buf = AlignedBuf::zeroed(4096, 512);
    faults.on(Call::Read, 0, Fault::Errno(EAGAIN)).on(Call::Write, 0, Fault::Errno(EAGAIN));
    let (read, write) = (ReadOptions::new().no_wait(), WriteOptions::new().no_wait());
    assert_eq!(file.read_at_with(&mut buf, 0, read).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(file.write_at_with(&buf, 0, write).unwrap_err().kind(), ErrorKind::WouldBlock);
    // Also through an aligned buffer.
    assert_eq!(file.read_at_with(&mut buf[1..], 0, read).unwrap(), 4095);
    assert_eq!(faults.flags(), [Flags::NOWAIT; 3]);

    // A file system may know it for reads alone.
    faults.reset();
    faults.on(Call::Write, 0, Fault::Errno(EOPNOTSUPP));
    for _ in 0..2 {
        let error = file.write_at_with(&buf, 0, write).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("not to wait"), "{error}");
    }
    assert_eq!(faults.count(Call::Write), 1, "not asked again");
    file.read_at_with(&mut buf, 0, read).unwrap();
}

/// Options as a case: which are asked for, and of the last two which are required.
fn options_of(durable: bool, atomic: Demand, uncached: Demand) -> WriteOptions {
    let options = WriteOptions::new().atomic(atomic).uncached(uncached);
    if durable { options.durable() } else { options }
}

#[test]
fn what_is_refused_is_left_out_where_it_may_be_and_remembered() {
    let demands = [Demand::Off, Demand::Prefer, Demand::Require];
    let all = [Flags::DSYNC, Flags::ATOMIC, Flags::DONTCACHE];
    let scratch = Scratch::new(b"");
    let buf = AlignedBuf::zeroed(4096, 4096);
    for refused in 0..8 {
        let refused =
            all.iter().enumerate().filter(|(i, _)| refused >> i & 1 == 1).fold(Flags::NONE, |a, b| a.and(*b.1));
        for (durable, atomic, uncached) in [false, true]
            .into_iter()
            .flat_map(|d| demands.map(|a| (d, a)))
            .flat_map(|(d, a)| demands.map(|u| (d, a, u)))
        {
            let faults = Faults::new();
            // In memory, so that staying out of the page cache is not a matter of course.
            let mut file = faults.file(scratch.open(), Some(Alignment { memory: 1, offset: 1 }));
            file.atomic = Some(AtomicWrites { min: 512, max: 4096, max_segments: 1 });
            faults.refuse(refused);
            let mut wanted = Flags::NONE;
            let asked =
                [(durable, Flags::DSYNC), (atomic.wanted(), Flags::ATOMIC), (uncached.wanted(), Flags::DONTCACHE)];
            asked.into_iter().filter(|(on, _)| *on).for_each(|(_, flag)| wanted = wanted.and(flag));
            let missing = atomic.required() && refused.contains(Flags::ATOMIC)
                || uncached.required() && refused.contains(Flags::DONTCACHE);
            let options = options_of(durable, atomic, uncached);
            let what = format!("{options:?} without {refused:?}");
            for _ in 0..4 {
                match file.write_all_at_with(&buf, 0, options) {
                    Ok(()) => assert!(!missing, "{what}"),
                    Err(e) => assert!(missing && e.kind() == ErrorKind::Unsupported, "{what}: {e}"),
                }
            }
            let calls = faults.flags().len();
            let result = file.write_all_at_with(&buf, 0, options);
            assert_eq!(result.is_err(), missing);
            if !missing {
                let last = faults.flags();
                assert_eq!(last.len(), calls + 1, "{what}: each flag is refused once");
                assert_eq!(last[calls], wanted.without(refused), "{what}: and the others are kept");
            }
        }
    }
}

#[test]
fn only_what_can_be_atomic_is_asked_for_as_such() {
    let scratch = Scratch::new(b"");
    let faults = Faults::new();
    let mut file = faults.file(scratch.open(), UNITS[1]);
    let buf = AlignedBuf::zeroed(65_536, 4096);
    let (prefer, require) = (WriteOptions::new().atomic(Demand::Prefer), WriteOptions::new().atomic(Demand::Require));
    let error = file.write_at_with(&buf, 0, require).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let offered = AtomicWrites { min: 4096, max: 16_384, max_segments: 1 };
    file.atomic = Some(offered);
    for (offset, len, fits) in [
        (0, 4096, true),
        (4096, 4096, true),
        (16_384, 16_384, true),
        (8192, 16_384, false),
        (0, 2048, false),
        (0, 12_288, false),
        (0, 32_768, false),
    ] {
        faults.reset();
        file.write_all_at_with(&buf[..len], offset, prefer).unwrap();
        assert_eq!(faults.flags(), [if fits { Flags::ATOMIC } else { Flags::NONE }], "{offset} {len}");
        let result = file.write_all_at_with(&buf[..len], offset, require);
        if fits {
            result.unwrap();
        } else {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let inner = error.get_ref().and_then(|e| e.downcast_ref::<NotAtomic>()).expect("the typed error is inside");
            assert_eq!((inner.offered, inner.offset, inner.len), (Some(offered), offset, len));
            assert_eq!(faults.count(Call::Write), 1, "nothing was written");
        }
    }
    assert_eq!((file.stats().atomic, file.stats().degraded), (6, 4));
}
