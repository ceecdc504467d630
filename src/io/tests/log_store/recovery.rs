use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::io::log::format::{FRAME_HEADER, FrameHeader, SECTOR};
use crate::io::log::recover::{End, recover};
use crate::io::log::segment::Segment;
use crate::io::log::segments::SegmentsConfig;
use crate::io::log::storage::Directory;
use crate::io::log::verify::verify_in;
use crate::io::{LogError, Lsn};

use super::scratch::*;

#[test]
fn recovery_does_away_with_torn_frames_and_nothing_else() {
    let scratch = Scratch::new("torn");
    let mut pen = Pen::new(&scratch, 1, 1);
    pen.frame(0, &[100; 3]);
    let torn = pen.frame(0, &[5000, 100]);
    let behind = pen.frame(3, &[100; 2]);
    pen.flip(torn + FRAME_HEADER as u64 + 40);
    let report = verify_in(Arc::clone(&scratch) as Arc<dyn Directory>).unwrap();
    let expected = (pen.at - torn, 2);
    assert_eq!((report.records, report.torn_tail_bytes, report.torn_frames), (3, expected.0, expected.1));
    let end = open(&scratch).unwrap();
    assert_eq!((end.offset, end.next_lsn, end.witnessed), (torn, 4, 0));
    assert_eq!((end.recovery.last, end.recovery.torn_tail_bytes), (Lsn::new(3), expected.0));
    assert_eq!(end.recovery.torn_frames, 2);
    let content = fs::read(&pen.path).unwrap();
    assert!(is_zero(&content[torn as usize..][..SECTOR]) && is_zero(&content[behind as usize..][..SECTOR]));
    assert_eq!(content[..torn as usize], pen.content[..torn as usize]);
    drop(end);
    assert_eq!(open(&scratch).unwrap().recovery.torn_frames, 0);
}

#[test]
fn recovery_refuses_a_hole_below_a_witness_and_changes_nothing() {
    // In the segment itself, and with the witness in the next one.
    for split in [false, true] {
        let scratch = Scratch::new("hole");
        let mut pen = Pen::new(&scratch, 1, 1);
        pen.frame(0, &[100; 3]);
        let mut next = Pen::new(&scratch, 2, 4);
        if !split {
            next = pen;
        }
        let hole = next.frame(3, &[100; 2]);
        next.frame(5, &[100; 2]);
        next.flip(hole);
        fs::write(scratch.path.join("00000000000000000003.log.new"), [1; SECTOR]).unwrap();
        let before = scratch.content();
        let place = (next.path.clone(), hole, 4);
        assert_eq!(corrupt(open(&scratch).unwrap_err()), place);
        assert!(scratch.content() == before);
        let mut reader = read_from(&scratch, 0);
        assert_eq!([next_lsn(&mut reader), next_lsn(&mut reader), next_lsn(&mut reader)], [1, 2, 3]);
        for _ in 0..2 {
            assert_eq!(corrupt(reader.next_record().unwrap_err()), place);
        }
    }
}

#[test]
fn the_last_frame_of_a_segment_is_missed_where_the_next_one_begins_later() {
    let scratch = Scratch::new("seam");
    let mut pen = Pen::new(&scratch, 1, 1);
    pen.frame(0, &[100; 3]);
    let hole = pen.frame(3, &[100; 2]);
    pen.flip(hole + 4);
    let mut second = Pen::new(&scratch, 2, 6);
    second.frame(5, &[100]);
    let place = (pen.path.clone(), hole, 4);
    assert_eq!(corrupt(verify_in(Arc::clone(&scratch) as Arc<dyn Directory>).unwrap_err()), place);
    // The damage is in a segment that a writer does not read.
    assert_eq!(open(&scratch).unwrap().next_lsn, 7);
}

#[test]
fn segments_without_a_frame_are_kept_for_what_comes_next() {
    let scratch = Scratch::new("prepared");
    let mut pen = Pen::new(&scratch, 1, 1);
    pen.frame(0, &[100; 3]);
    let torn = Pen::new(&scratch, 2, 4).frame(3, &[100]);
    Pen::new(&scratch, 3, 0);
    let content = fs::read(scratch.file(2)).unwrap();
    let mut damaged = content.clone();
    damaged[torn as usize + 60] ^= 1;
    fs::write(scratch.file(2), damaged).unwrap();
    let End { segments, segment, next_lsn, recovery, .. } = open(&scratch).unwrap();
    assert_eq!((segment.header.number, next_lsn, recovery.torn_frames), (1, 4, 1));
    assert_eq!((scratch.numbers(), segments.owed()), (vec![1, 2], 0));
    assert!(scratch.names().contains(&format!("{}.free", Segment::name(3))));
    assert_eq!(segments.ready().unwrap().header.number, 2);
    assert_eq!(fs::read(scratch.file(2)).unwrap()[SECTOR..2 * SECTOR], [0; SECTOR]);
}

