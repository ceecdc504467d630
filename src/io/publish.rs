use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::DirectFile;
use crate::sys::{self, Demand};

/// Tells the temporary names of one process apart. Relaxed: only that the values differ counts.
static SEQUENCE: AtomicU64 = AtomicU64::new(0);

/// The longest name that the file systems in use take.
const LONGEST: usize = 255;

/// A file that takes its name when it is complete, and is gone when it is not.
///
/// It has no name until then (`O_TMPFILE`), so that nothing of it can be left; or a hidden one, where the file system
/// has no files without a name. The directory is held open: names appear in it, wherever it is moved and wherever the
/// process changes its working directory to.
#[derive(Debug)]
pub(super) struct Unpublished {
    directory: OwnedFd,
    name: OsString,
    /// The temporary name, for as long as there is one.
    hidden: Option<OsString>,
}

impl Unpublished {
    /// Creates the file in the directory of `path`, since neither a link nor a rename leaves its file system.
    pub(super) fn create(path: &Path, direct: Demand) -> io::Result<(Self, DirectFile)> {
        let unpublished = Self::at(path)?;
        match sys::names::create_unnamed(&unpublished.directory)? {
            Some(file) => Ok((unpublished, DirectFile::from_opened(file, direct)?)),
            None => unpublished.create_hidden(direct),
        }
    }

    /// What is going to be at `path`, without a file yet.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let (parent, name) = split(path)?;
        let directory = sys::names::open_directory(parent)?;
        if sys::names::is_directory(&directory, name) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self { directory, name: name.to_owned(), hidden: None })
    }

    /// Creates the file under a hidden name.
    pub(super) fn create_hidden(mut self, direct: Demand) -> io::Result<(Self, DirectFile)> {
        let file = self.under_hidden_name(|this, hidden| match sys::names::create_named(&this.directory, hidden) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(None),
            Err(e) => Err(e),
        })?;
        Ok((self, DirectFile::from_opened(file, direct)?))
    }

    /// Puts the file in its place, durably. Its content must be durable.
    pub(super) fn publish(mut self, file: &DirectFile) -> io::Result<()> {
        let was_unnamed = self.hidden.is_none();
        if was_unnamed {
            if sys::names::link(file, &self.directory, &self.name)? {
                return self.settle(file);
            }
            // A link does not replace. Under a name of its own the file can be moved over what is there, in one step.
            self.under_hidden_name(|this, hidden| Ok(sys::names::link(file, &this.directory, hidden)?.then_some(())))?;
        }
        let hidden = self.hidden.as_deref().expect("linked just now, or created under it");
        sys::names::rename(&self.directory, hidden, &self.name)?;
        self.hidden = None;
        if was_unnamed { self.settle(file) } else { sys::names::sync_names(&self.directory) }
    }

    /// Makes a link durable. The file's own sync while it had no name is not enough everywhere: btrfs logs nothing of a
    /// file that a crash would remove.
    fn settle(&self, file: &DirectFile) -> io::Result<()> {
        file.sync_all()?;
        sys::names::sync_names(&self.directory)
    }

    /// Does something with a hidden name that is not taken, and keeps it; `attempt` answers `None` where it is taken.
    fn under_hidden_name<T>(&mut self, attempt: impl Fn(&Self, &OsStr) -> io::Result<Option<T>>) -> io::Result<T> {
        loop {
            let tail = format!(".{}-{}.tmp", process::id(), SEQUENCE.fetch_add(1, Ordering::Relaxed));
            let mut hidden = OsString::from(".");
            if 1 + self.name.len() + tail.len() <= LONGEST {
                hidden.push(&self.name);
            }
            hidden.push(tail);
            // Else it is that of another process of this number, in another container or killed before.
            if let Some(made) = attempt(self, &hidden)? {
                self.hidden = Some(hidden);
                return Ok(made);
            }
        }
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        if let Some(hidden) = &self.hidden {
            // Nobody is there to be told; the name says what the file is.
            let _ = sys::names::remove(&self.directory, hidden);
        }
    }
}

/// The directory and the name in it. `file_name` alone would take `a/` and `a/.` for the file `a`.
fn split(path: &Path) -> io::Result<(&Path, &OsStr)> {
    let name = path.file_name().filter(|name| path.as_os_str().as_bytes().ends_with(name.as_bytes()));
    let Some(name) = name else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path does not name a file"));
    };
    // An empty parent is the working directory.
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((parent, name))
}
