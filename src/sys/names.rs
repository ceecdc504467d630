//! Files without a name, and names that appear in one step and are made durable.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};

/// What std's `create` gives: the process's mask and the directory's default access list take away from it.
const MODE: Mode = Mode::from_bits_truncate(0o666);

/// A directory that names are made in, wherever it is moved to meanwhile.
pub(crate) fn open_directory(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok(retry_on_intr(|| fs::openat(CWD, path, flags, Mode::empty()))?)
}

/// A file without a name on the directory's file system, which [`link`] can give one; `None` where there is no such
/// thing.
pub(crate) fn create_unnamed(directory: impl AsFd) -> io::Result<Option<File>> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match retry_on_intr(|| fs::openat(&directory, c".", flags, MODE)) {
        Ok(file) => {
            // Without /proc only the privileged could name it: `link` has to work for all, when all is written.
            let reachable = fs::accessat(CWD, proc_path(&file).as_str(), fs::Access::EXISTS, AtFlags::empty()).is_ok();
            Ok(reachable.then(|| file.into()))
        }
        // EOPNOTSUPP is the file system's answer; the others those of kernels that do not know the flag.
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// A new file of that name, which must not be there.
pub(crate) fn create_named(directory: impl AsFd, name: &OsStr) -> io::Result<File> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::CLOEXEC;
    Ok(retry_on_intr(|| fs::openat(&directory, name, flags, MODE))?.into())
}

/// Gives an unnamed file its name; false where the name is taken.
pub(crate) fn link(file: impl AsFd, directory: impl AsFd, name: &OsStr) -> io::Result<bool> {
    // By /proc, because AT_EMPTY_PATH wants CAP_DAC_READ_SEARCH of those who did not open the file themselves, and
    // before Linux 6.10 of all.
    let mut linked = fs::linkat(CWD, proc_path(&file).as_str(), &directory, name, AtFlags::SYMLINK_FOLLOW);
    if linked == Err(Errno::NOENT) {
        linked = fs::linkat(&file, c"", &directory, name, AtFlags::EMPTY_PATH);
    }
    match linked {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// Of the thread, because /proc/self is empty once the process's first thread has ended.
fn proc_path(file: impl AsFd) -> String {
    format!("/proc/thread-self/fd/{}", file.as_fd().as_raw_fd())
}

/// Puts the file of one name in the place of another, whatever that was.
pub(crate) fn rename(directory: impl AsFd, from: &OsStr, to: &OsStr) -> io::Result<()> {
    Ok(fs::renameat(&directory, from, &directory, to)?)
}

pub(crate) fn remove(directory: impl AsFd, name: &OsStr) -> io::Result<()> {
    Ok(fs::unlinkat(directory, name, AtFlags::empty())?)
}

/// Whether the name is that of a directory; a link to one is not.
pub(crate) fn is_directory(directory: impl AsFd, name: &OsStr) -> bool {
    fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

/// Makes the directory's names durable, where the file system has such an operation.
pub(crate) fn sync_names(directory: impl AsFd) -> io::Result<()> {
    match retry_on_intr(|| fs::fsync(&directory)) {
        Ok(()) | Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(()),
        Err(e) => Err(e.into()),
    }
}

/// Makes durable what was created, renamed or removed in the directory at `path` before.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    sync_names(open_directory(path)?)
}
