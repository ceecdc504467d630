//! `DirectReader` and `DirectWriter` by each backend.

use std::fs;
use std::io::{Read, Write};

use bedplate::Demand;
use bedplate::io::{Backend, DirectReader, DirectWriter};

use super::Case;
use super::disk::{DISKS, FILLED, LEN, file_systems, pattern};

pub const CASES: &[Case] = &[
    ("a_disk_is_read_as_it_is", a_disk_is_read_as_it_is),
    ("files_appear_when_they_are_finished", files_appear_when_they_are_finished),
];

const BACKENDS: [Backend; 3] = [Backend::Inline, Backend::Threads(2), Backend::Uring];

fn a_disk_is_read_as_it_is() {
    for disk in DISKS {
        disk.fill();
        for backend in BACKENDS {
            let builder = || {
                let builder = DirectReader::builder().block_size(64 << 10).backend(backend);
                builder.demand(Demand::Require).direct(Demand::Require)
            };
            let mut reader = builder().range(0..FILLED).open(disk.path()).unwrap();
            assert_eq!((reader.backend(), reader.len()), (backend, FILLED));
            let mut at = 0;
            while let Some(block) = reader.next_block().unwrap() {
                assert!(block[..] == pattern(at, block.len()), "at {at} by {backend:?}");
                at += block.len() as u64;
            }
            assert_eq!(at, FILLED);
            // Up to the end, and no further.
            let mut reader = builder().range(LEN - 300_001..u64::MAX).open(disk.path()).unwrap();
            let mut read = Vec::new();
            reader.read_to_end(&mut read).unwrap();
            assert!(read == disk.read(LEN - 300_001, 300_001));
        }
    }
}

fn files_appear_when_they_are_finished() {
    for (place, sector) in file_systems() {
        let content = pattern(1, 1_000_003);
        for backend in BACKENDS {
            let path = place.join("written");
            let builder = DirectWriter::builder().block_size(64 << 10).backend(backend);
            let builder = builder.demand(Demand::Require).direct(Demand::Require);
            let mut writer = builder.create(&path).unwrap();
            assert_eq!(writer.backend(), backend);
            for part in content.chunks(77_777) {
                writer.write_all(part).unwrap();
            }
            assert!(!path.exists());
            let file = writer.finish().unwrap();
            assert_eq!((file.alignment().memory, file.alignment().offset), (4, sector));
            assert_eq!(file.len().unwrap(), content.len() as u64);
            drop(file);
            assert!(fs::read(&path).unwrap() == content, "by {backend:?}");
            let builder = DirectReader::builder().backend(backend).demand(Demand::Require);
            let mut read = Vec::new();
            builder.open(&path).unwrap().read_to_end(&mut read).unwrap();
            assert!(read == content, "by {backend:?}");
            fs::remove_file(path).unwrap();
        }
        // Nothing is left of one that is not finished.
        let mut writer = DirectWriter::create(place.join("dropped")).unwrap();
        writer.write_all(&content).unwrap();
        drop(writer);
        let left: Vec<_> = fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["lost+found"]);
    }
}
