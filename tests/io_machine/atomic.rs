//! Writes that are not torn, where a file has them: XFS has some on every device since Linux 6.16.

use std::fs;
use std::io::ErrorKind;

use bedplate::Demand;
use bedplate::io::{DirectFile, NotAtomic, WriteOptions};
use bedplate::mem::AlignedBuf;

use crate::alone::with_mounts;
use crate::mount::Mount;
use crate::noise::noise;

const ATOMIC: WriteOptions = WriteOptions::new().atomic(Demand::Require);

#[test]
fn writes_of_any_length_that_is_offered_are_taken() {
    with_mounts(|| {
        let Some(mount) = Mount::xfs(512) else { return };
        let path = mount.path().join("f");
        fs::write(&path, vec![1; 256 << 10]).unwrap();
        let file = DirectFile::options().read().write().direct(Demand::Require).open(&path).unwrap();
        let Some(offered) = file.atomic_writes() else {
            println!("skipped: XFS has no atomic writes here");
            return;
        };
        assert!(offered.min.is_power_of_two() && offered.min <= offered.max && offered.max_segments > 0, "{offered:?}");
        let mut len = offered.min;
        while len <= offered.max.min(64 << 10) {
            let data = AlignedBuf::from_slice(&noise(len, len as u64), 4096);
            file.write_all_at_with(&data, len as u64, ATOMIC).unwrap();
            assert!(fs::read(&path).unwrap()[len..2 * len] == *data);
            len *= 2;
        }
        let stats = file.stats();
        assert_eq!((stats.atomic, stats.degraded), (stats.writes, 0), "{stats:?}");

        // Of no power of two, at no multiple of the length, too long.
        let long = AlignedBuf::zeroed(2 * offered.max, 4096);
        for (len, offset) in [(3 * offered.min, 0), (2 * offered.min, offered.min), (2 * offered.max, 0)] {
            let error = file.write_all_at_with(&long[..len], offset as u64, ATOMIC).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<NotAtomic>()).expect("why");
            assert_eq!((inner.offered, inner.len), (Some(offered), len));
        }
        file.write_all_at_with(&long[..3 * offered.min], 0, WriteOptions::new().atomic(Demand::Prefer)).unwrap();
        assert_eq!(file.stats().degraded, 1);
    });
}

/// The kernel knows the fields of `statx` for all files, and sets the bit that says so for some that have none.
#[test]
fn a_file_without_them_says_so() {
    with_mounts(|| {
        let Some(mount) = Mount::ext4(8 << 20, 4096) else { return };
        let path = mount.path().join("f");
        let file = DirectFile::options().read().write().create().open(&path).unwrap();
        if file.atomic_writes().is_some() {
            println!("skipped: this loop device has atomic writes");
            return;
        }
        let error = file.write_all_at_with(&AlignedBuf::zeroed(4096, 4096), 0, ATOMIC).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(file.len().unwrap(), 0);
    });
}
