//! A file whose reads are answered when the test says so: a file system in user space, of which this process is the
//! kernel's other end. Its direct reads are begun and then out of reach, as those of a disk that has stalled.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// What the file is full of.
pub const FULL_OF: u8 = 0xee;
/// Its length.
pub const LEN: u64 = 64 << 20;

const ROOT: u64 = 1;
const FILE: u64 = 2;

// The numbers of `linux/fuse.h`.
const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const OPEN: u32 = 14;
const READ: u32 = 15;
const STATFS: u32 = 17;
const RELEASE: u32 = 18;
const FLUSH: u32 = 25;
const INIT: u32 = 26;
const INTERRUPT: u32 = 36;
const BATCH_FORGET: u32 = 42;
const ASYNC_DIO: u32 = 1 << 15;
/// The process may end without an answer to a flush.
const NO_FLUSH: u8 = 1 << 5;

pub struct Stalled {
    place: PathBuf,
    shared: Arc<Shared>,
}

struct Shared {
    device: File,
    /// Reads are answered at once before it stalls. One that a thread waits for could not be killed.
    stalls: AtomicBool,
    held: Mutex<Vec<(u64, u32)>>,
    came: Condvar,
}

impl Stalled {
    /// Mounts it, in a name space of this process alone; needs root, and `/dev/fuse`.
    pub fn mount(place: &Path) -> io::Result<Self> {
        let device = File::options().read(true).write(true).open("/dev/fuse")?;
        let c = |text: &str| CString::new(text).unwrap();
        let options = c(&format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd()));
        let at = c(place.to_str().unwrap());
        // SAFETY: all strings outlive the calls; the last one takes no data.
        let failed = unsafe {
            let private = libc::MS_REC | libc::MS_PRIVATE;
            libc::unshare(libc::CLONE_NEWNS) != 0
                || libc::mount(c"none".as_ptr(), c"/".as_ptr(), std::ptr::null(), private, std::ptr::null()) != 0
                || libc::mount(c"stalled".as_ptr(), at.as_ptr(), c"fuse".as_ptr(), 0, options.as_ptr().cast()) != 0
        };
        if failed {
            return Err(io::Error::last_os_error());
        }
        let stalls = AtomicBool::new(false);
        let shared = Arc::new(Shared { device, stalls, held: Mutex::new(Vec::new()), came: Condvar::new() });
        let server = Arc::clone(&shared);
        thread::spawn(move || server.serve());
        Ok(Self { place: place.to_owned(), shared })
    }

    pub fn path(&self) -> PathBuf {
        self.place.join("file")
    }

    /// From now on reads are held.
    pub fn stall(&self) {
        self.shared.stalls.store(true, Ordering::SeqCst);
    }

    /// Returns when so many reads are held.
    pub fn wait_for(&self, reads: usize) {
        let held = self.shared.held.lock().unwrap();
        let wait = self.shared.came.wait_timeout_while(held, Duration::from_secs(20), |held| held.len() < reads);
        let (held, timeout) = wait.unwrap();
        assert!(!timeout.timed_out(), "{} of {reads} reads came", held.len());
    }

    /// Answers all reads that are held: when it returns, the bytes are where the kernel was told to put them.
    pub fn answer(&self) -> usize {
        let held = std::mem::take(&mut *self.shared.held.lock().unwrap());
        for (unique, size) in &held {
            self.shared.reply(*unique, 0, &vec![FULL_OF; *size as usize]);
        }
        held.len()
    }
}

impl Drop for Stalled {
    fn drop(&mut self) {
        self.shared.stalls.store(false, Ordering::SeqCst);
        self.answer();
        let at = CString::new(self.place.to_str().unwrap()).unwrap();
        // SAFETY: the string outlives the call. What is refused goes with the process.
        unsafe { libc::umount2(at.as_ptr(), libc::MNT_DETACH) };
    }
}

impl Shared {
    fn serve(&self) {
        let mut request = vec![0; 256 << 10];
        loop {
            let n = match (&self.device).read(&mut request) {
                Ok(n) => n,
                Err(e) if matches!(e.raw_os_error(), Some(libc::EINTR | libc::ENOENT | libc::EAGAIN)) => continue,
                // It was unmounted.
                Err(_) => return,
            };
            let word = |at: usize| u32::from_le_bytes(request[at..at + 4].try_into().unwrap());
            let long = |at: usize| u64::from_le_bytes(request[at..at + 8].try_into().unwrap());
            let (opcode, unique, node) = (word(4), long(8), long(16));
            let arguments = 40;
            match opcode {
                INIT => self.init(unique, word(arguments + 4)),
                LOOKUP if &request[arguments..n] == b"file\0" => {
                    let entry = [FILE, 0, u64::MAX >> 1, u64::MAX >> 1, 0].map(u64::to_le_bytes).concat();
                    self.reply(unique, 0, &[entry, attributes(FILE)].concat());
                }
                LOOKUP => self.reply(unique, -libc::ENOENT, &[]),
                GETATTR => {
                    let valid = [u64::MAX >> 1, 0].map(u64::to_le_bytes).concat();
                    self.reply(unique, 0, &[valid, attributes(node)].concat());
                }
                OPEN => {
                    let mut out = [0; 16];
                    out[8] = NO_FLUSH;
                    self.reply(unique, 0, &out);
                }
                READ if !self.stalls.load(Ordering::SeqCst) => {
                    self.reply(unique, 0, &vec![FULL_OF; word(arguments + 16) as usize]);
                }
                READ => {
                    self.held.lock().unwrap().push((unique, word(arguments + 16)));
                    self.came.notify_all();
                }
                STATFS => self.reply(unique, 0, &[0; 80]),
                RELEASE | FLUSH => self.reply(unique, 0, &[]),
                FORGET | BATCH_FORGET | INTERRUPT => {}
                _ => self.reply(unique, -libc::ENOSYS, &[]),
            }
        }
    }

    fn init(&self, unique: u64, minor: u32) {
        let mut out = [7, minor.min(31), 0, ASYNC_DIO].map(u32::to_le_bytes).concat();
        // Requests that may be out at once, and from how many on the kernel hesitates.
        out.extend([4096_u16, 4096].map(u16::to_le_bytes).concat());
        out.extend([1_u32 << 17, 1].map(u32::to_le_bytes).concat());
        out.resize(64, 0);
        self.reply(unique, 0, &out);
    }

    fn reply(&self, unique: u64, error: i32, data: &[u8]) {
        let mut out = ((16 + data.len()) as u32).to_le_bytes().to_vec();
        out.extend(error.to_le_bytes());
        out.extend(unique.to_le_bytes());
        out.extend(data);
        // Refused where the request was given up meanwhile.
        let _ = (&self.device).write(&out);
    }
}

fn attributes(node: u64) -> Vec<u8> {
    let (mode, size) = if node == ROOT { (libc::S_IFDIR | 0o755, 0) } else { (libc::S_IFREG | 0o644, LEN) };
    let longs = [node, size, size / 512, 0, 0, 0].map(u64::to_le_bytes).concat();
    let words = [0, 0, 0, mode, 1, 0, 0, 0, 4096, 0].map(u32::to_le_bytes).concat();
    [longs, words].concat()
}

/// The stalled file, or a line that says why there is none.
pub fn stalled(place: &Path) -> Option<Stalled> {
    match Stalled::mount(place) {
        Ok(stalled) => {
            assert_eq!(fs::metadata(stalled.path()).unwrap().len(), LEN);
            Some(stalled)
        }
        Err(error) => {
            println!("skipped: no file system in user space can be mounted: {error}");
            None
        }
    }
}
