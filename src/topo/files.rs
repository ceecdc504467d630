//! Reading the small files under `/sys` and `/proc`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::bits::Bits;
use super::{CpuSet, ParseSetError, Warning};

/// Reads files under one root. What is missing is `None`; what is there and cannot be used is `None` and a warning.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    warnings: Vec<Warning>,
}

impl Files {
    pub(super) fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), warnings: Vec::new() }
    }

    pub(super) fn warn(&mut self, warning: Warning) {
        self.warnings.push(warning);
    }

    pub(super) fn into_warnings(self) -> Vec<Warning> {
        self.warnings
    }

    /// The text of a file, without the white space and NUL bytes around it.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let path = self.root.join(path);
        match read(&path) {
            Ok(text) => Some(text),
            Err(error) => {
                // ENOENT, ENOTDIR and ENODEV (an attribute of a device that just left) all say that it is not there.
                let missing = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
                if !missing && error.raw_os_error() != Some(ENODEV) {
                    self.warn(Warning::Unreadable { path, kind: error.kind() });
                }
                None
            }
        }
    }

    pub(super) fn number(&mut self, path: &str) -> Option<u32> {
        // -1 stands for a number that is not known.
        self.text(path)?.parse().ok()
    }

    /// A set of CPUs: the mask of the file `mask`, or the list of the file `list` where there is no mask.
    ///
    /// The kernel writes both; old ones write the mask alone.
    pub(super) fn set(&mut self, mask: &str, list: &str) -> Option<CpuSet> {
        self.mask(mask).or_else(|| self.list(list))
    }

    pub(super) fn mask(&mut self, path: &str) -> Option<CpuSet> {
        self.parse(path, Bits::parse_mask)
    }

    pub(super) fn list(&mut self, path: &str) -> Option<CpuSet> {
        self.parse(path, Bits::parse_list)
    }

    fn parse(&mut self, path: &str, parse: fn(&str) -> Result<Bits, ParseSetError>) -> Option<CpuSet> {
        match parse(&self.text(path)?) {
            Ok(bits) => Some(CpuSet(bits)),
            Err(error) => {
                let path = self.root.join(path);
                self.warn(Warning::Malformed { path, error });
                None
            }
        }
    }

    /// The numbers of the folders `prefix0`, `prefix1` … in a folder, sorted. None where there is no such folder.
    pub(super) fn numbered(&mut self, folder: &str, prefix: &str) -> Vec<usize> {
        let names = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let number = |name: &str| -> Option<usize> { name.strip_prefix(prefix)?.parse().ok() };
        let mut numbers: Vec<_> =
            names.filter_map(|name| number(name.to_str()?)).filter(|number| *number <= CpuSet::MAX_ID).collect();
        numbers.sort_unstable();
        numbers
    }

    pub(super) fn exists(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }
}

/// `io::ErrorKind` has no name for it.
const ENODEV: i32 = 19;

fn read(path: &Path) -> io::Result<String> {
    // Not `fs::read_to_string`: it asks for the length first, which files under /sys do not have.
    let mut text = Vec::with_capacity(4096);
    File::open(path)?.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\0').to_owned())
}
