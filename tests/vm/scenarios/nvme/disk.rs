//! The disks of the guest, and the file systems on two of them.
#![allow(unsafe_code)] // Mounting is a call of the C library.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::ptr;
use std::thread;
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::DirectFile;

use super::Machine;

pub const MACHINE: Machine = Machine {
    qemu: "-drive file=@drives@/raw-512,format=raw,if=none,id=d0 \
           -device nvme,drive=d0,serial=raw-512,logical_block_size=512,physical_block_size=512 \
           -drive file=@drives@/raw-4096,format=raw,if=none,id=d1 \
           -device nvme,drive=d1,serial=raw-4096,logical_block_size=4096,physical_block_size=4096 \
           -drive file=@drives@/ext4-512,format=raw,if=none,id=d2 \
           -device nvme,drive=d2,serial=ext4-512,logical_block_size=512,physical_block_size=512 \
           -drive file=@drives@/ext4-4096,format=raw,if=none,id=d3 \
           -device nvme,drive=d3,serial=ext4-4096,logical_block_size=4096,physical_block_size=4096",
    ..Machine::PLAIN
};

/// What `tests/vm/run` makes the images of.
pub const LEN: u64 = 16 << 20;

/// Bytes at the front of a disk that [`Disk::fill`] writes.
pub const FILLED: u64 = 2 << 20;

/// A disk without a file system.
#[derive(Clone, Copy, Debug)]
pub struct Disk {
    serial: &'static str,
    pub sector: usize,
}

pub const DISKS: [Disk; 2] = [Disk { serial: "raw-512", sector: 512 }, Disk { serial: "raw-4096", sector: 4096 }];

impl Disk {
    pub fn path(self) -> PathBuf {
        path_of(self.serial)
    }

    /// To be read and written, directly.
    pub fn open(self) -> DirectFile {
        DirectFile::options().read().write().direct(Demand::Require).open(self.path()).unwrap()
    }

    /// By way of the page cache, as a witness of what direct writes did.
    pub fn read(self, offset: u64, len: usize) -> Vec<u8> {
        let mut read = vec![0; len];
        File::open(self.path()).unwrap().read_exact_at(&mut read, offset).unwrap();
        read
    }

    /// Writes the pattern to the front of it, by way of the page cache.
    pub fn fill(self) {
        let file = File::options().write(true).open(self.path()).unwrap();
        file.write_all_at(&pattern(0, FILLED as usize), 0).unwrap();
        file.sync_all().unwrap();
    }
}

/// The device file of the disk that has this serial number.
pub fn path_of(serial: &str) -> PathBuf {
    // Disks are looked for while the first process begins.
    for _ in 0..1000 {
        for disk in fs::read_dir("/sys/class/nvme").into_iter().flatten().flatten() {
            if fs::read_to_string(disk.path().join("serial")).is_ok_and(|found| found.trim() == serial) {
                let name = disk.file_name().into_string().unwrap();
                let path = PathBuf::from(format!("/dev/{name}n1"));
                if path.exists() {
                    return path;
                }
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("there is no disk {serial}");
}

/// The file systems on the other two disks with the size of their sectors: none where the host could not make them.
pub fn file_systems() -> Vec<(PathBuf, usize)> {
    let mounted = [("ext4-512", 512), ("ext4-4096", 4096)].map(|(serial, sector)| (mount(serial), sector));
    mounted.into_iter().filter_map(|(place, sector)| Some((place?, sector))).collect()
}

fn mount(serial: &str) -> Option<PathBuf> {
    let place = PathBuf::from("/mnt").join(serial);
    if place.exists() {
        // By a case before this one.
        return Some(place);
    }
    let device = path_of(serial);
    let mut magic = [0; 2];
    File::open(&device).unwrap().read_exact_at(&mut magic, 1024 + 56).unwrap();
    if magic != [0x53, 0xef] {
        println!("skipped: no file system on {serial}");
        return None;
    }
    fs::create_dir_all(&place).unwrap();
    let [from, to] = [&device, &place].map(|path| CString::new(path.as_os_str().as_bytes()).unwrap());
    // SAFETY: the strings end with a zero; the file system takes no data.
    let mounted = unsafe { libc::mount(from.as_ptr(), to.as_ptr(), c"ext4".as_ptr(), 0, ptr::null()) };
    assert_eq!(mounted, 0, "{device:?}: {}", io::Error::last_os_error());
    Some(place)
}

/// What [`Disk::fill`] has at an offset.
pub fn pattern(offset: u64, len: usize) -> Vec<u8> {
    (offset..offset + len as u64).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}
