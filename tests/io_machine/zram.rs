use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// A block device of compressed memory that may take so much memory and no more: what goes beyond is an I/O error. It is
/// one that nobody else has, and is removed when dropped.
#[derive(Debug)]
pub struct Zram {
    number: u32,
}

impl Zram {
    pub fn new(bytes: u64, memory: u64) -> io::Result<Self> {
        let added = fs::read_to_string("/sys/class/zram-control/hot_add")?;
        let zram = Self { number: added.trim().parse().map_err(io::Error::other)? };
        fs::write(zram.setting("disksize"), bytes.to_string())?;
        fs::write(zram.setting("mem_limit"), memory.to_string())?;
        Ok(zram)
    }

    pub fn path(&self) -> PathBuf {
        format!("/dev/zram{}", self.number).into()
    }

    /// Gives the device as much memory as it wants.
    pub fn heal(&self) {
        fs::write(self.setting("mem_limit"), "0").unwrap();
    }

    fn setting(&self, name: &str) -> String {
        format!("/sys/block/zram{}/{name}", self.number)
    }
}

impl Drop for Zram {
    fn drop(&mut self) {
        // Busy for as long as somebody looks at it, as those do that are told of new devices, or a file system on it is not
        // quite gone.
        for _ in 0..300 {
            let _ = fs::write(self.setting("reset"), "1");
            if fs::write("/sys/class/zram-control/hot_remove", self.number.to_string()).is_ok() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        eprintln!("/dev/zram{} could not be removed", self.number);
    }
}
