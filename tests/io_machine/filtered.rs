//! Calls that kernels or sandboxes do not have, each in a process of its own.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{DirectFile, DirectReader, DirectWriter, Preallocate, WriteOptions};
use bedplate::mem::AlignedBuf;

use crate::alone::{allowed, hide, with_mounts};
use crate::backends::backends;
use crate::filter::{Rule, in_a_filtered_process};
use crate::loop_device::LoopDevice;
use crate::mount::Mount;
use crate::noise::noise;

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// A file is written and read by streams, and found to be what was written.
fn streams_work(folder: &Path) {
    let path = folder.join("stream");
    for backend in backends() {
        for content in [noise(100_000, 1), noise(70_000, 2)] {
            let mut writer = DirectWriter::builder().block_size(16 << 10).backend(backend).create(&path).unwrap();
            writer.write_all(&content).unwrap();
            writer.finish().unwrap();
            let mut read = Vec::new();
            let reader = DirectReader::builder().block_size(16 << 10).backend(backend);
            reader.open(&path).unwrap().read_to_end(&mut read).unwrap();
            assert!(read == content);
            assert_eq!(names(folder), ["stream"]);
        }
        fs::remove_file(&path).unwrap();
    }
}

/// `statx` is newer than some kernels, and than some sandboxes, which answer EPERM to what they do not know.
fn without_statx() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f");
    let file = DirectFile::options().read().write().create().open(&path).unwrap();
    assert_eq!(file.len().unwrap(), 0);
    if file.effective().direct {
        // Nothing tells less than this.
        assert_eq!((file.alignment().offset, file.alignment().memory), (4096, 4096));
    }
    file.write_all_at(&AlignedBuf::from_slice(&noise(8192, 3), 4096), 0).unwrap();
    assert!(fs::read(&path).unwrap() == noise(8192, 3));
    drop(file);
    fs::remove_file(&path).unwrap();
    streams_work(folder.path());
    if let Some(device) = allowed("make a loop device", LoopDevice::new(1 << 20, 4096)) {
        let file = DirectFile::options().read().direct(Demand::Require).open(device.path()).unwrap();
        assert_eq!((file.alignment().offset, file.len().unwrap()), (4096, 1 << 20));
    }
    with_mounts(|| {
        // Tells by a call of its own what it needs.
        for sector in [512, 4096] {
            let Some(mount) = Mount::xfs(sector) else { return };
            let path = mount.path().join("f");
            let file = DirectFile::options().read().write().create().direct(Demand::Require).open(&path).unwrap();
            assert_eq!(file.alignment().offset, sector as usize);
            let data = AlignedBuf::from_slice(&noise(sector as usize, 5), 4096);
            file.write_all_at(&data, u64::from(sector)).unwrap();
            assert!(fs::read(&path).unwrap()[sector as usize..] == *data);
        }
    });
}

#[test]
fn without_statx_as_old_kernels() {
    let rules = [Rule::call(libc::SYS_statx)];
    in_a_filtered_process("filtered::without_statx_as_old_kernels", &rules, libc::ENOSYS, without_statx);
}

#[test]
fn without_statx_as_old_sandboxes() {
    let rules = [Rule::call(libc::SYS_statx)];
    in_a_filtered_process("filtered::without_statx_as_old_sandboxes", &rules, libc::EPERM, without_statx);
}

#[test]
fn a_durable_write_without_the_flag_syncs() {
    let rules = [Rule::call(libc::SYS_pwritev2), Rule::call(libc::SYS_preadv2)];
    in_a_filtered_process("filtered::a_durable_write_without_the_flag_syncs", &rules, libc::ENOSYS, || {
        let file = tempfile::NamedTempFile::new().unwrap();
        let file = DirectFile::options().read().write().open(file.path()).unwrap();
        let data = AlignedBuf::from_slice(&noise(8192, 4), 4096);
        for i in 1..4 {
            file.write_all_at_with(&data, 0, WriteOptions::new().durable()).unwrap();
            let stats = file.stats();
            assert_eq!((stats.durable, stats.syncs), (0, i), "{stats:?}");
        }
        // What was never asked for more than its bytes does not need them.
        let mut read = AlignedBuf::zeroed(8192, 4096);
        file.read_exact_at(&mut read, 0).unwrap();
        assert!(read == data);
    });
}

#[test]
fn without_space_that_can_be_reserved() {
    let rules = [Rule::call(libc::SYS_fallocate)];
    in_a_filtered_process("filtered::without_space_that_can_be_reserved", &rules, libc::EOPNOTSUPP, || {
        let folder = tempfile::tempdir().unwrap();
        streams_work(folder.path());
        let path = folder.path().join("f");
        let file = DirectFile::options().read().write().create().open(&path).unwrap();
        let error = file.preallocate(10_000, Preallocate::Reserve).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
        assert_eq!(file.len().unwrap(), 0);
        file.preallocate(10_000, Preallocate::ZeroFill).unwrap();
        assert_eq!(fs::read(&path).unwrap(), [0; 10_000]);
        let error = file.punch_hole(0..4096).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
    });
}

/// As on a file system that has only files with names.
#[test]
fn without_files_without_names() {
    // Of its two bits, the one that is not that of a directory.
    let bit = (libc::O_TMPFILE & !libc::O_DIRECTORY) as u32;
    let rules = [Rule::with_bits(libc::SYS_openat, 2, bit)];
    in_a_filtered_process("filtered::without_files_without_names", &rules, libc::EOPNOTSUPP, || {
        let folder = tempfile::tempdir().unwrap();
        streams_work(folder.path());
        let path = folder.path().join("f");
        let mut writer = DirectWriter::create(&path).unwrap();
        writer.write_all(b"some").unwrap();
        let hidden = names(folder.path());
        assert!(hidden.len() == 1 && hidden[0].starts_with(".f.") && hidden[0].ends_with(".tmp"), "{hidden:?}");
        drop(writer);
        assert!(names(folder.path()).is_empty());
        fs::write(&path, "old").unwrap();
        let mut writer = DirectWriter::create(&path).unwrap();
        writer.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        writer.finish().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["f"]);
    });
}

/// As in a container or a root folder that has none.
#[test]
fn without_proc() {
    with_mounts(|| {
        let folder = tempfile::tempdir().unwrap();
        if allowed("hide /proc", hide(c"/proc")).is_some() {
            streams_work(folder.path());
        }
    });
}
