use std::fs::File;
use std::io;
use std::path::Path;

/// Makes the names in a directory durable: what was created, renamed or removed there before.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
