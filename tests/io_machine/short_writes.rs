//! A limit of the length of files, which is where writes are really short: each test is a process of its own.

use std::fs::{self, File};
use std::io::{ErrorKind, IoSlice, Write};
use std::os::unix::fs::FileExt;

use bedplate::Demand;
use bedplate::io::{DirectFile, DirectWriter};
use bedplate::mem::AlignedBuf;

use crate::alone::{allowed, ignore_too_long_files, in_a_process_of_its_own, limit};
use crate::backends::backends;
use crate::loop_device::LoopDevice;
use crate::noise::noise;

const MIB: usize = 1 << 20;
/// 132 sectors of 512 bytes; half a page more than 16 pages.
const LIMIT: u64 = 67_584;

fn limited() {
    ignore_too_long_files();
    limit(libc::RLIMIT_FSIZE, LIMIT).unwrap();
}

fn is_too_big(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(libc::EFBIG)
}

#[test]
fn the_kernel_writes_less_than_it_is_given() {
    in_a_process_of_its_own("short_writes::the_kernel_writes_less_than_it_is_given", || {
        limited();
        // Without this the other tests show nothing.
        assert_eq!(tempfile::tempfile().unwrap().write_at(&noise(MIB, 1), 0).unwrap() as u64, LIMIT);
    });
}

#[test]
fn one_write_tells_how_far_it_came_and_all_of_them_the_error() {
    in_a_process_of_its_own("short_writes::one_write_tells_how_far_it_came_and_all_of_them_the_error", || {
        limited();
        let folder = tempfile::tempdir().unwrap();
        for direct in [Demand::Prefer, Demand::Off] {
            let path = folder.path().join("f");
            let file = DirectFile::options().read().write().create().truncate().direct(direct).open(&path).unwrap();
            let data = AlignedBuf::from_slice(&noise(MIB, 2), 4096);
            // Sectors larger than 512 bytes make no part of the limit.
            let fits = LIMIT - LIMIT % file.alignment().offset as u64;
            match file.write_at(&data, 0) {
                Ok(n) => assert_eq!(n as u64, LIMIT),
                Err(e) => assert!(fits < LIMIT, "{e}"),
            }
            file.set_len(0).unwrap();
            let error = file.write_all_at(&data, 0).unwrap_err();
            assert!(is_too_big(&error) || fits < LIMIT, "{direct:?}: {error:?}");
            let written = fs::read(&path).unwrap();
            assert!(written.len() as u64 <= LIMIT && written == data[..written.len()]);
            // The handle is as good as before.
            file.write_all_at(&data[..4096], 8192).unwrap();
            file.sync_data().unwrap();
        }
    });
}

#[test]
fn a_vectored_write_goes_on_within_a_part() {
    in_a_process_of_its_own("short_writes::a_vectored_write_goes_on_within_a_part", || {
        limited();
        let folder = tempfile::tempdir().unwrap();
        for direct in [Demand::Prefer, Demand::Off] {
            let path = folder.path().join("f");
            let file = DirectFile::options().read().write().create().truncate().direct(direct).open(&path).unwrap();
            let data = AlignedBuf::from_slice(&noise(MIB, 3), 4096);
            let parts = || data.chunks(12_288).map(IoSlice::new).collect::<Vec<_>>();
            let fits = LIMIT - LIMIT % file.alignment().offset as u64;
            match file.write_vectored_at(&parts(), 0) {
                Ok(n) => assert_eq!(n as u64, LIMIT),
                Err(e) => assert!(fits < LIMIT, "{e}"),
            }
            let error = file.write_all_vectored_at(&mut parts(), 0).unwrap_err();
            assert!(is_too_big(&error) || fits < LIMIT, "{direct:?}: {error:?}");
            let written = fs::read(&path).unwrap();
            assert!(written.len() as u64 <= LIMIT && written == data[..written.len()]);
            // What is below the limit is written whole.
            file.write_all_vectored_at(&mut parts()[..5], 4096).unwrap();
            assert!(fs::read(&path).unwrap()[4096..4096 + 5 * 12_288] == data[..5 * 12_288]);
        }
    });
}

#[test]
fn a_writer_that_comes_to_the_limit_publishes_nothing() {
    in_a_process_of_its_own("short_writes::a_writer_that_comes_to_the_limit_publishes_nothing", || {
        limited();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        for direct in [Demand::Prefer, Demand::Off] {
            for backend in backends() {
                let builder = DirectWriter::builder().block_size(32 << 10).backend(backend).direct(direct);
                let mut writer = builder.clone().create(&path).unwrap();
                let error = match writer.write_all(&noise(MIB, 4)) {
                    Ok(()) => writer.finish().unwrap_err(),
                    Err(error) => {
                        drop(writer);
                        error
                    }
                };
                assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{backend:?} {direct:?}: {error:?}");
                assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
            }
        }
    });
}

/// The signal of the limit, which is not ignored here, ends the process.
#[test]
fn what_is_written_ahead_does_not_come_to_the_limit() {
    in_a_process_of_its_own("short_writes::what_is_written_ahead_does_not_come_to_the_limit", || {
        limit(libc::RLIMIT_FSIZE, LIMIT).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        // With its padding.
        let data = noise(61_000, 5);
        for direct in [Demand::Prefer, Demand::Off] {
            for backend in backends() {
                let builder = DirectWriter::builder().block_size(16 << 10).backend(backend).direct(direct);
                let mut writer = builder.clone().create(&path).unwrap();
                writer.write_all(&data).unwrap();
                writer.finish().unwrap();
                assert!(fs::read(&path).unwrap() == data);
                fs::remove_file(&path).unwrap();
                let error = builder.expected_len(1 << 20).create(&path).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::FileTooLarge, "{error}");
                assert!(!path.exists());
            }
        }
    });
}

#[test]
fn a_device_ends_where_it_ends() {
    let Some(device) = allowed("make a loop device", LoopDevice::new(64 << 10, 512)) else { return };
    for direct in [Demand::Prefer, Demand::Off] {
        let file = DirectFile::options().read().write().direct(direct).open(device.path()).unwrap();
        let data = AlignedBuf::from_slice(&noise(32 << 10, 6), 4096);
        // Half of it is past the end.
        assert_eq!(file.write_at(&data, 48 << 10).unwrap(), 16 << 10);
        assert_eq!(file.write_all_at(&data, 48 << 10).unwrap_err().kind(), ErrorKind::StorageFull);
        let mut read = AlignedBuf::zeroed(32 << 10, 4096);
        assert_eq!(file.read_at(&mut read, 48 << 10).unwrap(), 16 << 10);
        assert!(read[..16 << 10] == data[..16 << 10] && read[16 << 10..].iter().all(|byte| *byte == 0));
        assert_eq!(file.read_exact_at(&mut read, 48 << 10).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(file.read_at(&mut read, 64 << 10).unwrap(), 0);
        assert_eq!(file.read_at(&mut read, 1 << 40).unwrap(), 0);
    }
    File::open(device.path()).unwrap().sync_all().unwrap();
}
