use crate::suite::io::pages::{Pages, cached, evict, number, numbers, read_std};
use std::fs::File;
use std::io::Read;

#[test]
fn a_file_holds_the_numbers_of_its_pages_from_the_salt_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    let mut pages = Pages::new(5);
    pages.write(&path, 3).expect("a file");
    let bytes = std::fs::read(&path).expect("the file");
    let found: Vec<u64> = bytes.chunks(Pages::SIZE).map(number).collect();
    assert_eq!(found, (5..5 + 3 * Pages::IN_BLOCK).collect::<Vec<_>>());
    assert_eq!((numbers(&bytes), read_std(&path, numbers).expect("the file")), (pages.sum(3), pages.sum(3)));
    assert_eq!((pages.first(2), number(pages.block(2))), (5 + 512, 5 + 512));
    assert!(bytes.chunks(Pages::SIZE).all(|page| page[8..].iter().any(|&byte| byte != 0)), "noise, not zeros");
}

#[test]
fn what_is_evicted_is_not_in_the_page_cache() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    Pages::new(0).write(&path, 2).expect("a file");
    let mut file = File::open(&path).expect("the file");
    file.read_to_end(&mut Vec::new()).expect("the file");
    match cached(&file) {
        Some(pages) => assert_eq!(pages, 2 * Pages::IN_BLOCK, "what was just read is there"),
        None => println!("skipped: the kernel does not tell what is in the page cache"),
    }
    if evict(&path).is_err() {
        println!("skipped: the file stays in the page cache, as it does where the file system is the cache");
        return;
    }
    assert!(matches!(cached(&file), Some(0) | None));
}
