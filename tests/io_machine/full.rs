//! File systems that are full.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use bedplate::Demand;
use bedplate::io::{Backend, DirectFile, DirectWriter, Preallocate};
use bedplate::mem::AlignedBuf;

use crate::alone::{allowed, with_mounts};
use crate::backends::backends;
use crate::mount::Mount;
use crate::noise::noise;

const MIB: usize = 1 << 20;

/// One of 8 MiB on a disk and one in memory.
fn small() -> Vec<Mount> {
    [Mount::ext4(8 << 20, 512), allowed("mount", Mount::tmpfs(8 << 20))].into_iter().flatten().collect()
}

/// Leaves no space.
fn fill(folder: &Path) {
    let mut file = File::create(folder.join("ballast")).unwrap();
    for size in [64 << 10, 4096] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
    file.sync_all().unwrap();
}

fn relieve(folder: &Path) {
    fs::remove_file(folder.join("ballast")).unwrap();
}

#[test]
fn a_write_to_a_full_disk_is_an_error_that_passes() {
    with_mounts(|| {
        for mount in small() {
            let path = mount.path().join("f");
            let file = DirectFile::options().read().write().create().open(&path).unwrap();
            assert!(file.effective().direct);
            let block = AlignedBuf::from_slice(&noise(MIB, 1), 4096);
            let mut whole = 0;
            let error = loop {
                match file.write_all_at(&block, whole) {
                    Ok(()) => whole += MIB as u64,
                    Err(e) => break e,
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            assert!((4..=8).contains(&(whole >> 20)), "{whole}");
            // What was written before is there, and as long as a write says Ok, so is it.
            file.sync_data().unwrap();
            for i in 0..whole >> 20 {
                let mut read = AlignedBuf::zeroed(MIB, 4096);
                file.read_exact_at(&mut read, i << 20).unwrap();
                assert!(read == block);
            }
            // With space again, the same handle goes on.
            file.set_len(MIB as u64).unwrap();
            file.write_all_at(&block, MIB as u64).unwrap();
            file.sync_data().unwrap();
            assert!(fs::read(&path).unwrap() == [&*block, &*block].concat());
        }
    });
}

#[test]
fn a_writer_on_a_full_disk_publishes_nothing() {
    with_mounts(|| {
        for mount in small() {
            for direct in [Demand::Prefer, Demand::Off] {
                for backend in backends() {
                    too_much(&mount, backend, direct);
                    no_room_for_the_rest(&mount, backend, direct);
                }
            }
        }
    });
}

fn builder(backend: Backend, direct: Demand) -> bedplate::io::DirectWriterBuilder {
    DirectWriter::builder().block_size(256 << 10).backend(backend).direct(direct)
}

fn too_much(mount: &Mount, backend: Backend, direct: Demand) {
    let path = mount.path().join("f");
    let mut writer = builder(backend, direct).create(&path).unwrap();
    let data = noise(MIB, 2);
    let written = (0..9).try_for_each(|_| writer.write_all(&data));
    let error = match written {
        Ok(()) => writer.finish().unwrap_err(),
        Err(error) => {
            // The first error is the last word.
            assert_eq!(writer.write(b"more").unwrap_err().kind(), ErrorKind::StorageFull);
            assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::StorageFull);
            assert_eq!(writer.finish().unwrap_err().kind(), ErrorKind::StorageFull);
            error
        }
    };
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{backend:?} {direct:?}: {error}");
    assert!(mount.names().is_empty(), "{:?}", mount.names());
    // And it holds no space, as soon as the file system has let go of it: a ring's file goes a moment after the ring, and
    // what ext4 has freed it gives out again when its journal was written.
    let again = || {
        let mut writer = builder(backend, direct).create(&path)?;
        (0..5).try_for_each(|_| writer.write_all(&data))?;
        writer.finish().map(drop)
    };
    let begun = Instant::now();
    while let Err(e) = again() {
        assert!(e.kind() == ErrorKind::StorageFull && begun.elapsed() < Duration::from_secs(10), "{e}");
        thread::yield_now();
    }
    assert!(fs::read(&path).unwrap() == data.repeat(5));
    fs::remove_file(path).unwrap();
}

fn no_room_for_the_rest(mount: &Mount, backend: Backend, direct: Demand) {
    let path = mount.path().join("f");
    let mut writer = builder(backend, direct).create(&path).unwrap();
    // Fits into the block, so nothing needs space yet.
    writer.write_all(&noise(100_000, 3)).unwrap();
    fill(mount.path());
    let error = writer.finish().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StorageFull, "{backend:?} {direct:?}: {error}");
    assert_eq!(mount.names(), ["ballast"]);
    relieve(mount.path());
}

#[test]
fn an_unaligned_write_to_a_full_disk_leaves_what_it_does_not_cover() {
    with_mounts(|| {
        for mount in small() {
            let path = mount.path().join("f");
            let old = noise(1000, 5);
            fs::write(&path, &old).unwrap();
            fill(mount.path());
            let mut file = DirectFile::options().read().write().open(&path).unwrap();
            let data = noise(300_000, 6);
            let error = file.write_unaligned_at(&data, 500).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            let now = fs::read(&path).unwrap();
            // What was written before the error is from its front, and no padding is behind it.
            assert!(now.len() >= 1000 && now[..500] == old[..500]);
            assert!(now[500..] == data[..now.len() - 500] || now[500..] == old[500..]);
        }
    });
}

#[test]
fn space_that_is_not_there_cannot_be_reserved() {
    with_mounts(|| {
        for mount in small() {
            let path = mount.path().join("f");
            let file = DirectFile::options().read().write().create().open(&path).unwrap();
            for how in [Preallocate::Reserve, Preallocate::ZeroFill] {
                assert_eq!(file.preallocate(64 << 20, how).unwrap_err().kind(), ErrorKind::StorageFull, "{how:?}");
                assert_eq!(file.len().unwrap(), 0, "{how:?}");
                // What was taken for it is given back with the file's end.
                file.set_len(0).unwrap();
            }
            file.preallocate(4 << 20, Preallocate::Reserve).unwrap();
            fill(mount.path());
            // What was reserved is there on the full disk.
            let block = AlignedBuf::from_slice(&noise(4 * MIB, 4), 4096);
            file.write_all_at(&block, 0).unwrap();
            file.sync_data().unwrap();
            assert_eq!(file.write_all_at(&block, 4 << 20).unwrap_err().kind(), ErrorKind::StorageFull);
        }
    });
}
