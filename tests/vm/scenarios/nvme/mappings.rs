//! Mappings of files that nobody can change: sealed ones, and those under `fs-verity`, which many kernels are built
//! without. Mappings of a disk.
#![allow(unsafe_code)] // A request of the file system, and mappings of what others could write to.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::fd::AsRawFd;

use bedplate::io::{Advice, NotSealed, map, map_range, map_sealed};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use super::Case;
use super::disk::{DISKS, FILLED, LEN, file_systems, pattern};

pub const CASES: &[Case] = &[
    ("sealed_memory_is_mapped_by_who_wrote_it", sealed_memory_is_mapped_by_who_wrote_it),
    ("files_under_verity_are_mapped", files_under_verity_are_mapped),
    ("a_disk_is_mapped_whole", a_disk_is_mapped_whole),
];

fn sealed_memory_is_mapped_by_who_wrote_it() {
    let mut file = File::from(memfd_create("sealed", MemfdFlags::ALLOW_SEALING).unwrap());
    file.write_all(b"content").unwrap();
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK).unwrap();
    assert_eq!(&map_sealed(&file).unwrap()[..], b"content");
}

/// `struct fsverity_enable_arg`.
#[repr(C)]
struct Enable {
    version: u32,
    hash_algorithm: u32,
    block_size: u32,
    salt_size: u32,
    salt: u64,
    signature_size: u32,
    reserved: u32,
    signature: u64,
    reserved_too: [u64; 11],
}

/// `FS_IOC_ENABLE_VERITY`.
const ENABLE_VERITY: libc::Ioctl = 0x4080_6685;

fn files_under_verity_are_mapped() {
    for (place, _) in file_systems() {
        let path = place.join("verity");
        let content = pattern(2, 100_001);
        fs::write(&path, &content).unwrap();
        let file = File::open(&path).unwrap();
        let error = map_sealed(&file).unwrap_err();
        assert_eq!(error.get_ref().and_then(|e| e.downcast_ref()), Some(&NotSealed::Verity));

        // SAFETY: all zeros are a value of it.
        let mut enable: Enable = unsafe { std::mem::zeroed() };
        (enable.version, enable.hash_algorithm, enable.block_size) = (1, 1, 4096);
        // SAFETY: the request reads the argument, in which no pointer is set.
        let enabled = unsafe { libc::ioctl(file.as_raw_fd(), ENABLE_VERITY, &raw const enable) };
        assert_eq!(enabled, 0, "{}", std::io::Error::last_os_error());

        let map = map_sealed(&file).unwrap();
        map.advise(Advice::DontNeed).unwrap();
        map.prefault().unwrap();
        assert!(map[..] == content);
        // The kernel keeps its word.
        assert!(File::options().write(true).open(&path).is_err());
        fs::remove_file(path).unwrap();
        drop(file);
        assert!(map[..] == content);
    }
}

fn a_disk_is_mapped_whole() {
    for disk in DISKS {
        disk.fill();
        let file = File::open(disk.path()).unwrap();
        // SAFETY: nothing writes to the disk while the mapping lives.
        let whole = unsafe { map(&file) }.unwrap();
        assert_eq!(whole.len() as u64, LEN);
        assert!(whole[..FILLED as usize] == pattern(0, FILLED as usize));
        // SAFETY: as above.
        let part = unsafe { map_range(&file, 4097..9000) }.unwrap();
        assert!(part[..] == pattern(4097, 9000 - 4097));
        // SAFETY: as above.
        let beyond = unsafe { map_range(&file, 0..LEN + 1) };
        assert_eq!(beyond.unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
