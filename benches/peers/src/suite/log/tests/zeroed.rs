use super::super::records::{RECORD, blank, stamp};
use super::super::zeroed::{PAGE, Zeroed};
use bedplate::mem::AlignedBuf;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// A file of two threads' parts in the folder for temporary files; `None` where that refuses direct I/O.
fn file() -> Option<Zeroed> {
    let file = Zeroed::create(&std::env::temp_dir(), 1 << 20);
    if let Err(error) = &file {
        println!("skipped: {error}");
    }
    file.ok()
}

#[test]
fn what_writers_wrote_is_verified() {
    let Some(file) = file() else { return };
    assert!(file.page_rate(2, Duration::from_millis(5)) > 0.0);
    assert!(file.rate(2, 16 * PAGE, 16 * PAGE, Duration::from_millis(5)) > 0.0);
}

#[test]
fn a_write_that_is_lost_is_found() {
    let Some(file) = file() else { return };
    let mut page = AlignedBuf::zeroed(PAGE, PAGE);
    blank(0, &mut page[..RECORD]);
    let mut write = |number: u64| {
        stamp(&mut page, number);
        file.write_durable(&page, number % 3 * PAGE as u64);
    };
    // Of three places, the fourth goes over the first.
    (0..3).for_each(&mut write);
    let lost = || file.verify(0, 3, PAGE, RECORD, 4);
    assert!(catch_unwind(AssertUnwindSafe(lost)).is_err(), "it is not there yet");
    write(3);
    lost();
}
