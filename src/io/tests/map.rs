#![allow(unsafe_code)] // Mappings of files, and the question which of their pages are there.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;

use rustix::fs::{Advice, MemfdFlags, SealFlags, fadvise, fcntl_add_seals, memfd_create};

use crate::io::{Map, map, map_sealed};

const PAGES: usize = 64;

/// How many pages of the mapping are in memory.
fn resident(map: &Map) -> usize {
    let mut there = [0u8; PAGES];
    // SAFETY: the mapping is of as many pages as there is room for.
    let result = unsafe { libc::mincore(map.as_ptr().cast_mut().cast(), map.len(), there.as_mut_ptr()) };
    assert_eq!(result, 0);
    there.iter().filter(|page| **page & 1 == 1).count()
}

/// A mapped file of which nothing is in memory; nothing where the file system keeps it there.
fn cold() -> Option<Map> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), vec![1; PAGES * rustix::param::page_size()]).unwrap();
    let file = File::open(file.path()).unwrap();
    file.sync_all().unwrap();
    fadvise(file.as_fd(), 0, None, Advice::DontNeed).unwrap();
    // SAFETY: the file has no name any more, and nobody else has it open.
    let map = unsafe { map(&file) }.unwrap();
    map.advise(crate::io::Advice::Random).unwrap();
    let cold = resident(&map) == 0;
    if !cold {
        println!("skipped: temporary files stay in memory here");
    }
    cold.then_some(map)
}

#[test]
fn prefaulted_pages_are_in_memory() {
    let Some(map) = cold() else { return };
    map.prefault().unwrap();
    assert_eq!(resident(&map), PAGES);
}

#[test]
fn so_they_are_on_kernels_that_cannot_be_asked_for_that() {
    let Some(map) = cold() else { return };
    map.touch();
    assert_eq!(resident(&map), PAGES);
}

/// Kernels before 6.7 refuse to have it shared, and none that tests run on does.
#[test]
fn a_sealed_file_is_mapped_as_all_kernels_allow() {
    let mut file = File::from(memfd_create("bedplate", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC).unwrap());
    file.write_all(b"content").unwrap();
    fcntl_add_seals(&file, SealFlags::WRITE | SealFlags::SHRINK).unwrap();
    let map = map_sealed(&file).unwrap();
    let begin = format!("{:x}-", map.as_ptr().addr());
    let areas = std::fs::read_to_string("/proc/self/maps").unwrap();
    let area = areas.lines().find(|area| area.trim_start_matches('0').starts_with(&begin)).expect("it is mapped");
    assert!(area.contains(" r--p "), "{area}");
}
