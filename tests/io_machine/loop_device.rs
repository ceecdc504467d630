use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::path::{Path, PathBuf};

/// `linux/loop.h`.
const LOOP_CTL_GET_FREE: libc::c_ulong = 0x4C82;
const LOOP_CONFIGURE: libc::c_ulong = 0x4C0A;
const LO_FLAGS_AUTOCLEAR: u32 = 4;

#[repr(C)]
struct Info {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

#[repr(C)]
struct Config {
    fd: u32,
    block_size: u32,
    info: Info,
    reserved: [u64; 8],
}

/// A block device over a file without a name. The kernel takes both away with their last user, so that nothing stays where
/// the process is killed.
#[derive(Debug)]
pub struct LoopDevice {
    /// Keeps the device attached.
    _device: File,
    path: PathBuf,
}

impl LoopDevice {
    /// A device of `bytes` zeros with sectors of `sector` bytes, 512 or 4096.
    pub fn new(bytes: u64, sector: u32) -> io::Result<Self> {
        // In memory: the tests are of what the device asks for and refuses, and there are many transfers in them.
        // SAFETY: the name ends with a zero; what comes back is a descriptor of nobody else's, or an error.
        let backing = unsafe { File::from_raw_fd(checked(libc::memfd_create(c"loop".as_ptr(), libc::MFD_CLOEXEC))?) };
        backing.set_len(bytes)?;
        let control = File::options().read(true).write(true).open("/dev/loop-control")?;
        loop {
            // SAFETY: takes no argument.
            let number = checked(unsafe { libc::ioctl(control.as_raw_fd(), LOOP_CTL_GET_FREE) })?;
            let path = PathBuf::from(format!("/dev/loop{number}"));
            let device = File::options().read(true).write(true).open(&path)?;
            match configure(device.as_raw_fd(), backing.as_raw_fd(), sector) {
                Ok(()) => return Ok(Self { _device: device, path }),
                // Another process was faster.
                Err(e) if e.raw_os_error() == Some(libc::EBUSY) => {}
                Err(e) => return Err(e),
            }
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn configure(device: RawFd, backing: RawFd, sector: u32) -> io::Result<()> {
    // SAFETY: all zeros are a value of this structure of numbers.
    let mut config: Config = unsafe { mem::zeroed() };
    config.fd = backing as u32;
    config.block_size = sector;
    config.info.flags = LO_FLAGS_AUTOCLEAR;
    // SAFETY: the kernel reads a structure that lives until the call returns.
    checked(unsafe { libc::ioctl(device, LOOP_CONFIGURE, &raw const config) })?;
    Ok(())
}

fn checked(returned: i32) -> io::Result<i32> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(returned) }
}
