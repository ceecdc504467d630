//! `io::copy` under an older kernel.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use bedplate::io::{CopyWay, copy};

use super::Case;
use super::disk::{DISKS, LEN, file_systems, pattern};

pub const CASES: &[Case] =
    &[("copies_here_and_across", copies_here_and_across), ("disks_are_ends_too", disks_are_ends_too)];

fn copies_here_and_across() {
    for (place, _) in file_systems() {
        let source = place.join("source");
        let content = pattern(9, 1_000_003);
        fs::write(&source, &content).unwrap();
        for (to, way) in [(place.join("copy"), CopyWay::CopyFileRange), ("/tmp/copy".into(), CopyWay::Splice)] {
            let copied = copy(File::open(&source).unwrap(), File::create(&to).unwrap()).unwrap();
            assert_eq!((copied.bytes, copied.way), (content.len() as u64, way));
            assert!(fs::read(&to).unwrap() == content);
            fs::remove_file(to).unwrap();
        }
        fs::remove_file(source).unwrap();
        let copied = copy(File::open("/proc/version").unwrap(), File::create("/tmp/version").unwrap()).unwrap();
        assert_eq!(copied.bytes as usize, fs::read("/proc/version").unwrap().len());
        assert_eq!(fs::read("/tmp/version").unwrap(), fs::read("/proc/version").unwrap());
    }
}

fn disks_are_ends_too() {
    for disk in DISKS {
        disk.fill();
        let image = "/tmp/image";
        let copied = copy(File::open(disk.path()).unwrap(), File::create(image).unwrap()).unwrap();
        assert_eq!((copied.bytes, copied.way), (LEN, CopyWay::Splice));
        assert!(fs::read(image).unwrap() == disk.read(0, LEN as usize));
        // And what is behind the copy stays.
        let changed = File::options().write(true).open(image).unwrap();
        changed.write_all_at(&[7; 10_000], 0).unwrap();
        changed.set_len(10_000).unwrap();
        let to = File::options().write(true).open(disk.path()).unwrap();
        assert_eq!(copy(File::open(image).unwrap(), to).unwrap().bytes, 10_000);
        assert!(disk.read(0, 10_000) == [7; 10_000]);
        assert!(disk.read(10_000, 10_000) == pattern(10_000, 10_000));
        fs::remove_file(image).unwrap();
    }
}
