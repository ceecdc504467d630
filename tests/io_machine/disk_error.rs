//! A disk that fails: compressed memory that may take no more, given what cannot be compressed.

use std::fs::{self, File};
use std::io::{IoSlice, Write};
use std::os::unix::fs::FileExt;

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectWriter, SyncLost, WriteOptions};
use bedplate::mem::AlignedBuf;

use crate::alone::{allowed, with_mounts};
use crate::backends::backends;
use crate::mount::Mount;
use crate::noise::noise;
use crate::zram::Zram;

const MIB: usize = 1 << 20;

/// A device of 16 MiB that takes one MiB of what cannot be compressed.
fn failing() -> Option<Zram> {
    allowed("add a zram device", Zram::new(16 << 20, 1 << 20))
}

fn is_eio(error: &std::io::Error) -> bool {
    error.raw_os_error() == Some(libc::EIO)
}

#[test]
fn a_direct_write_that_fails_says_so_and_can_be_made_again() {
    let Some(zram) = failing() else { return };
    let file = DirectFile::options().read().write().direct(Demand::Require).open(zram.path()).unwrap();
    let data = AlignedBuf::from_slice(&noise(4 * MIB, 1), 4096);
    let error = file.write_all_at(&data, 0).unwrap_err();
    assert!(is_eio(&error), "{error}");
    // Nothing else was told of: the handle goes on, and with room on the disk the same write stands.
    zram.heal();
    file.write_all_at(&data, 0).unwrap();
    file.sync_data().unwrap();
    let mut read = AlignedBuf::zeroed(data.len(), 4096);
    file.read_exact_at(&mut read, 0).unwrap();
    assert!(read == data);
}

/// What the handle must guard against: the kernel tells of lost pages once, and then that all is well.
#[test]
fn a_failed_sync_is_final_for_the_handle_though_the_kernel_forgets() {
    let Some(zram) = failing() else { return };
    let plain = File::options().read(true).write(true).open(zram.path()).unwrap();
    let file = DirectFile::options().read().write().direct(Demand::Off).open(zram.path()).unwrap();
    file.write_all_at(&noise(4 * MIB, 2), 0).unwrap();
    plain.write_all_at(b"and this", 8 * MIB as u64).unwrap();

    assert!(is_eio(&plain.sync_data().unwrap_err()));
    plain.sync_data().expect("the kernel has forgotten: without this, the test shows nothing");

    assert!(is_eio(&file.sync_data().unwrap_err()));
    zram.heal();
    for error in [
        file.sync_data().unwrap_err(),
        file.sync_all().unwrap_err(),
        file.write_at(b"more", 0).unwrap_err(),
        file.write_all_at(b"more", 0).unwrap_err(),
        file.write_all_vectored_at(&mut [IoSlice::new(b"more")], 0).unwrap_err(),
        file.write_all_at_with(b"more", 0, WriteOptions::new().durable()).unwrap_err(),
        file.set_len(0).unwrap_err(),
        file.punch_hole(0..4096).unwrap_err(),
    ] {
        let lost = error.get_ref().and_then(|inner| inner.downcast_ref::<SyncLost>()).expect("why it is refused");
        assert!(is_eio(&lost.cause()));
    }
    // It still tells what is there.
    let mut start = [0; 4096];
    file.read_exact_at(&mut start, 0).unwrap();
    assert!(start == noise(4 * MIB, 2)[..4096]);
    // A new handle begins anew.
    drop(file);
    let file = DirectFile::options().write().direct(Demand::Off).open(zram.path()).unwrap();
    file.write_all_at(&noise(4 * MIB, 3), 0).unwrap();
    file.sync_data().unwrap();
}

/// It may be the report of what others lost.
#[test]
fn a_failed_durable_write_is_final_for_the_handle() {
    for direct in [Demand::Require, Demand::Off] {
        let Some(zram) = failing() else { return };
        let file = DirectFile::options().read().write().direct(direct).open(zram.path()).unwrap();
        let data = AlignedBuf::from_slice(&noise(4 * MIB, 4), 4096);
        let error = file.write_all_at_with(&data, 0, WriteOptions::new().durable()).unwrap_err();
        assert!(is_eio(&error), "{direct:?}: {error}");
        zram.heal();
        let error = file.write_all_at(&data, 0).unwrap_err();
        let lost = error.get_ref().and_then(|inner| inner.downcast_ref::<SyncLost>()).expect("why it is refused");
        assert!(is_eio(&lost.cause()));
    }
}

#[test]
fn a_writer_whose_disk_fails_publishes_nothing() {
    with_mounts(|| {
        for direct in [Demand::Prefer, Demand::Off] {
            for backend in backends() {
                // The file system itself takes some.
                let Some(zram) = allowed("add a zram device", Zram::new(16 << 20, 2 << 20)) else { return };
                let path = zram.path();
                let Some(mount) = Mount::ext4_on(zram, &path) else { return };
                nothing_appears(mount, backend, direct);
            }
        }
    });
}

fn nothing_appears(mount: Mount, backend: Backend, direct: Demand) {
    let path = mount.path().join("f");
    fs::write(&path, "old").unwrap();
    let builder = DirectWriter::builder().block_size(256 << 10).backend(backend).direct(direct);
    let mut writer = builder.create(&path).unwrap();
    // Where it goes through the page cache, all is well until the sync of `finish`.
    let written = (0..6).try_for_each(|i| writer.write_all(&noise(MIB, i)));
    let error = match written {
        Ok(()) => writer.finish().unwrap_err(),
        Err(error) => {
            let later = writer.write(b"more").unwrap_err();
            assert_eq!(later.kind(), error.kind(), "{later}");
            drop(writer);
            error
        }
    };
    assert!(is_eio(&error), "{backend:?} {direct:?}: {error:?}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(mount.names(), ["f"]);
}
