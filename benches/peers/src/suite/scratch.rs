//! Where the suites that need a disk put their files.

use std::path::Path;
use tempfile::TempDir;

/// A folder on a disk, removed when dropped; or why there is none.
pub fn folder() -> Result<TempDir, String> {
    let folder = tempfile::Builder::new().prefix("bedplate-peers-").tempdir();
    let folder = folder.map_err(|error| format!("no folder in {}: {error}", std::env::temp_dir().display()))?;
    if in_memory(folder.path()) {
        return Err(format!("{} is in memory: set TMPDIR to a folder on a disk", std::env::temp_dir().display()));
    }
    Ok(folder)
}

fn in_memory(path: &Path) -> bool {
    /// `TMPFS_MAGIC` of `linux/magic.h`.
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::statfs(path).is_ok_and(|fs| fs.f_type as u64 == TMPFS)
}
