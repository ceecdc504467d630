//! Reading the small files under `/sys` and `/proc`.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{CpuSet, NodeSet, ParseSetError, Warning};
use crate::sys::dir::{Dir, End};

/// How many warnings of single files are kept; the rest is only counted. A tree in which nothing may be read has many.
const MOST_WARNINGS: usize = 32;

/// Reads files under one root. What is missing is `None`; what is there and cannot be used is `None` and a warning.
#[derive(Debug)]
pub(super) struct Files {
    /// The root; `None` where it cannot be opened.
    root: Option<Folder>,
    path: PathBuf,
    ends: End,
    /// What the last file held. One for all, since a machine of hundreds of CPUs has thousands of files.
    buf: Vec<u8>,
    /// How much of it that is.
    len: usize,
    warnings: Vec<Warning>,
    /// Warnings of single files that were kept and that were not.
    file_warnings: usize,
}

/// An open folder below the root, to read several files in it.
#[derive(Debug)]
pub(super) struct Folder {
    dir: Dir,
    /// Below the root; for warnings.
    path: String,
}

impl Files {
    /// The files of `/sys` or `/proc`, or of a tree that stands for it.
    pub(super) fn new(root: &Path) -> Self {
        Self {
            root: Dir::open(root).ok().map(|dir| Folder { dir, path: String::new() }),
            path: root.to_owned(),
            ends: End::Nothing,
            buf: Vec::new(),
            len: 0,
            warnings: Vec::new(),
            file_warnings: 0,
        }
    }

    /// As [`new`](Self::new), for files that are one attribute each, as under `/sys`: saves a system call a file.
    pub(super) fn of_attributes(root: &Path) -> Self {
        Self { ends: End::Line, ..Self::new(root) }
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    pub(super) fn into_warnings(mut self) -> Vec<Warning> {
        if self.file_warnings > MOST_WARNINGS {
            self.warnings.push(Warning::MoreFiles { count: self.file_warnings - MOST_WARNINGS });
        }
        self.warnings
    }

    /// Opens a folder. `None` where there is none, and with a warning where it is there and may not be opened.
    pub(super) fn folder(&mut self, path: &str) -> Option<Folder> {
        match self.root.as_ref()?.dir.open_below(path) {
            Ok(dir) => Some(Folder { dir, path: path.to_owned() }),
            Err(error) => {
                self.unreadable(Path::new(path), &error);
                None
            }
        }
    }

    /// The text of a file, without the white space and NUL bytes around it.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let root = self.root.take()?;
        let is_read = self.read(&root, path);
        self.root = Some(root);
        is_read.then(|| String::from_utf8_lossy(trimmed(&mut self.buf[..self.len])).into_owned())
    }

    /// As [`text`](Self::text), of a file in a folder; what it returns is there until the next is read.
    pub(super) fn text_in(&mut self, folder: &Folder, name: &str) -> Option<&str> {
        self.read(folder, name).then(|| self.last())
    }

    /// A number; -1 and other text stands for one that is not known.
    pub(super) fn number_in<T: FromStr>(&mut self, folder: &Folder, name: &str) -> Option<T> {
        self.text_in(folder, name)?.parse().ok()
    }

    /// A set of CPUs in the kernel's mask format.
    pub(super) fn mask_in(&mut self, folder: &Folder, name: &str) -> Option<CpuSet> {
        let set = CpuSet::parse_mask(self.text_in(folder, name)?);
        self.understood(set, || format!("{}/{name}", folder.path))
    }

    /// A set of CPUs in the kernel's list format.
    pub(super) fn list_in(&mut self, folder: &Folder, name: &str) -> Option<CpuSet> {
        let set = list(self.text_in(folder, name)?);
        self.understood(set, || format!("{}/{name}", folder.path))
    }

    pub(super) fn list(&mut self, path: &str) -> Option<CpuSet> {
        let set = list(&self.text(path)?);
        self.understood(set, || path.to_owned())
    }

    pub(super) fn node_list(&mut self, path: &str) -> Option<NodeSet> {
        let set = self.text(path)?.parse();
        self.understood(set, || path.to_owned())
    }

    /// `set`, or a warning about the file it is from.
    fn understood<T>(&mut self, set: Result<T, ParseSetError>, path: impl FnOnce() -> String) -> Option<T> {
        set.map_err(|error| {
            let path = self.path.join(path());
            self.warn_of_file(Warning::Malformed { path, error });
        })
        .ok()
    }

    /// The numbers of the folders `prefix0`, `prefix1` … in a folder, sorted. None where there is no such folder.
    pub(super) fn numbered(&mut self, folder: &str, prefix: &str) -> Vec<usize> {
        let mut numbers = Vec::new();
        let Some(root) = &self.root else { return numbers };
        let read = root.dir.names(folder, |name| {
            let digits = name.strip_prefix(prefix).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
            numbers.extend(digits.and_then(|digits| digits.parse::<usize>().ok()).filter(|id| *id <= CpuSet::MAX_ID));
        });
        if let Err(error) = read {
            self.unreadable(Path::new(folder), &error);
        }
        numbers.sort_unstable();
        // Files of another kind may be named like folders: `cpu1` and `cpu01`.
        numbers.dedup();
        numbers
    }

    /// The names in a folder.
    pub(super) fn names_in(&mut self, folder: &Folder, name: &str) -> Vec<String> {
        let mut names = Vec::new();
        if let Err(error) = folder.dir.names(name, |name| names.push(name.to_owned())) {
            self.unreadable(&Path::new(&folder.path).join(name), &error);
        }
        names
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.root.as_ref().is_some_and(|root| root.dir.exists(path))
    }

    /// Reads a file into the buffer; false, perhaps with a warning, where there is nothing to read.
    fn read(&mut self, folder: &Folder, name: &str) -> bool {
        match folder.dir.read(name, self.ends, &mut self.buf) {
            Ok(len) => {
                self.len = len;
                true
            }
            Err(error) => {
                self.unreadable(&Path::new(&folder.path).join(name), &error);
                false
            }
        }
    }

    /// What is in the buffer, as text; what is no ASCII shows as a question mark, which no file of numbers holds.
    fn last(&mut self) -> &str {
        let text = trimmed(&mut self.buf[..self.len]);
        text.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
        std::str::from_utf8(text).unwrap_or_default()
    }

    /// A warning, unless the error says that nothing is there: ENOENT, ENOTDIR, and ENODEV of an attribute whose
    /// device just left.
    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let kind = error.kind();
        let is_missing = matches!(kind, io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
        if !is_missing && error.raw_os_error() != Some(ENODEV) {
            let path = self.path.join(path);
            self.warn_of_file(Warning::Unreadable { path, kind });
        }
    }

    fn warn_of_file(&mut self, warning: Warning) {
        self.file_warnings += 1;
        if self.file_warnings <= MOST_WARNINGS {
            self.warnings.push(warning);
        }
    }
}

/// `text` without the white space and NUL bytes around it.
fn trimmed(text: &mut [u8]) -> &mut [u8] {
    let blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == 0;
    let start = text.iter().position(|byte| !blank(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    &mut text[start..end]
}

/// `io::ErrorKind` has no name for it.
const ENODEV: i32 = 19;

/// A list; the kernel writes the pointer where there is no set at all, as of `nohz_full` on kernels that could have
/// one.
fn list(text: &str) -> Result<CpuSet, ParseSetError> {
    match text {
        "(null)" => Ok(CpuSet::new()),
        text => text.parse(),
    }
}
