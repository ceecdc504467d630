//! Directories on different file systems.

use std::path::Path;

use tempfile::TempDir;

/// A new directory on the disk and one in memory, where there is one.
pub fn places() -> Vec<TempDir> {
    let mut places = vec![tempfile::tempdir().unwrap()];
    let memory = Path::new("/dev/shm");
    match memory.is_dir().then(|| tempfile::tempdir_in(memory)) {
        Some(Ok(dir)) => places.push(dir),
        _ => println!("skipped: no directory in /dev/shm"),
    }
    places
}

/// Bytes that differ from place to place.
pub fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}
