//! `DirectFile` over a disk, and over memory, which has no direct transfers under this kernel.

use std::fs::File;
use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::os::fd::AsFd;

use bedplate::Demand;
use bedplate::io::{DirectFile, Misaligned, NotAtomic, Preallocate, ReadOptions, WriteOptions};
use bedplate::mem::AlignedBuf;

use super::Case;
use super::disk::{DISKS, FILLED, LEN, pattern};

pub const CASES: &[Case] = &[
    ("limits_are_those_of_the_disk", limits_are_those_of_the_disk),
    ("transfers_that_fit_go_as_they_are", transfers_that_fit_go_as_they_are),
    ("other_reads_bounce_and_other_writes_are_refused", other_reads_bounce_and_other_writes_are_refused),
    ("each_segment_has_to_fit", each_segment_has_to_fit),
    ("a_disk_has_an_end", a_disk_has_an_end),
    ("what_the_kernel_has_not_is_told_or_done_without", what_the_kernel_has_not_is_told_or_done_without),
    ("memory_is_not_direct", memory_is_not_direct),
];

fn limits_are_those_of_the_disk() {
    for disk in DISKS {
        let file = disk.open();
        assert!(file.effective().direct);
        assert_eq!((file.alignment().memory, file.alignment().offset), (4, disk.sector));
        assert_eq!(file.read_alignment(), file.alignment());
        assert_eq!(file.len().unwrap(), LEN);
        assert_eq!(file.atomic_writes(), None);
    }
}

/// From addresses of every multiple of 4, as the disk takes them.
fn transfers_that_fit_go_as_they_are() {
    for disk in DISKS {
        let file = disk.open();
        let mut memory = AlignedBuf::zeroed(3 * disk.sector + 4096, 4096);
        for shift in [0, 4, 8, 516, 4092] {
            let (offset, len) = (shift as u64 * disk.sector as u64, 3 * disk.sector);
            let part = &mut memory[shift..shift + len];
            part.copy_from_slice(&pattern(offset, len));
            file.write_all_at(part, offset).unwrap();
            assert!(disk.read(offset, len) == part);
            part.fill(0);
            file.read_exact_at(part, offset).unwrap();
            assert!(part == pattern(offset, len), "from {shift}");
        }
        assert_eq!((file.stats().bounced, file.stats().patched), (0, 0));
        file.sync_data().unwrap();
    }
}

fn other_reads_bounce_and_other_writes_are_refused() {
    for disk in DISKS {
        disk.fill();
        let mut file = disk.open();
        let mut expected = pattern(0, 200_000);
        for (offset, len) in [(7, 1), (0, 10_001), (511, 514), (4095, 2), (8192, 100_000), (1, 199_000)] {
            let mut read = vec![0; len];
            file.read_exact_at(&mut read, offset as u64).unwrap();
            assert!(read == expected[offset..offset + len], "{len} bytes at {offset}");
        }
        assert!(file.stats().bounced > 0);

        let error = file.write_at(&[1, 2, 3], 77).unwrap_err();
        let inner = error.get_ref().and_then(|e| e.downcast_ref::<Misaligned>()).unwrap();
        assert_eq!((inner.needed, inner.offset, inner.len), (file.alignment(), 77, 3));
        for (offset, len) in [(77, 3), (4095, 2), (1000, 9000), (0, 1), (100_000, 70_001)] {
            let new = vec![len as u8; len];
            file.write_unaligned_at(&new, offset as u64).unwrap();
            expected[offset..offset + len].copy_from_slice(&new);
        }
        assert!(disk.read(0, expected.len()) == expected);
        assert_eq!(file.len().unwrap(), LEN);
    }
}

