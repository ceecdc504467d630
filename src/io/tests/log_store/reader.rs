use std::fs;
use std::sync::Arc;

use crate::io::log::format::{self, FRAME_HEADER, FrameHeader, SECTOR};
use crate::io::log::recover::End;
use crate::io::log::storage::Directory;
use crate::io::log::verify::verify_in;
use crate::io::{LogError, Lsn};

use super::scratch::*;

#[test]
fn verifying_checks_each_record_by_itself_too() {
    let scratch = Scratch::new("thorough");
    let mut pen = Pen::new(&scratch, 1, 1);
    let at = pen.frame(0, &[100; 3]) as usize;
    // A record whose own checksum is wrong, in a frame that is whole with it.
    let records = at + FRAME_HEADER..at + FRAME_HEADER + 3 * format::record_size(100);
    pen.content[records.start + format::record_size(100)] ^= 1;
    let mut header = FrameHeader::decode(pen.seed, FIRST, &pen.content[at..]).unwrap();
    header.body = format::body_crc(pen.seed, &pen.content[records]);
    header.encode(pen.seed, &mut pen.content[at..]);
    pen.frame(3, &[]);
    assert_eq!(next(&mut read_from(&scratch, 0)), Some(1));
    assert_eq!(
        corrupt(verify_in(Arc::clone(&scratch) as Arc<dyn Directory>).unwrap_err()),
        (pen.path.clone(), FIRST, 1)
    );
}

#[test]
fn a_reader_begins_at_any_record() {
    let scratch = Scratch::new("seek");
    let mut first = 1;
    for number in 1..=7 {
        let mut pen = Pen::new(&scratch, number, first);
        for i in 0..5 {
            let durable = pen.next - 1;
            pen.frame(durable, &vec![60; i + 1]);
        }
        first = pen.next;
    }
    for from in 0..first {
        assert_eq!(next(&mut read_from(&scratch, from)), Some(from.max(1)));
    }
    assert_eq!(next(&mut read_from(&scratch, first)), None);
    // Damage that is passed over is not noticed, wherever the search comes across it.
    for number in [2, 3, 4] {
        let mut content = fs::read(scratch.file(number)).unwrap();
        content[SECTOR..2 * SECTOR].fill(0);
        fs::write(scratch.file(number), content).unwrap();
    }
    assert_eq!(next(&mut read_from(&scratch, first - 1)), Some(first - 1));
    let mut reader = read_from(&scratch, 16 * 2);
    assert_eq!(corrupt(reader.next_record().unwrap_err()).2, 16);
}

#[test]
fn a_reader_does_not_begin_behind_a_torn_frame() {
    let scratch = Scratch::new("seek-torn");
    let mut pen = Pen::new(&scratch, 1, 1);
    pen.frame(0, &[100; 3]);
    let torn = pen.frame(0, &[100; 3]);
    pen.frame(3, &[100; 3]);
    pen.flip(torn + 100);
    // Whole, and behind the end of the log.
    assert_eq!(next(&mut read_from(&scratch, 8)), None);
    // A witness makes it damage, which is passed over by who comes to the witness first.
    pen.frame(6, &[100; 3]);
    assert_eq!(corrupt(read_from(&scratch, 8).next_record().unwrap_err()), (pen.path.clone(), torn, 4));
    assert_eq!(next(&mut read_from(&scratch, 11)), Some(11));
    assert_eq!(corrupt(read_from(&scratch, 5).next_record().unwrap_err()), (pen.path.clone(), torn, 4));
}

#[test]
fn a_reader_at_the_end_goes_on() {
    let scratch = Scratch::new("goes-on");
    let mut pen = Pen::new(&scratch, 1, 1);
    let mut reader = read_from(&scratch, 0);
    assert_eq!(next(&mut reader), None);
    for lsn in 1..=3 {
        pen.frame(lsn - 1, &[100]);
        assert_eq!(next(&mut reader), Some(lsn));
        assert_eq!(next(&mut reader), None);
        assert_eq!(next(&mut reader), None);
    }
    // A prepared segment is none that is missing.
    let mut second = Pen::new(&scratch, 2, 4);
    assert_eq!(next(&mut reader), None);
    second.frame(3, &[100]);
    assert_eq!(next(&mut reader), Some(4));
    // Damage shows as soon as there is a witness to it.
    let hole = second.frame(4, &[100]);
    second.flip(hole);
    assert_eq!(next(&mut reader), None);
    second.frame(5, &[100]);
    assert_eq!(corrupt(reader.next_record().unwrap_err()).2, 5);
}

#[test]
fn what_is_trimmed_under_a_reader_is_told_and_never_given_out() {
    let scratch = Scratch::new("trimmed");
    let End { segments, .. } = log_of(&scratch, 4);
    let mut reader = read_from(&scratch, 0);
    let mut late = read_from(&scratch, 0);
    assert_eq!([next_lsn(&mut reader), next_lsn(&mut late)], [1, 1]);
    for _ in 0..9 {
        next(&mut late);
    }
    segments.trim(25).unwrap();
    segments.make_ready().unwrap();
    let reused = segments.ready().unwrap();
    assert_eq!(scratch.numbers(), [3, 4, 5]);
    // The file of the first segment is the fifth now, with frames of the same LSNs, but of its own epoch.
    let bytes = frame(reused.seed, FIRST, 1, 0, &[100; 20]);
    reused.write(&[&crate::mem::AlignedBuf::from_slice(&bytes, SECTOR)], FIRST).unwrap();
    // What it had in memory it gives; then the second segment is gone.
    for lsn in 2..=10 {
        assert_eq!(next(&mut reader), Some(lsn));
    }
    for reader in [&mut reader, &mut late] {
        for _ in 0..2 {
            let error = reader.next_record().unwrap_err();
            assert!(matches!(error, LogError::Trimmed { first } if first == Lsn::new(21)), "{error:?}");
        }
    }
}

#[test]
fn next_frame_passes_over_the_records_that_are_left() {
    let scratch = Scratch::new("frames");
    let mut pen = Pen::new(&scratch, 1, 1);
    pen.frame(0, &[100; 3]);
    pen.frame(3, &[]);
    pen.frame(3, &[10, 5000]);
    let mut reader = read_from(&scratch, 0);
    assert!(reader.frame().is_none());
    let mut told = Vec::new();
    while let Some(frame) = reader.next_frame().unwrap() {
        told.push((frame.offset, frame.len, frame.first.get(), frame.records, frame.durable.get()));
        if frame.records == 2 {
            assert_eq!(next(&mut reader), Some(4));
            let record = reader.next_record().unwrap().unwrap();
            assert_eq!((record.lsn, record.data), (Lsn::new(5), &data(5, 5000)[..]));
        }
    }
    let (first, mark) = (FIRST, 2 * FIRST);
    assert_eq!(told, [(first, FIRST, 1, 3, 0), (mark, FIRST, 4, 0, 3), (3 * FIRST, 3 * FIRST, 4, 2, 3)]);
}
