use std::io::{self, IoSlice};

use super::scratch::{Scratch, UNITS, lost};
use crate::io::tests::faults::{Call, EAGAIN, EINTR, EINVAL, EIO, ENOSPC, Fault, Faults};
use crate::io::{Preallocate, WriteOptions};
use crate::mem::AlignedBuf;
use crate::sys::file::Flags;

#[test]
fn a_failed_sync_is_final_for_all_threads_and_not_repeated() {
    for (call, kind) in [(Call::SyncData, 0), (Call::SyncAll, 1)] {
        let scratch = Scratch::new(b"kept");
        let faults = Faults::new();
        let mut file = faults.file(scratch.open(), None);
        faults.on(call, 0, Fault::Errno(EIO));
        let first = if kind == 0 { file.sync_data() } else { file.sync_all() }.unwrap_err();
        assert_eq!(first.raw_os_error(), Some(EIO));
        file.poison(&io::Error::from_raw_os_error(ENOSPC));
        std::thread::scope(|s| {
            s.spawn(|| {
                let later = [
                    file.sync_data().unwrap_err(),
                    file.sync_all().unwrap_err(),
                    file.write_at(&[], 0).unwrap_err(),
                    file.write_all_at(b"lost", 0).unwrap_err(),
                    file.write_all_at_with(b"lost", 0, WriteOptions::new().durable()).unwrap_err(),
                    file.write_vectored_at(&[IoSlice::new(b"lost")], 0).unwrap_err(),
                    file.set_len(0).unwrap_err(),
                    file.preallocate(1000, Preallocate::Reserve).unwrap_err(),
                    file.preallocate(1000, Preallocate::ZeroFill).unwrap_err(),
                    file.punch_hole(0..4).unwrap_err(),
                ];
                for error in later {
                    assert_eq!(lost(&error), Some(EIO), "{error}");
                }
            });
        });
        assert_eq!(lost(&file.write_unaligned_at(b"lost", 0).unwrap_err()), Some(EIO));
        assert_eq!(faults.count(Call::SyncData) + faults.count(Call::SyncAll), 1);
        // Reading tells what is there, and is what a caller does next.
        assert_eq!(file.read_at(&mut [0; 9], 0).unwrap(), 4);
        assert_eq!(scratch.content(), b"kept");
        assert_eq!(file.stats().syncs, 0);
    }
}

#[test]
fn an_interrupted_sync_is_repeated_and_no_loss() {
    let scratch = Scratch::new(b"");
    let faults = Faults::new();
    let file = faults.file(scratch.open(), None);
    faults.on(Call::SyncData, 0, Fault::Errno(EINTR)).on(Call::SyncData, 1, Fault::Errno(EINTR));
    file.sync_data().unwrap();
    assert_eq!(faults.count(Call::SyncData), 3);
    file.write_all_at(b"more", 0).unwrap();
}

#[test]
fn a_durable_write_poisons_where_its_error_may_concern_others() {
    let durable = WriteOptions::new().durable();
    let direct = UNITS[1];
    for (options, alignment, errno, poisons) in [
        (durable, direct, EIO, true),
        (durable, None, EIO, true),
        (durable, direct, ENOSPC, false),
        (durable, None, ENOSPC, true),
        (durable, direct, EINVAL, false),
        (durable.no_wait(), direct, EAGAIN, false),
        (WriteOptions::new(), direct, EIO, false),
        (WriteOptions::new().no_wait(), direct, EIO, false),
    ] {
        let scratch = Scratch::new(b"");
        let faults = Faults::new();
        let file = faults.file(scratch.open(), alignment);
        let buf = AlignedBuf::zeroed(512, 512);
        faults.on(Call::Write, 0, Fault::Errno(errno));
        let error = file.write_at_with(&buf, 0, options).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(errno));
        let later = file.write_at(&buf, 0);
        assert_eq!(later.is_err(), poisons, "{options:?} {alignment:?} {errno}");
        assert_eq!(later.err().map(|e| lost(&e)), poisons.then_some(Some(errno)));
    }
}

#[test]
fn a_durable_write_without_the_flag_is_followed_by_a_sync() {
    let scratch = Scratch::new(b"");
    let faults = Faults::new();
    let file = faults.file(scratch.open(), UNITS[1]);
    let buf = AlignedBuf::zeroed(4096, 512);
    let durable = WriteOptions::new().durable();
    file.write_all_at_with(&buf, 0, durable).unwrap();
    assert_eq!((faults.flags(), faults.count(Call::SyncData)), (vec![Flags::DSYNC], 0));
    assert_eq!((file.stats().durable, file.stats().syncs), (1, 0));

    let file = faults.file(scratch.open(), UNITS[1]);
    faults.reset();
    faults.refuse(Flags::DSYNC).on(Call::Write, 1, Fault::Short(1024));
    file.write_all_at_with(&buf, 0, durable).unwrap();
    assert_eq!(faults.flags(), [Flags::DSYNC, Flags::NONE, Flags::NONE], "refused once, then not asked for again");
    assert_eq!(faults.count(Call::SyncData), 1, "one sync for both parts");
    assert_eq!(file.write_at_with(&buf, 0, durable).unwrap(), 4096);
    assert_eq!((faults.flags().len(), faults.count(Call::SyncData)), (4, 2));
    assert_eq!((file.stats().durable, file.stats().syncs, file.stats().degraded), (0, 2, 0));
    // Its failure is one of a sync.
    faults.on(Call::SyncData, 2, Fault::Errno(EIO));
    assert_eq!(file.write_at_with(&buf, 0, durable).unwrap_err().raw_os_error(), Some(EIO));
    assert_eq!(lost(&file.write_at(&buf, 0).unwrap_err()), Some(EIO));
}
