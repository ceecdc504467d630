//! What is torn, what is damaged, and what cannot be told.

use std::fs;

use bedplate::io::{AppendLog, LogError, LogReader, Lsn};

use crate::log_support::{all, segments, small};
use crate::places::pattern;

#[test]
fn a_torn_tail_is_done_away_with_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    log.append_durable(b"one").unwrap();
    log.append_durable(b"two").unwrap();
    drop(log);
    // The last write, as a crash before it was acknowledged may leave it: the header and no more.
    let segment = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[4096 + 4096 + 56..4096 + 4096 + 4096].fill(0);
    fs::write(&segment, &bytes).unwrap();
    let report = AppendLog::verify(dir.path()).unwrap();
    assert_eq!((report.records, report.torn_frames, report.torn_tail_bytes), (1, 1, 4096));
    assert_eq!(all(dir.path()), [b"one"]);

    let log = small().open(dir.path()).unwrap();
    let recovery = log.recovery();
    assert_eq!((recovery.last, recovery.torn_frames, recovery.torn_tail_bytes), (Lsn::new(1), 1, 4096));
    assert_eq!(log.append_durable(b"again").unwrap(), Lsn::new(2));
    log.close().unwrap();
    assert_eq!(all(dir.path()), [&b"one"[..], b"again"]);
    assert_eq!(AppendLog::verify(dir.path()).unwrap().torn_tail_bytes, 0);
}

/// Writes that were under way may come to the disk in any order.
#[test]
fn a_whole_frame_behind_a_missing_one_is_torn_too() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    (0..4).for_each(|i| assert!(log.append_durable(&[i; 50]).is_ok()));
    drop(log);
    let segment = segments(dir.path()).remove(0);
    let whole = fs::read(&segment).unwrap();
    // Frame 4 bears witness to record 3: it is damage where that is missing, and where 4 is, is not.
    let lose = |frames: &[usize]| {
        let mut bytes = whole.clone();
        frames.iter().for_each(|frame| bytes[frame * 4096..][..4096].fill(0));
        fs::write(&segment, &bytes).unwrap();
    };
    lose(&[3]);
    assert!(matches!(small().open(dir.path()), Err(LogError::Corrupt { lsn, .. }) if lsn == Lsn::new(3)));
    lose(&[3, 4]);
    let log = small().open(dir.path()).unwrap();
    assert_eq!((log.durable_lsn(), log.recovery().torn_frames), (Lsn::new(2), 0));
    // That log bears witness to what it found.
    drop(log);
    let mut bytes = fs::read(&segment).unwrap();
    bytes[2 * 4096 + 57] ^= 1;
    fs::write(&segment, &bytes).unwrap();
    assert!(matches!(small().open(dir.path()), Err(LogError::Corrupt { lsn, .. }) if lsn == Lsn::new(2)));
}

/// Nor does it come up behind a later frame, whose record has the number that it expects before it.
#[test]
fn what_was_torn_is_not_taken_for_what_comes_later() {
    let dir = tempfile::tempdir().unwrap();
    for records in [[b"one", b"two"], [b"old", b"new"]] {
        let log = small().open(dir.path()).unwrap();
        records.iter().for_each(|record| assert!(log.append_durable(*record).is_ok()));
        if log.durable_lsn() == Lsn::new(2) {
            log.close().unwrap();
        }
    }
    // Record 3 is in frame 4, behind the mark, and 4 in the one behind it, which was made before 3 was durable.
    let segment = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    let seed = crc32c::crc32c(&bytes[24..32]);
    bytes[4 * 4096..5 * 4096].fill(0);
    let frame = &mut bytes[5 * 4096..6 * 4096];
    assert_eq!((&frame[..4], frame[8], frame[16]), (&b"fram"[..], 4, 3));
    frame[16] = 2;
    let crc = crc32c::crc32c_append(seed, &frame[8..56]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
    fs::write(&segment, &bytes).unwrap();

    let log = small().open(dir.path()).unwrap();
    let recovery = log.recovery();
    assert_eq!((recovery.last, recovery.torn_frames, recovery.torn_tail_bytes), (Lsn::new(2), 1, 8192));
    assert_eq!(log.append_durable(b"now").unwrap(), Lsn::new(3));
    drop(log);
    assert_eq!(all(dir.path()), [b"one", b"two", b"now"]);
    assert_eq!(small().open(dir.path()).unwrap().durable_lsn(), Lsn::new(3));
}

#[test]
fn damage_is_not_taken_for_a_torn_tail_and_is_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    log.append_durable(b"one").unwrap();
    log.append_durable(b"two").unwrap();
    log.append_durable(b"three").unwrap();
    drop(log);
    let segment = segments(dir.path()).remove(0);
    let unfinished = dir.path().join("00000000000000000002.log.new");
    let whole = fs::read(&segment).unwrap();
    // The second commit: a flipped bit, and a hole.
    for damage in [|b: &mut [u8]| b[60] ^= 4, |b: &mut [u8]| b.fill(0)] {
        let mut bytes = whole.clone();
        damage(&mut bytes[8192..12_288]);
        fs::write(&segment, &bytes).unwrap();
        fs::write(&unfinished, "left").unwrap();
        let Err(LogError::Corrupt { path, offset, lsn }) = small().open(dir.path()) else { panic!("must be refused") };
        assert_eq!((&path, offset, lsn), (&segment, 8192, Lsn::new(2)));
        assert!(matches!(AppendLog::verify(dir.path()), Err(LogError::Corrupt { .. })));
        let mut reader = LogReader::open(dir.path()).unwrap();
        assert_eq!(reader.next_record().unwrap().unwrap().data, b"one");
        for _ in 0..2 {
            assert!(matches!(reader.next_record(), Err(LogError::Corrupt { .. })));
        }
        assert!(fs::read(&segment).unwrap() == bytes);
        assert_eq!(fs::read(&unfinished).unwrap(), b"left");
    }
}

