use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::{Alignment, DirectFile};
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

    /// Opens the file.
    ///
    /// # Errors
    ///
    /// As [`std::fs::OpenOptions::open`]; and [`Unsupported`](io::ErrorKind::Unsupported) where `O_DIRECT` is required
    /// and the file has no such thing. A file that `create` made before that stays, empty.
    pub fn open(&self, path: impl AsRef<Path>) -> io::Result<DirectFile> {
        let file = self.std.open(path)?;
        // Set after the open, not with it: a file system without O_DIRECT would first create or truncate the file and
        // then refuse, and a second open without the flag would find another state than the first.
        let mut alignment = None;
        if self.direct.wanted() {
            alignment = sys::file::direct_alignment(&file)?;
            if alignment.is_some() && !sys::file::set_direct(&file)? {
                alignment = None;
            }
            if alignment.is_none() && self.direct.required() {
                return Err(io::Error::new(io::ErrorKind::Unsupported, "this file cannot be opened with O_DIRECT"));
            }
        }
        let alignment = alignment.map(|(memory, offset)| Alignment { memory, offset });
        Ok(DirectFile::new(file, alignment))
    }
}
