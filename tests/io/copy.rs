//! Copies between ends of all kinds.

#[path = "../support/filter.rs"]
mod filter;

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::thread;

use bedplate::Demand;
use bedplate::io::{CopyOptions, CopyWay, copy, copy_with};

use crate::places::{pattern, places};

fn create(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path).unwrap()
}

#[test]
fn whole_files_are_copied_and_positions_stay() {
    for dir in places() {
        let (path, to_path) = (dir.path().join("from"), dir.path().join("to"));
        // Once with holes, which are looked for.
        for holes in [0, 5 << 20] {
            let (mut from, mut to) = (create(&path), create(&to_path));
            from.write_all(&pattern(100_001)).unwrap();
            from.set_len(100_001 + holes).unwrap();
            to.write_all(&pattern(7 << 20)).unwrap();
            from.seek(SeekFrom::Start(77)).unwrap();
            to.seek(SeekFrom::Start(5)).unwrap();
            assert_eq!(copy(&from, &to).unwrap().bytes, 100_001 + holes);
            assert!(fs::read(&to_path).unwrap() == fs::read(&path).unwrap());
            assert_eq!((from.stream_position().unwrap(), to.stream_position().unwrap()), (77, 5));
        }
    }
}

#[test]
fn what_the_kernel_makes_up_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["/proc/version", "/proc/filesystems", "/sys/kernel/mm/transparent_hugepage/enabled"] {
        let Ok(from) = File::open(path) else {
            println!("skipped: no {path}");
            continue;
        };
        let content = fs::read(path).unwrap();
        let copied = copy(&from, create(&dir.path().join("to"))).unwrap();
        assert_eq!(copied.bytes, content.len() as u64, "{path}");
        assert_eq!(fs::read(dir.path().join("to")).unwrap(), content);
    }
}

