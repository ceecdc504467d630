use crate::suite::io::child::{Look, Reader, Work};
use crate::suite::io::pages::{Pages, number};

#[test]
fn all_ways_to_read_find_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    let mut pages = Pages::new(1);
    pages.write(&path, 3).expect("a file");
    let bytes = std::fs::read(&path).expect("the file");
    let words = bytes.chunks(8).map(number).fold(0, u64::wrapping_add);
    for work in Work::ALL {
        assert_eq!(work.read(&path, Look::First).expect("the file"), 3 + 256 + 512, "{work:?}");
        assert_eq!(work.read(&path, Look::All).expect("the file"), words, "{work:?}");
    }
}

#[test]
fn a_process_that_is_no_reader_is_an_error() {
    // The program of these tests takes no orders: it lists them instead.
    let start = Reader::start(Work::Std, Look::First, "/no/such/file".as_ref(), |command| {
        command.arg("--list");
        Ok(())
    });
    let mut reader = start.expect("a process that says something");
    assert!(reader.read().is_err(), "no sum comes");
}