/// In any place of what was acknowledged and has a witness.
#[test]
fn a_flipped_bit_is_found_wherever_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let log = AppendLog::options().segment_size(32 << 10).buffer_size(8192).open(dir.path()).unwrap();
    (0..20).for_each(|i| assert!(log.append_durable(&pattern(i * 200)).is_ok()));
    let frames = log.stats().frames;
    log.close().unwrap();
    let there = segments(dir.path());
    assert!(there.len() >= 4);
    // Of the last segment with frames only those before the mark.
    let last = there.iter().rposition(|segment| fs::read(segment).unwrap()[4096..4100] == *b"fram").unwrap();
    let mut tried = 0;
    for (i, segment) in there.iter().enumerate().take(last + 1) {
        let whole = fs::read(segment).unwrap();
        let frames: Vec<_> = (0..whole.len() / 4096).filter(|n| whole[n * 4096..].starts_with(b"fram")).collect();
        let records = if i == last { &frames[..frames.len() - 1] } else { &frames[..] };
        for sector in std::iter::once(&0).chain(records) {
            for at in [0, 5, 9, 13, 17, 25, 34, 41, 45, 49, 53, 57, 61, 70, 1111, 4095] {
                let mut bytes = whole.clone();
                bytes[sector * 4096 + at] ^= 1 << (at % 8);
                fs::write(segment, &bytes).unwrap();
                let what = format!("{} {sector} {at}", segment.display());
                assert!(matches!(AppendLog::verify(dir.path()), Err(LogError::Corrupt { .. })), "{what}");
                // A writer reads what lies behind the last segments' beginnings only; the last one it reads whole.
                if i == last {
                    assert!(matches!(small().open(dir.path()), Err(LogError::Corrupt { .. })), "{what}");
                }
                tried += 1;
            }
        }
        fs::write(segment, &whole).unwrap();
    }
    assert!(tried > frames * 16, "{tried}");
    assert_eq!(AppendLog::verify(dir.path()).unwrap().records, 20);
}

#[test]
fn a_segment_that_is_missing_is_found_out() {
    let dir = tempfile::tempdir().unwrap();
    let log = small().open(dir.path()).unwrap();
    (0..70).for_each(|i| assert!(log.append_durable(&[i]).is_ok()));
    log.close().unwrap();
    let there = segments(dir.path());
    let aside = dir.path().join("aside");
    fs::rename(&there[2], &aside).unwrap();
    assert!(matches!(AppendLog::verify(dir.path()), Err(LogError::Corrupt { .. })));
    assert!(matches!(small().open(dir.path()), Err(LogError::Corrupt { .. })));
    fs::rename(&aside, &there[2]).unwrap();
    // Two that have changed their names.
    let [one, two] = [&there[1], &there[2]].map(|path| fs::read(path).unwrap());
    fs::write(&there[1], &two).unwrap();
    fs::write(&there[2], &one).unwrap();
    assert!(matches!(AppendLog::verify(dir.path()), Err(LogError::Corrupt { .. })));
    fs::write(&there[1], &one).unwrap();
    fs::write(&there[2], &two).unwrap();
    // What is not the log's own is left alone.
    fs::write(dir.path().join("1.log"), "mine").unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    assert_eq!(small().open(dir.path()).unwrap().durable_lsn(), Lsn::new(70));
    assert_eq!(fs::read(dir.path().join("1.log")).unwrap(), b"mine");
    assert_eq!(AppendLog::verify(dir.path()).unwrap().records, 70);
}

#[test]
fn another_version_is_named() {
    let dir = tempfile::tempdir().unwrap();
    drop(small().open(dir.path()).unwrap());
    let segment = segments(dir.path()).remove(0);
    let mut bytes = fs::read(&segment).unwrap();
    for version in [1, 9] {
        bytes[8] = version;
        let crc = crc32c::crc32c(&[&bytes[..12], &bytes[16..4096]].concat());
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        fs::write(&segment, &bytes).unwrap();
        assert!(
            matches!(small().open(dir.path()), Err(LogError::Version { found, .. }) if found == u32::from(version))
        );
        assert!(matches!(AppendLog::verify(dir.path()), Err(LogError::Version { .. })));
        assert!(fs::read(&segment).unwrap() == bytes);
    }
}
