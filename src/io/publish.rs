use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::DirectFile;
use crate::sys::{self, Demand};

/// Tells the temporary names of one process apart. Relaxed: only that the values differ counts.
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

/// A file under a temporary name that takes its place when it is complete, and is removed when it is not.
#[derive(Debug)]
pub(super) struct Unpublished {
    temporary: PathBuf,
    path: PathBuf,
    published: bool,
}

impl Unpublished {
    /// Creates the temporary file in the directory of `path`, since a rename does not leave its file system.
    pub(super) fn create(path: &Path, direct: Demand) -> io::Result<(Self, DirectFile)> {
        let Some(name) = path.file_name() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not name a file"));
        };
        let options = DirectFile::options().read().write().create_new().direct(direct);
        loop {
            let mut hidden = OsString::from(".");
            hidden.push(name);
            hidden.push(format!(".{}-{}.tmp", process::id(), SEQUENCE.fetch_add(1, Ordering::Relaxed)));
            let temporary = path.with_file_name(hidden);
            match options.open(&temporary) {
                Ok(file) => return Ok((Self { temporary, path: path.to_owned(), published: false }, file)),
                // Left by a process of the same number that was killed.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => {
                    if e.kind() == io::ErrorKind::Unsupported {
                        // O_DIRECT was refused after the file was made.
                        let _ = std::fs::remove_file(&temporary);
                    }
                    return Err(e);
                }
            }
        }
    }

    /// Puts the file in its place, durably. Its content must be durable.
    pub(super) fn publish(&mut self) -> io::Result<()> {
        std::fs::rename(&self.temporary, &self.path)?;
        self.published = true;
        // An empty parent is the working directory.
        let parent = self.path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sys::file::sync_directory(parent)
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if !self.published {
            // Nobody is there to be told; the name says what the file is.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}
