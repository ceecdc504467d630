//! Copies where a way is there that is rare, where ways are refused, and where they end before their time.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use bedplate::Demand;
use bedplate::io::{CopyOptions, CopyWay, copy, copy_with};

use crate::alone::{allowed, in_a_thread_of_its_own, inside, with_mounts};
use crate::filter::{Rule, in_a_filtered_process};
use crate::mount::Mount;
use crate::noise::noise;
use crate::strace::{injected, traced, under_tracer};

const LEN: usize = 700_001;

fn files(from: &Path, to: &Path) -> (File, File) {
    fs::write(from, noise(LEN, 1)).unwrap();
    fs::write(to, noise(LEN + 4096, 2)).unwrap();
    (File::open(from).unwrap(), File::options().write(true).open(to).unwrap())
}

#[test]
fn blocks_are_shared_where_the_file_system_can() {
    with_mounts(|| {
        let Some(mount) = Mount::xfs(512) else { return };
        let (from, to) = (mount.path().join("from"), mount.path().join("to"));
        let files = files(&from, &to);
        let copied = copy_with(&files.0, &files.1, CopyOptions::new().reflink(Demand::Require)).unwrap();
        assert_eq!((copied.bytes, copied.way), (LEN as u64, CopyWay::Reflink));
        assert_eq!(copy(&files.0, &files.1).unwrap(), copied);
        assert!(fs::read(&to).unwrap() == noise(LEN, 1));
        let copied = copy_with(&files.0, &files.1, CopyOptions::new().reflink(Demand::Off)).unwrap();
        assert!(copied.way > CopyWay::CopyFileRange && fs::read(&to).unwrap() == noise(LEN, 1), "{copied:?}");
    });
}

#[test]
fn from_one_file_system_to_another_and_to_a_full_one() {
    with_mounts(|| {
        let Some(disk) = Mount::ext4(8 << 20, 4096) else { return };
        let Some(memory) = allowed("mount", Mount::tmpfs(512 << 10)) else { return };
        let (inside, outside) = (disk.path().join("f"), memory.path().join("f"));
        let required = CopyOptions::new().reflink(Demand::Require);

        fs::write(&inside, noise(300_000, 1)).unwrap();
        let (from, to) = (File::open(&inside).unwrap(), File::create(&outside).unwrap());
        assert!(copy_with(&from, &to, required).is_err());
        let copied = copy(&from, &to).unwrap();
        assert_eq!(copied.bytes, 300_000);
        assert!(fs::read(&outside).unwrap() == noise(300_000, 1));

        fs::write(&inside, noise(LEN, 1)).unwrap();
        assert_eq!(copy(&from, &to).unwrap_err().kind(), ErrorKind::StorageFull);
        let part = fs::read(&outside).unwrap();
        assert!(part.len() < LEN && part == noise(LEN, 1)[..part.len()]);
    });
}

/// By the ways that are left.
fn refused(name: &str, rules: &[Rule], errno: i32, ways: &[CopyWay]) {
    in_a_filtered_process(name, rules, errno, || {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        let files = files(&from, &to);
        let copied = copy(&files.0, &files.1).unwrap();
        assert!(ways.contains(&copied.way) && copied.bytes == LEN as u64, "{copied:?}");
        assert!(fs::read(&to).unwrap() == noise(LEN, 1));
    });
}

#[test]
fn without_copy_file_range_as_old_sandboxes() {
    let rules = [Rule::call(libc::SYS_copy_file_range)];
    let ways = [CopyWay::Reflink, CopyWay::Splice];
    refused("copies::without_copy_file_range_as_old_sandboxes", &rules, libc::EPERM, &ways);
}

#[test]
fn without_copy_file_range_as_old_kernels() {
    let rules = [Rule::call(libc::SYS_copy_file_range), Rule::call(libc::SYS_ioctl)];
    refused("copies::without_copy_file_range_as_old_kernels", &rules, libc::ENOSYS, &[CopyWay::Splice]);
}

#[test]
fn by_read_and_write_where_nothing_else_is_left() {
    let rules = [libc::SYS_copy_file_range, libc::SYS_ioctl, libc::SYS_splice, libc::SYS_sendfile].map(Rule::call);
    refused("copies::by_read_and_write_where_nothing_else_is_left", &rules, libc::EPERM, &[CopyWay::ReadWrite]);
}

#[test]
fn interruptions_and_ends_before_the_end_lose_nothing() {
    if inside().is_some() {
        return under_tracer(|| {
            let folder = std::env::temp_dir();
            let (from, to) = (folder.join("from"), folder.join("to"));
            let files = files(&from, &to);
            let content = noise(LEN, 1);
            for _ in 0..3 {
                in_a_thread_of_its_own(|| {
                    for demand in [Demand::Off, Demand::Prefer] {
                        let copied = copy_with(&files.0, &files.1, CopyOptions::new().reflink(demand)).unwrap();
                        assert_eq!(copied.bytes, LEN as u64);
                        assert!(fs::read(&to).unwrap() == content);
                    }
                });
            }
        });
    }
    let shown = "copy_file_range,splice,sendfile,pread64,pwrite64";
    let refusal = "copy_file_range,splice:error=EINVAL";
    for rules in [
        &["copy_file_range,splice:error=EINTR:when=1+2"][..],
        // What is said to have been copied at the end of a file, and was not at its end.
        &["copy_file_range:retval=0"],
        &["copy_file_range:error=EXDEV", "splice:error=EINTR:when=1+2"],
        &["copy_file_range:error=EXDEV", "splice:error=EINVAL:when=4+5"],
        &[refusal, "pread64,pwrite64:error=EINTR:when=1+2"],
    ] {
        let name = "copies::interruptions_and_ends_before_the_end_lose_nothing";
        let Some(calls) = traced(name, "copies", rules, shown) else { return };
        assert!(injected(&calls) >= 3, "{rules:?}: {calls:?}");
    }
}