/// 512 and 3584 bytes come to a sector of 4096, which newer kernels take.
fn each_segment_has_to_fit() {
    for disk in DISKS {
        disk.fill();
        let file = disk.open();
        let (mut short, mut long) = (AlignedBuf::zeroed(512, 4096), AlignedBuf::zeroed(3584, 4096));
        short.fill(1);
        long.fill(2);
        let fits = disk.sector == 512;
        // The kernel itself, as a witness.
        let segments = [IoSlice::new(&short), IoSlice::new(&long)];
        let by_kernel = rustix::io::pwritev(file.as_fd(), &segments, FILLED);
        assert_eq!(by_kernel, if fits { Ok(4096) } else { Err(rustix::io::Errno::INVAL) });

        let written = file.write_vectored_at(&segments, 0);
        if fits {
            assert_eq!(written.unwrap(), 4096);
            assert!(disk.read(0, 4096) == [&short[..], &long].concat());
        } else {
            let error = written.unwrap_err();
            let inner = error.get_ref().and_then(|e| e.downcast_ref::<Misaligned>()).unwrap();
            assert_eq!((inner.needed.offset, inner.len), (4096, 512));
            assert!(disk.read(0, 4096) == pattern(0, 4096), "nothing is written");
        }
        // Reads bounce.
        let mut segments = [IoSliceMut::new(&mut short), IoSliceMut::new(&mut long)];
        file.read_exact_vectored_at(&mut segments, 1 << 20).unwrap();
        assert!([&short[..], &long].concat() == pattern(1 << 20, 4096));
        assert_eq!(file.stats().bounced > 0, !fits);
    }
}

fn a_disk_has_an_end() {
    for disk in DISKS {
        let mut file = disk.open();
        let (sector, last) = (disk.sector, LEN - disk.sector as u64);
        let mut buf = AlignedBuf::from_slice(&pattern(last, sector).repeat(2), 4096);
        file.write_all_at(&buf[..sector], last).unwrap();

        buf.fill(0xee);
        assert_eq!(file.read_at(&mut buf, last).unwrap(), sector);
        assert!(buf[..sector] == pattern(last, sector) && buf[sector..].iter().all(|byte| *byte == 0xee));
        assert_eq!(file.read_at(&mut buf, LEN).unwrap(), 0);
        assert_eq!(file.read_at(&mut buf, LEN + (1 << 30)).unwrap(), 0);
        assert_eq!(file.read_exact_at(&mut buf, last).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        // Not aligned, and up to the end.
        assert_eq!(file.read_at(&mut buf[..100], LEN - 7).unwrap(), 7);
        assert!(buf[..7] == pattern(last, sector)[sector - 7..]);

        assert_eq!(file.write_all_at(&buf, LEN).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(file.write_all_at(&buf, last).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(file.write_unaligned_at(&buf[..100], LEN - 7).unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(file.len().unwrap(), LEN);

        assert_eq!(file.set_len(LEN / 2).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(file.preallocate(LEN, Preallocate::Reserve).unwrap_err().kind(), ErrorKind::Unsupported);
        // What is given back reads as zeros.
        file.punch_hole(0..4096).unwrap();
        assert!(disk.read(0, 4096).iter().all(|byte| *byte == 0));
    }
}

/// Durable writes are there since 4.7; writes that are not torn, and those that leave the page cache, came after 6.1.
fn what_the_kernel_has_not_is_told_or_done_without() {
    for disk in DISKS {
        let file = disk.open();
        let block = AlignedBuf::from_slice(&pattern(5, 4096), 4096);
        let durable = WriteOptions::new().durable();
        file.write_all_at_with(&block, 0, durable.atomic(Demand::Prefer)).unwrap();
        assert!(disk.read(0, 4096) == block[..]);
        let stats = file.stats();
        assert_eq!((stats.durable, stats.atomic, stats.degraded, stats.syncs), (1, 0, 1, 0));

        let required = WriteOptions::new().atomic(Demand::Require);
        let error = file.write_at_with(&block, 0, required).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.get_ref().is_some_and(|e| e.is::<NotAtomic>()));

        let buffered = DirectFile::options().read().write().direct(Demand::Off).open(disk.path()).unwrap();
        let mut read = [0; 100];
        buffered.read_at_with(&mut read, 0, ReadOptions::new().uncached(Demand::Prefer)).unwrap();
        assert!(read == block[..100]);
        assert_eq!((buffered.stats().uncached, buffered.stats().degraded), (0, 1));
        let required = ReadOptions::new().uncached(Demand::Require);
        assert_eq!(buffered.read_at_with(&mut read, 0, required).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

/// Until Linux 6.6 its file system refuses `O_DIRECT`.
fn memory_is_not_direct() {
    let path = "/tmp/not-direct";
    File::create(path).unwrap();
    let error = DirectFile::options().read().write().direct(Demand::Require).open(path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let file = DirectFile::options().read().write().open(path).unwrap();
    assert!(!file.effective().direct);
    file.write_all_at(b"in memory", 3).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), b"\0\0\0in memory");
}
