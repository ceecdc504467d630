use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use tempfile::TempDir;

use crate::io::copy::{Copying, copy_beginning_by};
use crate::io::{Copied, CopyOptions, CopyWay};
use crate::sys::Demand;
use crate::sys::copy::{End, is_refusal};

const WAYS: [CopyWay; 3] = [CopyWay::CopyFileRange, CopyWay::Splice, CopyWay::ReadWrite];

/// On the disk, and in memory where there is a place.
fn places() -> Vec<TempDir> {
    let memory = Path::new("/dev/shm").is_dir().then(|| tempfile::tempdir_in("/dev/shm").ok()).flatten();
    if memory.is_none() {
        println!("skipped: no directory in /dev/shm");
    }
    [Some(tempfile::tempdir().unwrap()), memory].into_iter().flatten().collect()
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn create(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).unwrap()
}

/// With something longer in the destination, of which nothing may stay.
fn copy_by(way: CopyWay, from: &Path, to: &Path) -> (Copied, File) {
    let len = std::fs::metadata(from).unwrap().len() as usize;
    std::fs::write(to, vec![0xee; len + 10_001]).unwrap();
    let (from, to) = (File::open(from).unwrap(), File::options().read(true).write(true).open(to).unwrap());
    (copy_beginning_by(way, from.as_fd(), to.as_fd(), CopyOptions::new()).unwrap(), to)
}

