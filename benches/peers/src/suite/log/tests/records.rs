use super::super::records::{RECORD, Seen, blank, read, stamp};

fn record(thread: usize, number: u64) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    blank(thread, &mut record);
    stamp(&mut record, number);
    record
}

#[test]
fn a_record_tells_its_thread_and_its_number() {
    for (thread, number) in [(0, 0), (1, 7), (127, u64::MAX), (255, 3)] {
        assert_eq!(read(&record(thread, number)), (thread, number));
    }
}

#[test]
#[should_panic(expected = "not as it was written")]
fn a_byte_of_another_thread_is_found() {
    let mut record = record(1, 0);
    record[RECORD - 1] ^= 1;
    read(&record);
}

#[test]
#[should_panic(expected = "not as it was written")]
fn what_was_never_written_is_no_record() {
    read(&[0; RECORD]);
}

#[test]
fn the_records_of_each_thread_are_counted() {
    let mut seen = Seen::from_first(2);
    for (thread, number) in [(1, 0), (0, 0), (1, 1)] {
        seen.see(&record(thread, number));
    }
    assert_eq!(seen.total(), 3);
}

#[test]
#[should_panic(expected = "once each")]
fn a_record_seen_twice_is_found() {
    let mut seen = Seen::from_any(1);
    seen.see(&record(0, 4));
    seen.see(&record(0, 4));
}

#[test]
#[should_panic(expected = "once each")]
fn a_first_record_that_is_gone_is_found() {
    Seen::from_first(1).see(&record(0, 1));
}
