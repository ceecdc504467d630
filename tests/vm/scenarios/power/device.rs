//! Devices of the device mapper, by the calls of the kernel that make them.
#![allow(unsafe_code)] // Those calls.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// `linux/dm-ioctl.h`.
const CREATE: u32 = 3;
const REMOVE: u32 = 4;
const SUSPEND: u32 = 6;
const LOAD: u32 = 9;
const MESSAGE: u32 = 14;
const SUSPENDED: u32 = 1 << 1;
const AS_THE_FILE_SYSTEM_IS: u32 = 1 << 10;

#[repr(C)]
struct Head {
    version: [u32; 3],
    size: u32,
    start: u32,
    targets: u32,
    open: i32,
    flags: u32,
    event: u32,
    padding: u32,
    device: u64,
    name: [u8; 128],
    uuid: [u8; 129],
    rest: [u8; 7],
}

const HEAD: usize = size_of::<Head>();

#[repr(C)]
struct Request {
    head: Head,
    body: [u8; 512],
}

/// Gone when dropped.
#[derive(Debug)]
pub struct Device {
    name: &'static str,
    control: File,
    path: PathBuf,
    sectors: u64,
}

impl Device {
    /// A device as large as `below`, made as `target` says, where `@` stands for `below`.
    pub fn new(name: &'static str, below: &Path, target: &str, options: &str) -> Self {
        let control = File::options().read(true).write(true).open("/dev/mapper/control").unwrap();
        let size = std::io::Seek::seek(&mut File::open(below).unwrap(), io::SeekFrom::End(0)).unwrap();
        let mut device = Self { name, control, path: PathBuf::new(), sectors: size / 512 };
        let number = device.ask(CREATE, 0, 0, &[]);
        // The minor number, of which the upper bits lie above the major one.
        device.path = format!("/dev/dm-{}", number & 0xff | number >> 12 & 0xfff00).into();
        device.load(target, options);
        device
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it another target, for whoever has it open too.
    pub fn load(&self, target: &str, options: &str) {
        let mut body = Vec::new();
        body.extend_from_slice(&0u64.to_le_bytes());
        body.extend_from_slice(&self.sectors.to_le_bytes());
        body.extend_from_slice(&[0; 8]);
        let mut kind = [0; 16];
        kind[..target.len()].copy_from_slice(target.as_bytes());
        body.extend_from_slice(&kind);
        body.extend_from_slice(options.as_bytes());
        body.resize((body.len() + 1).next_multiple_of(8), 0);
        let len = body.len() as u32;
        body[20..24].copy_from_slice(&len.to_le_bytes());
        self.ask(LOAD, 0, 1, &body);
        self.ask(SUSPEND, SUSPENDED | AS_THE_FILE_SYSTEM_IS, 0, &[]);
        self.ask(SUSPEND, 0, 0, &[]);
    }

    pub fn tell(&self, message: &str) {
        let mut body = vec![0; 8];
        body.extend_from_slice(message.as_bytes());
        body.push(0);
        self.ask(MESSAGE, 0, 0, &body);
    }

    fn ask(&self, command: u32, flags: u32, targets: u32, body: &[u8]) -> u64 {
        self.try_ask(command, flags, targets, body).unwrap_or_else(|error| panic!("{}: {command}: {error}", self.name))
    }

    fn try_ask(&self, command: u32, flags: u32, targets: u32, body: &[u8]) -> io::Result<u64> {
        let head = Head {
            version: [4, 0, 0],
            size: size_of::<Request>() as u32,
            start: HEAD as u32,
            targets,
            open: 0,
            flags,
            event: 0,
            padding: 0,
            device: 0,
            name: [0; 128],
            uuid: [0; 129],
            rest: [0; 7],
        };
        let mut request = Request { head, body: [0; 512] };
        request.head.name[..self.name.len()].copy_from_slice(self.name.as_bytes());
        request.body[..body.len()].copy_from_slice(body);
        let number = 3 << 30 | (HEAD as u32) << 16 | 0xfd << 8 | command;
        // SAFETY: the kernel reads and writes the structure, whose size it is told, and which lives until it returns.
        let returned = unsafe { libc::ioctl(self.control.as_raw_fd(), number as _, &raw mut request) };
        if returned == 0 { Ok(request.head.device) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        for _ in 0..300 {
            // Busy for as long as a file system on it is not quite gone.
            if self.try_ask(REMOVE, 0, 0, &[]).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        println!("{} could not be removed", self.name);
    }
}
