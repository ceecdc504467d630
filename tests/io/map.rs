#![allow(unsafe_code)] // Mappings of files that others could write to are unsafe.

use std::fs::File;
use std::io::{ErrorKind, Write};

use bedplate::io::{Advice, Map, NotSealed, map, map_range, map_sealed};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

#[test]
fn a_mapping_is_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("f");
    for len in [0, 1, 4096, 10_001] {
        let content = crate::places::pattern(len);
        std::fs::write(&path, &content).unwrap();
        let file = File::open(&path).unwrap();
        // SAFETY: the file is in a directory of this test, and nothing writes to it while the mapping lives.
        let map = unsafe { map(&file) }.unwrap();
        for advice in [Advice::Normal, Advice::Sequential, Advice::Random, Advice::WillNeed, Advice::DontNeed] {
            map.advise(advice).unwrap();
            assert!(map[..] == content);
            map.advise_range(advice, len / 3..len / 2).unwrap();
            assert!(map[..] == content);
        }
        map.prefault().unwrap();
        assert!(map[..] == content);
        assert_eq!(map.advise(Advice::NoReuse).unwrap_err().kind(), ErrorKind::Unsupported);
        // What the kernel says of it depends on how it was built.
        let _ = map.advise_huge();
        assert!(map[..] == content);
    }
}

#[test]
fn a_part_of_a_file_is_mapped_from_any_byte_on() {
    let mut file = tempfile::tempfile().unwrap();
    let content = crate::places::pattern(3 * 4096 + 5);
    file.write_all(&content).unwrap();
    let len = content.len() as u64;
    // SAFETY: the file has no name, and nothing writes to it while a mapping lives.
    let part = |range| unsafe { map_range(&file, range) };
    for range in [0..len, 1..4095, 4096..8192, 4097..len, 8191..8192, len..len, 77..77] {
        assert!(part(range.clone()).unwrap()[..] == content[range.start as usize..range.end as usize], "{range:?}");
    }
    #[expect(clippy::reversed_empty_ranges)]
    for range in [0..len + 1, len + 1..len + 1, u64::MAX - 1..u64::MAX, 5..4] {
        assert_eq!(part(range.clone()).unwrap_err().kind(), ErrorKind::InvalidInput, "{range:?}");
    }
}

/// The crate underneath would take it for the mapping's own.
#[test]
#[should_panic(expected = "range end index 4097 out of range")]
fn what_is_behind_a_mapping_is_not_advised() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[1; 4096]).unwrap();
    // SAFETY: the file has no name, and nothing writes to it while the mapping lives.
    let map = unsafe { map(&file) }.unwrap();
    let _ = map.advise_range(Advice::DontNeed, 4096..4097);
}

#[test]
fn a_page_that_is_not_there_is_an_error_of_prefault() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[1; 4 * 4096]).unwrap();
    // SAFETY: the file is cut below, but no byte of the mapping is read.
    let map = unsafe { map(&file) }.unwrap();
    file.set_len(4096).unwrap();
    match map.prefault() {
        Err(e) => assert_eq!(e.raw_os_error(), Some(libc::EFAULT)),
        Ok(()) => panic!("pages behind the end of the file were said to be there"),
    }
}

fn memory(content: &[u8], seals: SealFlags) -> File {
    let mut file = File::from(memfd_create("bedplate", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC).unwrap());
    file.write_all(content).unwrap();
    fcntl_add_seals(&file, seals).unwrap();
    file
}

fn lacks(result: std::io::Result<Map>) -> NotSealed {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    *error.get_ref().and_then(|e| e.downcast_ref()).unwrap_or_else(|| panic!("not the typed error: {error}"))
}

#[test]
fn only_what_the_kernel_keeps_from_changing_is_mapped_without_a_promise() {
    const CONTENT: &[u8] = b"content of a frame";
    let (write, shrink) = (SealFlags::WRITE, SealFlags::SHRINK);
    for (seals, lack) in [
        (SealFlags::empty(), NotSealed::WriteAndShrink),
        (SealFlags::GROW | SealFlags::SEAL, NotSealed::WriteAndShrink),
        (write, NotSealed::Shrink),
        (shrink, NotSealed::Write),
        // Older mappings may still be written to.
        (shrink | SealFlags::FUTURE_WRITE, NotSealed::Write),
    ] {
        let error = map_sealed(&memory(CONTENT, seals)).unwrap_err();
        for (seal, lacked) in [("F_SEAL_WRITE", !seals.contains(write)), ("F_SEAL_SHRINK", !seals.contains(shrink))] {
            assert_eq!(error.to_string().contains(seal), lacked, "{error}");
        }
        assert_eq!(lacks(Err(error)), lack);
    }
    let file = memory(CONTENT, write | shrink);
    let map = map_sealed(&file).unwrap();
    assert_eq!(&map[..], CONTENT);
    // The kernel keeps its word, also for who made the file.
    assert_eq!((&file).write_all(b"other").unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(file.set_len(3).unwrap_err().kind(), ErrorKind::PermissionDenied);
    // It may grow, which the mapping does not.
    file.set_len(10_000).unwrap();
    map.advise(Advice::DontNeed).unwrap();
    map.prefault().unwrap();
    assert_eq!(&map[..], CONTENT);
    drop(file);
    assert_eq!(&map[..], CONTENT);
    assert_eq!(map_sealed(&memory(b"", write | shrink)).unwrap().len(), 0);
}

#[test]
fn files_of_a_disk_are_not_sealed() {
    for dir in crate::places::places() {
        let path = dir.path().join("file");
        std::fs::write(&path, "content").unwrap();
        // Those of a file system in memory could have seals, and have none.
        let lack = lacks(map_sealed(&File::open(&path).unwrap()));
        assert!(matches!(lack, NotSealed::Verity | NotSealed::WriteAndShrink), "{lack:?}");
    }
}
