//! The disks of the guest, and file systems on them.
#![allow(unsafe_code)] // Mounting is a call of the C library.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::thread;
use std::time::Duration;

use bedplate::Demand;
use bedplate::io::{DirectFile, WriteOptions};
use bedplate::mem::AlignedBuf;

use super::Machine;
use crate::scenarios::nvme;

/// NVMe disks have a cache that is lost with the power, and keep a write that says so (FUA).
pub const MACHINE: Machine = Machine {
    qemu: "-drive file=@drives@/ext4-log,format=raw,if=none,id=d0 -device nvme,drive=d0,serial=ext4-log \
           -drive file=@drives@/history,format=raw,if=none,id=d1 -device nvme,drive=d1,serial=history",
    ..Machine::PLAIN
};

/// Of each disk; what `tests/vm/run` makes the images of.
const LEN: usize = 16 << 20;

/// The disk with the file system. `None`, with a line that says so, where the host could not make one.
pub fn log() -> Option<PathBuf> {
    let path = nvme::path_of("ext4-log");
    let mut magic = [0; 2];
    File::open(&path).unwrap().read_exact_at(&mut magic, 1024 + 56).unwrap();
    let there = magic == [0x53, 0xef];
    if !there {
        println!("skipped: no file system");
    }
    there.then_some(path)
}

/// The disk on which is recorded what comes to that one.
pub fn history() -> PathBuf {
    nvme::path_of("history")
}

/// A disk in memory, for what a crash leaves.
pub fn memory() -> PathBuf {
    "/dev/ram0".into()
}

/// All of a disk, past the page cache.
pub fn image(path: &Path) -> AlignedBuf {
    let mut image = AlignedBuf::zeroed(LEN, 4096);
    let file = DirectFile::options().read().direct(Demand::Require).open(path).unwrap();
    file.read_exact_at(&mut image, 0).unwrap();
    image
}

pub fn overwrite(path: &Path, image: &[u8]) {
    let file = DirectFile::options().read().write().direct(Demand::Require).open(path).unwrap();
    file.write_all_at_with(&AlignedBuf::from_slice(image, 4096), 0, WriteOptions::new().durable()).unwrap();
}

/// A file system while this lives.
#[derive(Debug)]
pub struct Mount {
    place: PathBuf,
}

impl Mount {
    pub fn new(device: &Path) -> Self {
        let place = PathBuf::from("/mnt").join(device.file_name().unwrap());
        fs::create_dir_all(&place).unwrap();
        for _ in 0..1000 {
            if device.exists() {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let [from, to] = [device, &place].map(|path| CString::new(path.as_os_str().as_bytes()).unwrap());
        // SAFETY: the strings end with a zero; the file system takes no data.
        let mounted = unsafe { libc::mount(from.as_ptr(), to.as_ptr(), c"ext4".as_ptr(), 0, ptr::null()) };
        assert_eq!(mounted, 0, "{device:?}: {}", io::Error::last_os_error());
        Self { place }
    }

    pub fn path(&self) -> &Path {
        &self.place
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let place = CString::new(self.place.as_os_str().as_bytes()).unwrap();
        // SAFETY: the string ends with a zero.
        let failed = unsafe { libc::umount2(place.as_ptr(), 0) } != 0;
        if failed {
            println!("{:?}: {}", self.place, io::Error::last_os_error());
        }
    }
}
