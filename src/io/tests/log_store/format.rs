use std::fs;

use crate::io::Lsn;
use crate::io::log::format::{self, BadHeader, FRAME_HEADER, FrameHeader, SECTOR, SegmentHeader};
use crate::io::log::segment::Segment;
use crate::io::log::storage::Access;
use crate::io::log::window::Window;

use super::scratch::*;

#[test]
fn no_bit_of_a_segment_header_may_differ() {
    let header = SegmentHeader { number: 3, epoch: 77, size: SIZE, previous: 5 };
    let mut sector = vec![0; SECTOR];
    header.encode(&mut sector);
    assert_eq!(SegmentHeader::decode(&sector), Ok(header));
    for at in 0..SECTOR {
        sector[at] ^= 1 << (at % 8);
        assert_eq!(SegmentHeader::decode(&sector), Err(BadHeader::Damaged), "byte {at}");
        sector[at] ^= 1 << (at % 8);
    }
}

#[test]
fn no_bit_of_a_frame_may_differ() {
    let mut bytes = frame(9, 8192, 5, 4, &[0, 1, 100, 2 * SECTOR + 3, 7, SECTOR + 1]);
    let header = FrameHeader::decode(9, 8192, &bytes).unwrap();
    assert_eq!(header.size(), bytes.len() as u64);
    assert!(format::check_frame(9, &header, &bytes));
    // All of the headers, and of the rest enough to meet each part of each record.
    for at in (0..200).chain((200..bytes.len()).step_by(5)) {
        bytes[at] ^= 1 << (at % 8);
        let whole = FrameHeader::decode(9, 8192, &bytes).is_some_and(|h| format::check_frame(9, &h, &bytes));
        assert!(!whole, "byte {at}");
        bytes[at] ^= 1 << (at % 8);
    }
    assert_eq!(FrameHeader::decode(8, 8192, &bytes), None, "of another epoch");
    assert_eq!(FrameHeader::decode(9, 4096, &bytes), None, "of another place");
}

#[test]
fn records_of_an_earlier_write_to_the_same_place_do_not_pass() {
    // The last record is whole and has the right LSN, but is of a write that began with another one.
    let second = frame(1, 4096, 10, 9, &[3000, 3000]);
    let mut first = second.clone();
    let at = FRAME_HEADER + format::record_size(3000);
    format::encode_record(1, 11, &[1; 3000], &mut first[at..]);
    let header = FrameHeader::decode(1, 4096, &second).unwrap();
    assert!(format::check_frame(1, &header, &second));
    assert!(!format::check_frame(1, &header, &first), "each record is whole, but not of this write");
}

#[test]
fn headers_that_no_writer_makes_are_none() {
    let sound =
        FrameHeader { first_lsn: 5, durable_lsn: 4, offset: 0, time: 0, count: 1, len: 16, outside: 0, body: 0 };
    for (header, passes) in [
        (sound, true),
        (FrameHeader { durable_lsn: 5, ..sound }, false),
        (FrameHeader { first_lsn: 0, durable_lsn: 0, ..sound }, false),
        (FrameHeader { first_lsn: u64::MAX, ..sound }, false),
    ] {
        let mut bytes = [0; FRAME_HEADER];
        header.encode(3, &mut bytes);
        assert_eq!(FrameHeader::decode(3, 0, &bytes).is_some(), passes, "{header:?}");
    }
}

#[test]
fn a_window_shows_the_bytes_of_the_file_wherever_it_is_moved() {
    let scratch = Scratch::new("window");
    let size = 24 << 20;
    let mut pen = Pen::sized(&scratch, 1, 1, size);
    for (i, byte) in pen.content.iter_mut().enumerate().skip(SECTOR) {
        *byte = (i / SECTOR * 31 + i) as u8;
    }
    fs::write(&pen.path, &pen.content).unwrap();
    let segment = Segment::open(&*scratch, 1, Access::Read, Lsn::ZERO).unwrap();
    let mut window = Window::new().unwrap();
    // Front to back, as frames are read: parts of frames are kept from before.
    for at in (FIRST..size - FIRST).step_by(75 * SECTOR) {
        let shown = window.bytes(&segment, at, 120 * SECTOR).unwrap();
        assert!(shown == &pen.content[at as usize..pen.content.len().min(at as usize + 120 * SECTOR)], "at {at}");
    }
    let mut random = 1u64;
    let mut at = FIRST;
    for i in 0..200 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let len = (random >> 33) as usize % if i % 50 == 0 { 5 << 20 } else { 100 << 10 };
        let shown = window.bytes(&segment, at, len).unwrap();
        let end = pen.content.len().min(at as usize + len);
        assert!(shown == &pen.content[at as usize..end], "{len} at {at}");
        // On, mostly; else anywhere, or to be read again.
        match random >> 59 {
            0 => at = (random >> 20) % size / FIRST * FIRST,
            1 => window.clear(),
            _ => at = (at + len as u64 / 2) / FIRST * FIRST,
        }
        at %= size;
    }
}

#[test]
fn a_frame_may_be_as_long_as_its_segment() {
    let scratch = Scratch::new("long");
    let mut pen = Pen::sized(&scratch, 1, 1, 8 << 20);
    let len = format::record_limit(8 << 20) - SECTOR;
    pen.frame(0, &[len]);
    let mut reader = read_from(&scratch, 1);
    assert_eq!(reader.next_record().unwrap().unwrap().data, data(1, len));
    assert_eq!(next(&mut reader), None);
    assert_eq!(open(&scratch).unwrap().next_lsn, 2);
}