#[test]
fn each_way_copies_every_length_here_and_across() {
    let places = places();
    for (i, from) in places.iter().enumerate() {
        for (j, to) in places.iter().enumerate() {
            for len in [0, 1, 4096, 100_001, (2 << 20) + 17] {
                let (source, copy) = (from.path().join("source"), to.path().join("copy"));
                std::fs::write(&source, pattern(len)).unwrap();
                for way in WAYS {
                    let (copied, _) = copy_by(way, &source, &copy);
                    assert_eq!(copied.bytes, len as u64);
                    assert!(std::fs::read(&copy).unwrap() == pattern(len), "{len} bytes by {way:?}");
                    match len {
                        0 => assert_eq!(copied.way, CopyWay::ReadWrite),
                        _ if i == j => assert_eq!(copied.way, way),
                        // Between file systems of two kinds it does not go.
                        _ => assert!(copied.way >= way, "{copied:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn each_way_keeps_holes() {
    let data = pattern(70_001);
    for dir in places() {
        for way in WAYS {
            // A hole at the beginning, one between, and at the end one or none.
            for len in [8 << 20, (4 << 20) + data.len() as u64] {
                let source = dir.path().join("source");
                let file = create(&source);
                file.write_all_at(&data, 1 << 20).unwrap();
                file.write_all_at(&data, 4 << 20).unwrap();
                file.set_len(len).unwrap();
                let (copied, copy) = copy_by(way, &source, &dir.path().join("copy"));
                assert_eq!((copied.bytes, copied.way), (len, way));
                assert!(std::fs::read(dir.path().join("copy")).unwrap() == std::fs::read(&source).unwrap());
                copy.sync_all().unwrap();
                let stored = copy.metadata().unwrap().blocks() * 512;
                assert!(stored < 1 << 20, "{stored} bytes are stored");
            }
            // Nothing but a hole.
            let source = dir.path().join("hole");
            create(&source).set_len(5 << 20).unwrap();
            let (copied, copy) = copy_by(way, &source, &dir.path().join("copy"));
            assert_eq!((copied.bytes, copied.way), (5 << 20, CopyWay::ReadWrite));
            assert_eq!((copy.metadata().unwrap().len(), copy.metadata().unwrap().blocks()), (5 << 20, 0));
        }
    }
}

/// A copy that takes the source for `len` bytes long, as it was when the copy began.
fn copy_of_what_was(way: CopyWay, from: &File, to: &File, len: u64, sparse: bool) -> Copied {
    let mut end = End::of(from.as_fd()).unwrap();
    (end.len, end.sparse) = (len, sparse);
    Copying::new(way, (from.as_fd(), end), (to.as_fd(), End::of(to.as_fd()).unwrap())).run().unwrap()
}

#[test]
fn a_source_that_is_cut_or_grows_meanwhile_is_copied_as_far_as_both_reach() {
    for dir in places() {
        for way in WAYS {
            for sparse in [false, true] {
                for (is, was) in [(100_001, 300_000), (300_000, 100_001)] {
                    let (from, to) = (create(&dir.path().join("from")), create(&dir.path().join("to")));
                    from.write_all_at(&pattern(is), 0).unwrap();
                    let copied = copy_of_what_was(way, &from, &to, was as u64, sparse);
                    assert_eq!(copied, Copied { bytes: is.min(was) as u64, way }, "{is} bytes that were {was}");
                    assert!(std::fs::read(dir.path().join("to")).unwrap() == pattern(is.min(was)));
                }
            }
        }
    }
}

#[test]
fn a_way_that_is_refused_is_followed_by_the_next_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let from = create(&dir.path().join("from"));
    from.write_all_at(b"by any way", 0).unwrap();
    let copy_to = |path: &str| {
        let to = File::options().write(true).open(path).unwrap();
        copy_beginning_by(CopyWay::Reflink, from.as_fd(), to.as_fd(), CopyOptions::new())
    };
    // Nothing but pages for `copy_file_range`.
    assert_eq!(copy_to("/dev/null").unwrap(), Copied { bytes: 10, way: CopyWay::Splice });
    // The last one's error is the call's.
    assert_eq!(copy_to("/dev/full").unwrap_err().kind(), ErrorKind::StorageFull);

    // Takes nothing from a pipe, which holds the bytes already when that shows.
    let to = OpenOptions::new().append(true).create(true).open(dir.path().join("to")).unwrap();
    let ends = (End::of(from.as_fd()).unwrap(), End::of(to.as_fd()).unwrap());
    let copied = Copying::new(CopyWay::Splice, (from.as_fd(), ends.0), (to.as_fd(), ends.1)).run().unwrap();
    assert_eq!(copied, Copied { bytes: 10, way: CopyWay::ReadWrite });
    assert_eq!(std::fs::read(dir.path().join("to")).unwrap(), b"by any way");
}

#[test]
fn an_error_of_the_data_is_no_refusal_of_the_way() {
    let refuses = |errno| is_refusal(&std::io::Error::from_raw_os_error(errno));
    let ways = [libc::EXDEV, libc::EOPNOTSUPP, libc::EINVAL, libc::ENOSYS, libc::ENOTTY, libc::EPERM, libc::ETXTBSY];
    assert!(ways.into_iter().all(refuses));
    let data =
        [libc::ENOSPC, libc::EIO, libc::EDQUOT, libc::EFBIG, libc::EAGAIN, libc::EPIPE, libc::EBADF, libc::ENOMEM];
    assert!(!data.into_iter().any(refuses));
    assert!(!is_refusal(&ErrorKind::WriteZero.into()));
}

#[test]
fn a_required_reflink_is_never_another_way() {
    let places = places();
    let from = create(&places[0].path().join("from"));
    from.write_all_at(b"content", 0).unwrap();
    for (dir, kind) in places.iter().zip([ErrorKind::Unsupported, ErrorKind::CrossesDevices]) {
        let to = create(&dir.path().join("to"));
        let required = CopyOptions::new().reflink(Demand::Require);
        match copy_beginning_by(CopyWay::Reflink, from.as_fd(), to.as_fd(), required) {
            Ok(copied) => assert_eq!(copied.way, CopyWay::Reflink),
            Err(e) => {
                assert_eq!(e.kind(), kind);
                assert_eq!(to.metadata().unwrap().len(), 0);
            }
        }
    }
}
