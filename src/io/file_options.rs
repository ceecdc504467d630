use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::DirectFile;
use crate::sys::{self, Demand};

/// How a [`DirectFile`] is opened: made by [`DirectFile::options`]. Nothing is set at first but `direct`, which is
/// [`Demand::Prefer`].
///
/// ```
/// use bedplate::{Demand, io::DirectFile};
///
/// let path = std::env::temp_dir().join(format!("bedplate-options-{}", std::process::id()));
/// let file = DirectFile::options().read().write().create_new().direct(Demand::Prefer).open(&path)?;
/// assert_eq!(file.len()?, 0);
/// std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "an option set opens nothing before `open`"]
pub struct DirectFileOptions {
    std: OpenOptions,
    direct: Demand,
}

impl DirectFileOptions {
    pub(super) fn new() -> Self {
        Self { std: File::options(), direct: Demand::Prefer }
    }

    /// For reading.
    pub fn read(mut self) -> Self {
        self.std.read(true);
        self
    }

    /// For writing.
    pub fn write(mut self) -> Self {
        self.std.write(true);
        self
    }

    /// Creates the file where there is none. Needs [`write`](Self::write).
    pub fn create(mut self) -> Self {
        self.std.create(true);
        self
    }

    /// Creates the file and fails where there is one. Needs [`write`](Self::write).
    pub fn create_new(mut self) -> Self {
        self.std.create_new(true);
        self
    }

    /// Empties the file. Needs [`write`](Self::write).
    pub fn truncate(mut self) -> Self {
        self.std.truncate(true);
        self
    }

    /// Whether transfers are to carry `O_DIRECT` and so pass by the page cache.
    pub fn direct(mut self, demand: Demand) -> Self {
        self.direct = demand;
        self
    }

    /// The permissions of a file that is created, less the process's mask. Not set: `0o666`.
    pub fn mode(mut self, mode: u32) -> Self {
        self.std.mode(mode);
        self
    }

    /// Further `O_` flags of the system call, such as `O_EXCL` for a block device that nobody else is to have open, or
    /// `O_NOATIME`. Those of access, creation and `O_DIRECT` have their own setters, and are left out here.
    pub fn custom_flags(mut self, flags: i32) -> Self {
        self.std.custom_flags(sys::file::without_direct(flags));
        self
    }

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// As [`std::fs::OpenOptions::open`]; [`Unsupported`](io::ErrorKind::Unsupported) where `O_DIRECT` is required and the
    /// file has no such thing (a file that `create` made before that stays, empty);
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) for `O_APPEND`, with which the kernel would have writes go elsewhere
    /// than they say.
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<DirectFile> {
        // O_DIRECT is set after the open, not with it: a file system without it would first create or truncate the file
        // and then refuse, and a second open without the flag would find another state than the first.
        DirectFile::from_opened(self.std.open(path)?, self.direct)
    }
}
