//! A file system that is really full.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use bedplate::io::{AppendLog, LogError, LogReader};

/// A file system of a mebibyte in memory, unmounted when dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(path: &'a Path) -> Option<Self> {
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "bedplate"]).arg(path).output().ok()?;
        status.status.success().then_some(Self(path))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_file_system_is_a_clean_error() {
    let dir = tempfile::tempdir().unwrap();
    let Some(mount) = Mount::new(dir.path()) else {
        println!("skipped: a file system cannot be mounted here");
        return;
    };
    let path = dir.path().join("log");
    let log = AppendLog::options().segment_size(256 << 10).open(&path).unwrap();
    let mut appended = 0u64;
    let error = loop {
        match log.append(&appended.to_le_bytes().repeat(100)) {
            Ok(_) => appended += 1,
            Err(e) => break e,
        }
    };
    let LogError::Io(e) = &error else { panic!("not a clean error: {error}") };
    assert_eq!(e.kind(), ErrorKind::StorageFull);
    assert!(appended > 500, "{appended}");
    // What was appended before can still be committed, and is all there.
    assert_eq!(log.commit().unwrap().get(), appended);
    drop(log);
    let mut read = 0;
    for record in LogReader::open(&path).unwrap().records() {
        assert_eq!(record.unwrap().data, u64::to_le_bytes(read).repeat(100));
        read += 1;
    }
    assert_eq!(read, appended);
    assert_eq!(AppendLog::options().segment_size(256 << 10).open(&path).unwrap().durable_lsn().get(), appended);
    drop(mount);
}