#[test]
fn ends_that_do_not_do_are_refused_before_anything_changes() {
    let dir = tempfile::tempdir().unwrap();
    let (path, link) = (dir.path().join("file"), dir.path().join("link"));
    fs::write(&path, "content").unwrap();
    fs::hard_link(&path, &link).unwrap();
    let other = dir.path().join("other");
    fs::write(&other, "other content").unwrap();

    let open = |path: &Path| File::options().read(true).write(true).open(path).unwrap();
    let (file, directory) = (open(&path), File::open(dir.path()).unwrap());
    let appending = File::options().append(true).open(&other).unwrap();
    let write_only = File::options().write(true).open(&path).unwrap();
    let read_only = File::open(&other).unwrap();
    for (from, to, kind, what) in [
        (&file, &open(&path), ErrorKind::InvalidInput, "same file"),
        (&file, &open(&link), ErrorKind::InvalidInput, "same file"),
        (&file, &appending, ErrorKind::InvalidInput, "appending"),
        (&write_only, &open(&other), ErrorKind::InvalidInput, "reading"),
        (&file, &read_only, ErrorKind::InvalidInput, "writing"),
        (&directory, &open(&other), ErrorKind::IsADirectory, "directory"),
        (&file, &directory, ErrorKind::IsADirectory, "directory"),
    ] {
        let error = copy(from, to).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
    if let Ok(direct) = File::options().write(true).custom_flags(libc::O_DIRECT).open(&other) {
        assert!(copy(&file, &direct).unwrap_err().to_string().contains("O_DIRECT"));
    }
    assert_eq!((fs::read(&path).unwrap(), fs::read(&other).unwrap()), (b"content".to_vec(), b"other content".to_vec()));
}

#[test]
fn pipes_and_sockets_are_ends_too() {
    let dir = tempfile::tempdir().unwrap();
    let content = pattern((3 << 20) + 5);
    let path = dir.path().join("from");
    fs::write(&path, &content).unwrap();
    let pipe = || {
        let (out, into) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        (File::from(out), File::from(into))
    };
    let socket = || {
        let (out, into) = UnixStream::pair().unwrap();
        (File::from(OwnedFd::from(out)), File::from(OwnedFd::from(into)))
    };
    for (ends, from_way, to_way) in [
        (&pipe as &dyn Fn() -> (File, File), CopyWay::Splice, CopyWay::Splice),
        (&socket, CopyWay::ReadWrite, CopyWay::Splice),
    ] {
        let (mut out, into) = ends();
        // What is written comes after, so the copy knows the end by the file.
        let copied = thread::scope(|scope| {
            let read = scope.spawn(move || {
                let mut read = Vec::new();
                out.read_to_end(&mut read).map(|_| read).unwrap()
            });
            let copied = copy(File::open(&path).unwrap(), &into).unwrap();
            (&into).write_all(b"more").unwrap();
            drop(into);
            assert!(read.join().unwrap() == [&content[..], b"more"].concat());
            copied
        });
        assert_eq!((copied.bytes, copied.way), (content.len() as u64, to_way));

        let (out, mut into) = ends();
        let copied = thread::scope(|scope| {
            scope.spawn(|| {
                into.write_all(&content).unwrap();
                drop(into);
            });
            copy(&out, create(&dir.path().join("to"))).unwrap()
        });
        assert_eq!((copied.bytes, copied.way), (content.len() as u64, from_way));
        assert!(fs::read(dir.path().join("to")).unwrap() == content);
    }
}

/// In a thread of its own, with which a filter ends.
fn way_with_refused(calls: &'static [libc::c_long]) -> Option<CopyWay> {
    let copied = thread::spawn(|| {
        if let Err(e) = filter::refuse(calls) {
            println!("skipped: no filter of system calls can be put on here: {e}");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("from"), pattern(300_000)).unwrap();
        let from = File::open(dir.path().join("from")).unwrap();
        let copied = copy(&from, create(&dir.path().join("to"))).unwrap();
        assert_eq!(copied.bytes, 300_000);
        assert!(fs::read(dir.path().join("to")).unwrap() == pattern(300_000));
        Some(copied.way)
    });
    copied.join().unwrap()
}

#[test]
fn calls_that_a_filter_refuses_are_done_without() {
    let Some(way) = way_with_refused(&[libc::SYS_ioctl]) else { return };
    assert_eq!(way, CopyWay::CopyFileRange);
    assert_eq!(way_with_refused(&[libc::SYS_ioctl, libc::SYS_copy_file_range]), Some(CopyWay::Splice));
    let both = way_with_refused(&[libc::SYS_ioctl, libc::SYS_copy_file_range, libc::SYS_splice]);
    assert_eq!(both, Some(CopyWay::ReadWrite));
    let pipe = way_with_refused(&[libc::SYS_ioctl, libc::SYS_copy_file_range, libc::SYS_pipe2]);
    assert_eq!(pipe, Some(CopyWay::ReadWrite));
}

/// A file system that ends with this.
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn at(place: &'a Path, arguments: &[&str]) -> Option<Self> {
        let output = Command::new("mount").args(arguments).arg(place).output();
        let mounted = output.is_ok_and(|output| output.status.success());
        if !mounted {
            println!("skipped: mount {arguments:?} does not work here");
        }
        mounted.then_some(Self(place))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_full_file_system_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::at(dir.path(), &["-t", "tmpfs", "-o", "size=1m", "bedplate"]) else { return };
    let mut from = tempfile::tempfile().unwrap();
    from.write_all(&pattern(2 << 20)).unwrap();
    let to = create(&dir.path().join("to"));
    assert_eq!(copy(&from, &to).unwrap_err().kind(), ErrorKind::StorageFull);
}

/// Whether the file shares blocks with another, by another program as a witness; `None` where there is none.
fn shares(path: &Path) -> Option<bool> {
    let output = Command::new("filefrag").arg("-v").arg(path).output().ok().filter(|output| output.status.success());
    if output.is_none() {
        println!("skipped: no filefrag");
    }
    output.map(|output| String::from_utf8_lossy(&output.stdout).contains("shared"))
}

#[test]
fn blocks_are_shared_where_the_file_system_can() {
    for (mkfs, kind) in [("mkfs.xfs", "xfs"), ("mkfs.btrfs", "btrfs")] {
        let dir = tempfile::tempdir().unwrap();
        let (image, place) = (dir.path().join("image"), dir.path().join("place"));
        fs::create_dir(&place).unwrap();
        // The least that both take; nothing of it is written but what they keep for themselves.
        create(&image).set_len(320 << 20).unwrap();
        if !Command::new(mkfs).arg("-q").arg(&image).output().is_ok_and(|output| output.status.success()) {
            println!("skipped: no {mkfs}");
            continue;
        }
        let Some(_mounted) = Mounted::at(&place, &["-o", "loop", "-t", kind, image.to_str().unwrap()]) else {
            continue;
        };
        let content = pattern(16 << 20);
        let mut from = create(&place.join("from"));
        from.write_all(&content).unwrap();
        from.sync_all().unwrap();
        for (demand, way) in
            [(None, CopyWay::Reflink), (Some(Demand::Require), CopyWay::Reflink), (Some(Demand::Off), CopyWay::Splice)]
        {
            let to_path = place.join("to");
            // Longer than the source, and of a length that is no whole number of blocks.
            let mut to = create(&to_path);
            to.write_all(&pattern(77)).unwrap();
            to.set_len((17 << 20) + 1).unwrap();
            let options = demand.map_or(CopyOptions::new(), |demand| CopyOptions::new().reflink(demand));
            let copied = copy_with(&from, &to, options).unwrap();
            assert_eq!((copied.bytes, copied.way), (16 << 20, way), "{kind}");
            assert!(fs::read(&to_path).unwrap() == content);
            to.sync_all().unwrap();
            if let Some(shares) = shares(&to_path) {
                assert_eq!(shares, way == CopyWay::Reflink, "{demand:?} on {kind}");
            }
            fs::remove_file(to_path).unwrap();
        }
        // A file that is opened past the page cache can be shared, and only that.
        let Ok(direct) = File::options().write(true).create(true).custom_flags(libc::O_DIRECT).open(place.join("to"))
        else {
            continue;
        };
        assert_eq!(copy(&from, &direct).unwrap_err().kind(), ErrorKind::InvalidInput);
        let required = CopyOptions::new().reflink(Demand::Require);
        assert_eq!(copy_with(&from, &direct, required).unwrap().way, CopyWay::Reflink);
    }
}
