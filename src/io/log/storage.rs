//! What the log stands on, as a seam: a real directory, and in tests one that fails and forgets.

use std::fmt::Debug;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::format::SECTOR;
use crate::io::{DirectFile, DirectFileOptions, Preallocate};
use crate::sys::{self, Demand};

/// A directory with the segments of a log.
pub(crate) trait Directory: Debug + Send + Sync {
    /// The names in it, in any order.
    fn list(&self) -> io::Result<Vec<String>>;
    /// Opens a file for reading, and for writing where `access` says so.
    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn Storage>>;
    /// Makes a file for reading and writing; one of that name is an error.
    fn create(&self, name: &str) -> io::Result<Box<dyn Storage>>;
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Makes durable what was created, renamed and removed.
    fn sync(&self) -> io::Result<()>;
    /// The name as errors show it.
    fn path(&self, name: &str) -> PathBuf;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A segment's file. Buffers, offsets and lengths are multiples of 4096.
pub(crate) trait Storage: Debug + Send + Sync {
    /// Reads until `buf` is full or the file ends; says how much that was.
    fn read(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes as many bytes of `buf` as one call takes.
    fn write(&self, buf: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes durable what was written before.
    fn sync(&self) -> io::Result<()>;
    fn len(&self) -> io::Result<u64>;
    /// Cuts the file.
    fn cut(&self, len: u64) -> io::Result<()>;
    /// Reserves space to `len` and extends the file to it with zeros.
    fn reserve(&self, len: u64) -> io::Result<()>;
    fn is_direct(&self) -> bool;
}

/// Writes all of `buf`. A short write may end inside a sector; that sector is written again.
pub(super) fn write_all(file: &dyn Storage, buf: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < buf.len() {
        let n = file.write(&buf[done..], offset + done as u64)?;
        if n < SECTOR {
            return Err(io::ErrorKind::WriteZero.into());
        }
        done += n / SECTOR * SECTOR;
    }
    Ok(())
}

/// A directory of the file system.
#[derive(Debug)]
pub(crate) struct FsDirectory {
    path: PathBuf,
    direct: Demand,
}

impl FsDirectory {
    const LOCK: &str = "lock";

    /// An existing directory.
    pub(super) fn open(path: &Path, direct: Demand) -> io::Result<Self> {
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

    fn open_with(&self, options: &DirectFileOptions, name: &str) -> io::Result<Box<dyn Storage>> {
        let file = options.clone().direct(self.direct).open(self.path.join(name))?;
        if file.alignment().offset > SECTOR {
            // The format's sector is smaller than the disk's, so its writes cannot be direct ones.
            if self.direct.required() {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "the disk's sectors are larger than the log's"));
            }
            return Ok(Box::new(file.into_buffered()?));
        }
        Ok(Box::new(file))
    }
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

    fn open(&self, name: &str, access: Access) -> io::Result<Box<dyn Storage>> {
        let options = DirectFile::options().read();
        self.open_with(&if access == Access::Write { options.write() } else { options }, name)
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn Storage>> {
        self.open_with(&DirectFile::options().read().write().create_new(), name)
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
}

impl Storage for DirectFile {
    fn read(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.fill(buf, offset)
    }

    fn write(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.write_at(buf, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        DirectFile::len(self)
    }

    fn cut(&self, len: u64) -> io::Result<()> {
        self.set_len(len)
    }

    fn reserve(&self, len: u64) -> io::Result<()> {
        match self.preallocate(len, Preallocate::Reserve) {
            // Without reservations space runs out at a write instead, which then poisons the log.
            Err(e) if e.kind() == io::ErrorKind::Unsupported => self.set_len(len),
            other => other,
        }
    }

    fn is_direct(&self) -> bool {
        self.effective().direct
    }
}
