use std::fs;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::io::log::format::SECTOR;
use crate::io::log::recover::{End, recover};
use crate::io::log::segment::Segment;
use crate::io::log::segments::SegmentsConfig;
use crate::io::log::storage::Directory;

use super::scratch::*;

#[test]
fn a_segment_becomes_ready_in_steps_that_write_all_of_it() {
    let scratch = Scratch::new("steps");
    let end = open(&scratch).unwrap();
    let segments = end.segments;
    assert_eq!(segments.owed(), SIZE);
    assert!(segments.ready().is_none());
    let mut owed = Vec::new();
    while segments.owed() > 0 {
        segments.prepare_step(10 * FIRST);
        owed.push(segments.owed());
    }
    // All but the header's sector in four steps; the header, the sync and the name are one of their own.
    assert_eq!(owed, [SIZE - 10 * FIRST, SIZE - 20 * FIRST, SIZE - 30 * FIRST, FIRST, 0]);
    assert!(is_zero(&fs::read(scratch.file(2)).unwrap()[SECTOR..]));
    assert_eq!(fs::metadata(scratch.file(2)).unwrap().len(), SIZE);
    let ready = segments.ready().unwrap();
    assert_eq!(ready.header.number, 2);
    assert!(segments.ready().is_none(), "taken once");
    segments.make_ready().unwrap();
    segments.make_ready().unwrap();
    assert_eq!(segments.ready().unwrap().header.number, 3);
    assert_eq!((segments.counts().prepared, segments.counts().recycled), (3, 0));
}

#[test]
fn a_disk_without_room_leaves_nothing_and_is_tried_again_by_who_needs_the_segment() {
    let scratch = Scratch::new("full");
    let segments = open(&scratch).unwrap().segments;
    let names = scratch.names();
    scratch.full.store(true, Ordering::Relaxed);
    assert_eq!(segments.make_ready().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!((scratch.names(), segments.owed()), (names, SIZE));
    scratch.full.store(false, Ordering::Relaxed);
    segments.prepare_step(SIZE);
    assert_eq!(segments.owed(), SIZE, "not tried again in passing");
    segments.make_ready().unwrap();
    assert_eq!(segments.ready().unwrap().header.number, 2);
    segments.prepare_step(SIZE);
    assert!(segments.owed() < SIZE, "in passing again after it went well");
}

#[test]
fn trimmed_files_are_used_again_under_another_epoch() {
    let scratch = Scratch::new("recycle");
    let End { segments, .. } = log_of(&scratch, 4);
    assert_eq!(segments.first_lsn(), 1);
    scratch.events();
    assert_eq!(segments.trim(31).unwrap(), 21, "who writes the fourth may not have its first record on the disk");
    let (one, two) = (Segment::name(1), Segment::name(2));
    // Each name's change is durable before the next: a gap in the middle would be damage.
    assert_eq!(scratch.events(), [format!("{one} > {one}.free"), "sync".into(), format!("- {two}"), "sync".into()]);
    assert_eq!(segments.owed(), FIRST.max(segments.owed()));
    segments.make_ready().unwrap();
    let ready = segments.ready().unwrap();
    assert_eq!(ready.header.number, 5);
    assert_ne!(ready.header.epoch, 1007);
    // Stale, and no frame any more.
    let content = fs::read(scratch.file(5)).unwrap();
    assert!(!is_zero(&content[SECTOR..2 * SECTOR]));
    assert_eq!(ready.first_frame().unwrap(), None);
    assert_eq!(scratch.numbers(), [3, 4, 5]);
    let counts = segments.counts();
    assert_eq!((counts.segments, counts.prepared, counts.recycled, counts.trimmed), (2, 1, 1, 2));
    assert_eq!(segments.trim(32).unwrap(), 31);
}

#[test]
fn a_free_file_of_another_size_is_not_used() {
    let scratch = Scratch::new("size");
    fs::write(scratch.path.join("00000000000000000009.log.free"), [1; 3 * SECTOR]).unwrap();
    fs::write(scratch.path.join("00000000000000000001.log.new"), [1; 3 * SECTOR]).unwrap();
    let end = open(&scratch).unwrap();
    assert_eq!(scratch.names(), [Segment::name(1)]);
    assert_eq!(end.segments.counts().recycled, 0);
    assert_eq!(fs::metadata(scratch.file(1)).unwrap().len(), SIZE);
}

#[test]
fn retention_by_size_and_age_leaves_the_segment_before_the_one_that_is_begun() {
    for (config, left) in [
        (SegmentsConfig { retain_bytes: Some(2 * SIZE), ..CONFIG }, 4),
        (SegmentsConfig { retain_bytes: Some(2 * SIZE - 1), ..CONFIG }, 4),
        (SegmentsConfig { retain_bytes: Some(2 * SIZE + 1), ..CONFIG }, 3),
        (SegmentsConfig { retain_bytes: Some(0), ..CONFIG }, 5),
        (SegmentsConfig { retain_bytes: Some(100 * SIZE), ..CONFIG }, 1),
        // The frames are as old as their first record's number tells, and a segment as the first frame of the next.
        (SegmentsConfig { retain_for: Some(Duration::from_nanos(80)), ..CONFIG }, 2),
        (SegmentsConfig { retain_for: Some(Duration::from_nanos(0)), ..CONFIG }, 5),
        (SegmentsConfig { retain_for: Some(Duration::from_nanos(89)), ..CONFIG }, 1),
        (CONFIG, 1),
    ] {
        let scratch = Scratch::new("retention");
        drop(log_of(&scratch, 5));
        scratch.now.store(100, Ordering::Relaxed);
        let End { segments, .. } = recover(Arc::clone(&scratch) as Arc<dyn Directory>, config).unwrap();
        segments.make_ready().unwrap();
        let next = segments.ready().unwrap();
        segments.begun(next.header.number, 51, 100);
        assert_eq!(scratch.numbers().first(), Some(&left), "{config:?}");
        assert_eq!(segments.first_lsn(), left * 10 - 9, "{config:?}");
        drop((next, segments));
        // Nothing of the sixth is on the disk: the fifth tells what comes next.
        assert_eq!(open(&scratch).unwrap().next_lsn, 51, "{config:?}");
    }
}

#[test]
fn a_clock_that_went_back_trims_nothing() {
    let scratch = Scratch::new("clock");
    drop(log_of(&scratch, 4));
    let config = SegmentsConfig { retain_for: Some(Duration::ZERO), ..CONFIG };
    let End { segments, .. } = recover(Arc::clone(&scratch) as Arc<dyn Directory>, config).unwrap();
    segments.begun(5, 41, 0);
    assert_eq!(segments.first_lsn(), 1);
}

#[test]
fn a_used_file_tells_whether_it_was_used_again() {
    let scratch = Scratch::new("previous");
    let End { segments, .. } = log_of(&scratch, 3);
    segments.trim(21).unwrap();
    segments.trim(22).unwrap();
    // Twice, and without a frame between: what lies there is still of the first.
    for _ in 0..2 {
        segments.make_ready().unwrap();
        let ready = segments.ready().unwrap();
        assert_eq!(ready.header.previous, 1007);
        assert!(ready.looks_unused().unwrap());
        let bytes = frame(ready.seed, FIRST, 31, 30, &[100]);
        if segments.counts().prepared == 2 {
            ready.write(&[&crate::mem::AlignedBuf::from_slice(&bytes, SECTOR)], FIRST).unwrap();
            assert!(!ready.looks_unused().unwrap());
            return;
        }
        segments.retire_unused(&ready).unwrap();
    }
    unreachable!("returned from the second");
}