#[test]
fn a_large_prepared_segment_is_not_read_to_its_end_and_gets_another_epoch() {
    const LARGE: u64 = 16 << 20;
    let config = SegmentsConfig { segment_size: LARGE, spares: 0, ..CONFIG };
    let scratch = Scratch::new("large");
    Pen::sized(&scratch, 1, 1, LARGE).frame(0, &[100; 3]);
    let mut second = Pen::sized(&scratch, 2, 4, LARGE);
    // What came of an interrupted write, far behind a large frame that did not come to the disk at all.
    second.at = 8 << 20;
    second.next = 10;
    let stray = second.frame(3, &[100]);
    let recover = || recover(Arc::clone(&scratch) as Arc<dyn Directory>, config).unwrap();
    for _ in 0..2 {
        let End { segments, .. } = recover();
        assert_eq!((scratch.numbers(), segments.owed()), (vec![1], FIRST));
        segments.make_ready().unwrap();
        let ready = segments.ready().unwrap();
        assert_eq!((ready.header.number, segments.counts().recycled), (2, 1));
        assert_ne!(ready.header.epoch, 2007);
        let mut sector = crate::mem::AlignedBuf::zeroed(SECTOR, SECTOR);
        ready.file.read_exact_at(&mut sector, stray).unwrap();
        assert_eq!(FrameHeader::decode(ready.seed, stray, &sector), None);
    }
    // One that is no longer as it was before its first frame is read to its end, and there is a witness in it.
    let mut second = Pen::sized(&scratch, 2, 4, LARGE);
    let hole = second.frame(3, &[6 << 20]);
    second.frame(4, &[100]);
    second.flip(hole);
    let error = crate::io::log::recover::recover(Arc::clone(&scratch) as Arc<dyn Directory>, config).unwrap_err();
    assert_eq!(corrupt(error), (second.path.clone(), hole, 4));
}

#[test]
fn a_prepared_segment_of_another_size_is_made_anew() {
    let scratch = Scratch::new("other-size");
    Pen::new(&scratch, 1, 1).frame(0, &[100; 3]);
    Pen::sized(&scratch, 2, 4, SIZE / 2);
    let End { segments, .. } = open(&scratch).unwrap();
    assert_eq!(scratch.numbers(), [1]);
    segments.make_ready().unwrap();
    assert_eq!(segments.ready().unwrap().header.size, SIZE);
}

#[test]
fn a_log_without_its_beginning_or_its_middle_is_refused() {
    let scratch = Scratch::new("missing");
    log_of(&scratch, 3);
    fs::remove_file(scratch.file(2)).unwrap();
    assert_eq!(corrupt(open(&scratch).unwrap_err()).0, scratch.file(2));
    assert_eq!(corrupt(verify_in(Arc::clone(&scratch) as Arc<dyn Directory>).unwrap_err()), (scratch.file(2), 0, 11));
    fs::remove_file(scratch.file(1)).unwrap();
    fs::remove_file(scratch.file(3)).unwrap();
    Pen::new(&scratch, 4, 31);
    // No record, and nothing tells which comes next.
    assert_eq!(corrupt(open(&scratch).unwrap_err()), (scratch.file(4), FIRST, 0));
}

#[test]
fn a_shortened_segment_is_damaged() {
    let scratch = Scratch::new("short");
    Pen::new(&scratch, 1, 1).frame(0, &[100; 3]);
    fs::OpenOptions::new().write(true).open(scratch.file(1)).unwrap().set_len(2 * FIRST).unwrap();
    assert_eq!(corrupt(open(&scratch).unwrap_err()), (scratch.file(1), 2 * FIRST, 4));
    assert_eq!(corrupt(verify_in(Arc::clone(&scratch) as Arc<dyn Directory>).unwrap_err()).1, 2 * FIRST);
}

#[test]
fn a_segment_that_somebody_writes_to_is_locked() {
    let scratch = Scratch::new("locked");
    let end = open(&scratch).unwrap();
    assert!(matches!(open(&scratch), Err(LogError::Locked)));
    drop(end);
    open(&scratch).unwrap();
    assert!(Path::new(&scratch.file(1)).exists());
}
