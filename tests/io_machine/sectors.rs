//! Devices whose sectors are of 4 KiB, while memory needs to be aligned to 512 bytes only.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{DirectFile, DirectReader, DirectWriter, Misaligned};
use bedplate::mem::AlignedBuf;

use crate::alone::{allowed, with_mounts};
use crate::backends::backends;
use crate::loop_device::LoopDevice;
use crate::mount::Mount;
use crate::noise::noise;

const SECTOR: usize = 4096;
const LEN: usize = 256 << 10;

/// A raw device and files on file systems of such devices, each of the same bytes, all open for direct transfers.
fn everywhere(check: impl Fn(&Path, &DirectFile, &[u8]) + Sync + Send) {
    let content = noise(LEN, 7);
    if let Some(device) = allowed("make a loop device", LoopDevice::new(LEN as u64, SECTOR as u32)) {
        File::options().write(true).open(device.path()).unwrap().write_all_at(&content, 0).unwrap();
        let file = DirectFile::options().read().write().direct(Demand::Require).open(device.path()).unwrap();
        check(device.path(), &file, &content);
    }
    with_mounts(|| {
        for mount in [Mount::ext4(8 << 20, SECTOR as u32), Mount::xfs(SECTOR as u32)].into_iter().flatten() {
            let path = mount.path().join("f");
            fs::write(&path, &content).unwrap();
            let file = DirectFile::options().read().write().direct(Demand::Require).open(&path).unwrap();
            check(&path, &file, &content);
        }
    });
}

#[test]
fn the_alignment_is_that_of_the_device() {
    everywhere(|path, file, content| {
        assert_eq!(file.alignment().offset, SECTOR, "{}", path.display());
        // Told by the kernel since 6.1; before, the sector.
        assert!(matches!(file.alignment().memory, 4 | 512 | SECTOR), "{:?}", file.alignment());
        assert_eq!(file.len().unwrap(), content.len() as u64);
    });
}

#[test]
fn what_is_aligned_goes_as_it_is_and_what_is_not_by_a_copy() {
    everywhere(|_, file, content| {
        let memory = file.alignment().memory;
        let mut buf = AlignedBuf::zeroed(4 * SECTOR + memory, SECTOR);
        // Memory that is aligned for the device and to nothing more.
        let aligned = &mut buf[memory..];
        file.read_exact_at(aligned, SECTOR as u64).unwrap();
        assert!(aligned == &content[SECTOR..5 * SECTOR]);
        assert_eq!((file.stats().reads, file.stats().bounced), (1, 0));

        // Half a sector, at half a sector, and to half an alignment: each is enough to need a copy.
        for (skew, offset, len) in [(0, 0, 512), (0, 512, SECTOR), (memory / 2, 0, SECTOR), (1, 511, 5000)] {
            let before = file.stats().bounced;
            file.read_exact_at(&mut buf[skew..skew + len], offset as u64).unwrap();
            assert!(buf[skew..skew + len] == content[offset..offset + len]);
            assert_eq!(file.stats().bounced, before + 1, "{skew} {offset} {len}");
        }
    });
}

#[test]
fn a_write_of_half_a_sector_is_refused() {
    everywhere(|path, file, content| {
        let buf = AlignedBuf::from_slice(&noise(4 * SECTOR, 8), SECTOR);
        for (skew, offset, len) in [(0, 0, 512), (0, 512, SECTOR), (1, 0, SECTOR), (0, SECTOR, SECTOR + 512)] {
            let error = file.write_all_at(&buf[skew..skew + len], offset as u64).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Misaligned>()).unwrap();
            assert_eq!(inner.needed, file.alignment());
        }
        assert_eq!(file.stats().writes, 0);
        assert!(fs::read(path).unwrap() == content);

        let skew = file.alignment().memory;
        file.write_all_at(&buf[skew..][..SECTOR * 2], SECTOR as u64).unwrap_or_else(|e| panic!("{skew}: {e}"));
        let mut expected = content.to_vec();
        expected[SECTOR..3 * SECTOR].copy_from_slice(&buf[skew..][..SECTOR * 2]);
        assert!(fs::read(path).unwrap() == expected);
    });
}

#[test]
fn a_write_of_any_bytes_leaves_their_neighbours() {
    let device = LoopDevice::new(LEN as u64, SECTOR as u32);
    let Some(device) = allowed("make a loop device", device) else { return };
    check_unaligned(device.path());
    with_mounts(|| {
        for mount in [Mount::ext4(8 << 20, SECTOR as u32), Mount::xfs(SECTOR as u32)].into_iter().flatten() {
            let path = mount.path().join("f");
            fs::write(&path, vec![0; LEN]).unwrap();
            check_unaligned(&path);
        }
    });
}

fn check_unaligned(path: &Path) {
    let mut expected = fs::read(path).unwrap();
    let mut file = DirectFile::options().read().write().direct(Demand::Require).open(path).unwrap();
    for (i, (offset, len)) in
        [(0, 1), (511, 2), (4095, 2), (4096, 4096), (100, 20_000), (8192, 512), (LEN - 1, 1)].into_iter().enumerate()
    {
        let data = noise(len, i as u64);
        file.write_unaligned_at(&data, offset as u64).unwrap();
        expected[offset..offset + len].copy_from_slice(&data);
        assert!(fs::read(path).unwrap() == expected, "{offset} {len}");
    }
}

#[test]
fn streams_move_whole_sectors_and_files_have_any_length() {
    with_mounts(|| {
        for mount in [Mount::ext4(8 << 20, SECTOR as u32), Mount::xfs(SECTOR as u32)].into_iter().flatten() {
            for backend in backends() {
                for len in [0, 1, 4095, 4096, 4097, 65_536, 1_000_001] {
                    let content = noise(len, len as u64);
                    let path = mount.path().join("s");
                    let writer = DirectWriter::builder().block_size(64 << 10).backend(backend).direct(Demand::Require);
                    let mut writer = writer.create(&path).unwrap();
                    for part in content.chunks(10_007) {
                        writer.write_all(part).unwrap();
                    }
                    let file = writer.finish().unwrap();
                    assert_eq!(file.len().unwrap(), len as u64);
                    assert!(fs::read(&path).unwrap() == content);

                    let reader = DirectReader::builder().block_size(64 << 10).backend(backend).direct(Demand::Require);
                    let mut read = Vec::new();
                    reader.open(&path).unwrap().read_to_end(&mut read).unwrap();
                    assert!(read == content, "{backend:?} {len}");
                }
            }
        }
    });
}

#[test]
fn a_reader_reads_a_device_to_its_end() {
    let Some(device) = allowed("make a loop device", LoopDevice::new(LEN as u64 + 4096, SECTOR as u32)) else { return };
    let content = noise(LEN + 4096, 9);
    File::options().write(true).open(device.path()).unwrap().write_all_at(&content, 0).unwrap();
    for backend in backends() {
        let reader = DirectReader::builder().block_size(64 << 10).backend(backend).direct(Demand::Require);
        let mut reader = reader.open(device.path()).unwrap();
        let mut read = Vec::new();
        while let Some(block) = reader.next_block().unwrap() {
            read.extend_from_slice(&block);
        }
        assert!(read == content, "{backend:?}");
    }
}
