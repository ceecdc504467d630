#![allow(unsafe_code)] // The function under test is unsafe.

use std::fs::File;
use std::io::ErrorKind;

use bedplate::io::{Advice, map};

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
        }
        assert_eq!(map.advise(Advice::NoReuse).unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
