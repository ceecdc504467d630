//! What the log stands on, as a seam: a real directory, and in tests one that fails and forgets. A file in it is a
//! [`DirectFile`], whose seam is [`io::storage`](crate::io::storage).

use std::fmt::Debug;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use super::format::SECTOR;
use crate::io::{DirectFile, DirectFileOptions};
use crate::sys::{self, Demand};

/// A directory with the segments of a log.
pub(crate) trait Directory: Debug + Send + Sync {
    /// The names in it, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file for reading, and for writing where `access` says so. A file to write to is locked, until it is
    /// closed: [`WouldBlock`](io::ErrorKind::WouldBlock) where somebody else has it.
    fn open(&self, name: &str, access: Access) -> io::Result<DirectFile>;
    /// Makes a file for reading and writing, and locks it; one of that name is an error.
    fn create(&self, name: &str) -> io::Result<DirectFile>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes durable what was created, renamed and removed.
    fn sync(&self) -> io::Result<()>;
    /// The name as errors show it.
    fn path(&self, name: &str) -> PathBuf;
    /// Nanoseconds since 1970, by the wall clock.
    fn now(&self) -> u64;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A directory of the file system.
#[derive(Debug)]
pub(crate) struct FsDirectory {
    path: PathBuf,
    direct: Demand,
}

impl FsDirectory {
    const LOCK: &str = "lock";

    /// How long a segment's lock is waited for. It is the kernel that has it then, for the last transfers of a process
    /// that was killed; a living writer has the directory's lock, and this one would not have come so far.
    const PATIENCE: Duration = Duration::from_secs(1);
    const PAUSE: Duration = Duration::from_millis(5);

    /// An existing directory.
    pub(in crate::io) fn open(path: &Path, direct: Demand) -> io::Result<Self> {
        fs::read_dir(path)?;
        Ok(Self { path: path.to_owned(), direct })
    }

    /// Makes the directory where there is none.
    pub(super) fn create(path: &Path, direct: Demand) -> io::Result<Self> {
        if !path.is_dir() {
            fs::create_dir_all(path)?;
            // An empty parent is the working directory.
            let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
            sys::names::sync_directory(parent)?;
        }
        Self::open(path, direct)
    }

    /// The file whose closing gives the directory up to another writer; `None` where one has it.
    pub(super) fn lock(&self) -> io::Result<Option<File>> {
        let lock = File::options().write(true).create(true).truncate(false).open(self.path.join(Self::LOCK))?;
        Ok(sys::file::try_lock(&lock)?.then_some(lock))
    }

    fn open_with(&self, options: &DirectFileOptions, name: &str) -> io::Result<DirectFile> {
        let file = options.clone().direct(self.direct).open(self.path.join(name))?;
        if file.alignment().offset > SECTOR {
            // The format's sector is smaller than the disk's, so its writes cannot be direct ones.
            if self.direct.required() {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "the disk's sectors are larger than the log's"));
            }
            return file.into_buffered();
        }
        Ok(file)
    }
}

/// Locks the file for as long as it is open.
fn lock_file(file: &DirectFile) -> io::Result<()> {
    let begun = Instant::now();
    while !sys::file::try_lock(file)? {
        if begun.elapsed() >= FsDirectory::PATIENCE {
            return Err(io::Error::new(io::ErrorKind::WouldBlock, "somebody else writes to this segment"));
        }
        // The kernel tells nobody when it is done, but to those who would wait for ever.
        thread::sleep(FsDirectory::PAUSE);
    }
    Ok(())
}

impl Directory for FsDirectory {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            // The log's own names are ASCII; others are none of its business.
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn open(&self, name: &str, access: Access) -> io::Result<DirectFile> {
        let options = DirectFile::options().read();
        if access == Access::Read {
            return self.open_with(&options, name);
        }
        let file = self.open_with(&options.write(), name)?;
        lock_file(&file)?;
        Ok(file)
    }

    fn create(&self, name: &str) -> io::Result<DirectFile> {
        let file = self.open_with(&DirectFile::options().read().write().create_new(), name)?;
        lock_file(&file)?;
        Ok(file)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        sys::names::sync_directory(&self.path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn now(&self) -> u64 {
        let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        // Enough until the year 2554.
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}
