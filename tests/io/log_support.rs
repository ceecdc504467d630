//! What the tests of the log share.

use std::fs;
use std::path::{Path, PathBuf};

use bedplate::io::{AppendLog, AppendLogOptions, LogReader};

/// A log whose segments hold 15 frames of a sector.
pub fn small() -> AppendLogOptions {
    AppendLog::options().segment_size(64 << 10).buffer_size(16 << 10)
}

/// The data of all records that are there.
pub fn all(dir: &Path) -> Vec<Vec<u8>> {
    LogReader::open(dir).unwrap().records().map(|r| r.unwrap().data).collect()
}

/// The files that end so, in the order of their names.
pub fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let names = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = names.filter(|p| p.to_str().unwrap().ends_with(ending)).collect();
    files.sort();
    files
}

/// The segments, the one that is prepared among them.
pub fn segments(dir: &Path) -> Vec<PathBuf> {
    files(dir, ".log")
}
