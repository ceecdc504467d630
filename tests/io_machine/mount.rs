use std::ffi::CString;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::alone::allowed;
use crate::loop_device::LoopDevice;

/// A file system of its own in a folder of its own, gone when dropped. To be made [in a thread of its
/// own](crate::alone::with_mounts), whose mounts nobody else sees and which end with it.
#[derive(Debug)]
pub struct Mount {
    path: PathBuf,
    _folder: TempDir,
    /// What the file system lies on; dropped after it was unmounted.
    _device: Option<Box<dyn Debug>>,
    below: Option<Box<Mount>>,
}

impl Mount {
    /// `None`, with a line that says so, where there is no program that makes it.
    pub fn ext4(bytes: u64, sector: u32) -> Option<Self> {
        let device = allowed("make a loop device", LoopDevice::new(bytes, sector))?;
        let path = device.path().to_owned();
        Self::ext4_on(device, &path)
    }

    /// On a device of any kind, which is held for as long as the file system is.
    pub fn ext4_on(device: impl Debug + 'static, path: &Path) -> Option<Self> {
        // Without a journal, whose size is a matter of the size of the file system, and without space that only root gets.
        Self::made("ext4", &["-q", "-b", "4096", "-m", "0", "-O", "^has_journal"], device, path)
    }

    /// Of 300 MiB, which is the least that `mkfs.xfs` makes; what is not written takes no space.
    pub fn xfs(sector: u32) -> Option<Self> {
        let device = allowed("make a loop device", LoopDevice::new(300 << 20, sector))?;
        let path = device.path().to_owned();
        Self::made("xfs", &["-q", "-f", "-s", &format!("size={sector}")], device, &path)
    }

    fn made(kind: &str, options: &[&str], device: impl Debug + 'static, path: &Path) -> Option<Self> {
        let program = format!("mkfs.{kind}");
        let output = allowed("make a file system", Command::new(&program).args(options).arg(path).output())?;
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        match Self::new(kind, path, "", Some(Box::new(device)), None) {
            Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {
                println!("skipped: the kernel has no {kind}");
                None
            }
            mount => allowed("mount", mount),
        }
    }

    pub fn tmpfs(bytes: u64) -> io::Result<Self> {
        Self::new("tmpfs", Path::new("tmpfs"), &format!("size={bytes}"), None, None)
    }

    /// What is written here goes to `below`.
    pub fn overlay(below: Self) -> io::Result<Self> {
        let [lower, upper, work] = ["lower", "upper", "work"].map(|name| below.path().join(name));
        for folder in [&lower, &upper, &work] {
            if !folder.exists() {
                fs::create_dir(folder)?;
            }
        }
        let data = format!("lowerdir={},upperdir={},workdir={}", lower.display(), upper.display(), work.display());
        Self::new("overlay", Path::new("overlay"), &data, None, Some(below.into()))
    }

    fn new(
        kind: &str,
        source: &Path,
        data: &str,
        device: Option<Box<dyn Debug>>,
        below: Option<Box<Self>>,
    ) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().to_owned();
        let [kind, data] = [kind, data].map(|text| CString::new(text).unwrap());
        let [source, target] = [source, &path].map(|path| CString::new(path.as_os_str().as_bytes()).unwrap());
        // SAFETY: all four are strings that end with a zero and live until the call returns.
        let failed = unsafe {
            libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), 0, data.as_ptr().cast::<libc::c_void>()) != 0
        };
        if failed {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { path, _folder: folder, _device: device, below })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where what is written to an overlay goes: `upper` in this folder.
    pub fn below(&self) -> Option<&Path> {
        self.below.as_ref().map(|below| below.path())
    }

    /// What is in its root, but for what the file system itself puts there.
    pub fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "lost+found").collect();
        names.sort();
        names
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let target = CString::new(self.path.as_os_str().as_bytes()).unwrap();
        // SAFETY: the string ends with a zero.
        if unsafe { libc::umount2(target.as_ptr(), 0) } != 0 {
            // A file is open on it: out of sight at once, gone with the file.
            // SAFETY: as above.
            unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) };
        }
    }
}
