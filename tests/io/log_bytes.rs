//! Logs made of arbitrary bytes: opened, verified and read they never panic, never go on for ever, and never give a record
//! out of order. `cargo test` tries random bytes, the fuzz target `log_recover` any.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use bedplate::Demand;
use bedplate::io::{AppendLog, AppendLogOptions, LogError, LogReader, Lsn};
use bedplate::pool::BlockPool;

const SECTOR: usize = 4096;
const SEGMENT: usize = 32 << 10;
/// Bytes of a frame's header.
const FRAME: usize = 56;

/// The page cache alone: nothing here is of what is durable.
fn options() -> AppendLogOptions {
    AppendLog::options().segment_size(SEGMENT as u64).buffer_size(8192).direct(Demand::Off)
}

/// A file of the log, and its content.
type Image = (String, Vec<u8>);

fn images(dir: &Path) -> Vec<Image> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    let mut images: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .filter(|(name, _)| name.contains(".log"))
        .collect();
    images.sort();
    images
}

/// A whole log with everything that there is: batches, records over several sectors, data that lies outside, segments that
/// were others before, one that is trimmed, one that is prepared, frames without records.
fn whole(dir: &Path) -> &'static [Image] {
    static WHOLE: OnceLock<Vec<Image>> = OnceLock::new();
    WHOLE.get_or_init(|| {
        let pool = BlockPool::builder().block_size(16 << 10).max_blocks(2).build().unwrap();
        for round in 0..3 {
            let log = options().open(dir).unwrap();
            for i in 0..9u8 {
                log.append_durable(&[i; 40]).unwrap();
                log.append_batch((0..3).map(|n| vec![n; usize::from(i) * 90])).unwrap();
                if i % 4 == 3 {
                    log.append_durable(&vec![i; 9000]).unwrap();
                    let mut block = pool.acquire().unwrap();
                    block.set_len(5000 + usize::from(i) * 1000);
                    log.append_block(block).unwrap();
                }
                log.flush().unwrap();
            }
            log.trim(Lsn::new(log.next_lsn().get() - 25)).unwrap();
            log.prepare().unwrap();
            if round < 2 {
                log.close().unwrap();
            }
        }
        images(dir)
    })
}

/// Numbers from the input; zeros behind its end.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn below(&mut self, end: usize) -> usize {
        usize::from(u16::from_le_bytes([self.byte(), self.byte()])) % end.max(1)
    }

    /// Small ones, large ones, and those about a power of two.
    fn number(&mut self) -> u64 {
        let (shift, low) = (self.byte(), u64::from(self.byte()));
        match shift {
            0..64 => (1u64 << shift).wrapping_add(low).wrapping_sub(128),
            64..128 => low,
            _ => low << (shift % 64),
        }
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |bytes| u32::from_le_bytes(bytes.try_into().unwrap()))
}

fn seed(segment: &[u8]) -> u32 {
    segment.get(24..32).map_or(0, crc32c::crc32c)
}

/// Gives the segment's header the checksum that it must have.
fn seal_segment(segment: &mut [u8]) {
    if segment.len() >= SECTOR {
        let crc = crc32c::crc32c_append(crc32c::crc32c(&segment[..12]), &segment[16..SECTOR]);
        put(segment, 12, &crc.to_le_bytes());
    }
}

/// Gives the records of a frame, as far as they can be told, and its header the checksums that they must have.
fn seal_frame(segment: &mut [u8], at: usize) {
    let seed = seed(segment);
    let (count, len) = (word(segment, at + 40), word(segment, at + 44) as usize);
    let (mut record, end) = (at + FRAME, (at + FRAME).saturating_add(len));
    let mut outside = end.next_multiple_of(SECTOR);
    for _ in 0..count.min(1000) {
        let data = word(segment, record + 4);
        let size = (data & !(1 << 31)) as usize;
        let lies_outside = data >> 31 == 1;
        let inside = if lies_outside { 16 } else { (16 + size).next_multiple_of(8) };
        let Some(bytes) = segment.get(record + 4..record + inside) else { break };
        let mut crc = crc32c::crc32c_append(crc32c::crc32c_append(seed, &[0; 4]), bytes);
        if lies_outside {
            let Some(bytes) = segment.get(outside..outside + size) else { break };
            crc = crc32c::crc32c_append(crc, bytes);
            outside += size.next_multiple_of(SECTOR);
        }
        put(segment, record, &crc.to_le_bytes());
        record += inside;
    }
    let body = segment.get(at + FRAME..end).map_or(seed, |records| crc32c::crc32c_append(seed, records));
    put(segment, at + 52, &body.to_le_bytes());
    if let Some(header) = segment.get(at + 8..at + FRAME) {
        let crc = crc32c::crc32c_append(seed, header);
        put(segment, at + 4, &crc.to_le_bytes());
    }
}

/// One change of the log, as the input says. True where it gave something other than what was written the checksums of the
/// segment it is in, as nothing does by chance.
fn change(images: &mut Vec<Image>, input: &mut Input) -> bool {
    let (which, other) = (input.below(images.len()), input.below(images.len()));
    let from = images[other].1.clone();
    let (name, bytes) = &mut images[which];
    let sectors = bytes.len() / SECTOR;
    let sector = input.below(sectors) * SECTOR;
    let kind = input.byte() % 14;
    let mut forged = (2..=6).contains(&kind);
    match kind {
        0 => {
            let at = sector + input.below(SECTOR);
            let value = input.byte();
            put(bytes, at, &[value]);
        }
        // Near the front of a sector, where headers are.
        1 => {
            let at = sector + input.below(128);
            let value = input.byte();
            put(bytes, at, &[value]);
        }
        2 => {
            let (at, value) = (sector + input.below(128) / 4 * 4, input.number() as u32);
            put(bytes, at, &value.to_le_bytes());
            seal_frame(bytes, sector);
        }
        // A field of a frame's header.
        3 => {
            let field = [8, 16, 24, 32][input.below(4)];
            put(bytes, sector + field, &input.number().to_le_bytes());
            seal_frame(bytes, sector);
        }
        4 => {
            let field = [40, 44, 48, 52][input.below(4)];
            put(bytes, sector + field, &(input.number() as u32).to_le_bytes());
            seal_frame(bytes, sector);
        }
        5 => seal_frame(bytes, sector),
        // A field of the segment's header.
        6 => {
            let field = [8, 16, 24, 32, 40][input.below(5)];
            put(bytes, field, &input.number().to_le_bytes());
            seal_segment(bytes);
        }
        7 => put(bytes, sector, &[0; SECTOR]),
        // What another segment has, or this one elsewhere; sealed as if it had always been here.
        8 | 9 => {
            let at = input.below(from.len() / SECTOR) * SECTOR;
            put(bytes, sector, from.get(at..at + SECTOR).unwrap_or(&[]));
            if input.byte() & 1 == 1 {
                forged = true;
                put(bytes, sector + 24, &(sector as u64).to_le_bytes());
                seal_frame(bytes, sector);
            }
        }
        10 => bytes.truncate(input.below(SEGMENT + 2)),
        11 => {
            let len = bytes.len() + input.below(3 * SECTOR);
            bytes.resize(len, 0);
        }
        12 => {
            *name = format!("{:020}{}", input.number() % 12, [".log", ".log", ".log.new", ".log.free"][input.below(4)])
        }
        _ => drop(images.swap_remove(which)),
    }
    forged
}

/// Makes a log of `bytes` in the folder `dir`, whose content is lost, and looks at it in every way there is.
pub fn run(bytes: &[u8], dir: &Path) {
    let mut input = Input(bytes);
    let whole = whole(&dir.join("whole"));
    let dir = &dir.join("log");
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir).unwrap();
    let mut forged = false;
    if input.byte().is_multiple_of(8) {
        // The bytes as they are, in segments that may have a whole header.
        for number in 1..=1 + u64::from(input.byte() % 3) {
            let len = input.below(input.0.len().min(SEGMENT) + 1);
            let (content, rest) = input.0.split_at(len.min(input.0.len()));
            let mut content = content.to_vec();
            input.0 = rest;
            if input.byte() & 1 == 1 {
                let mut header = whole[0].1[..SECTOR].to_vec();
                put(&mut header, 16, &number.to_le_bytes());
                seal_segment(&mut header);
                content.splice(..0, header);
            }
            fs::write(dir.join(format!("{number:020}.log")), content).unwrap();
        }
    } else {
        let mut images = whole.to_vec();
        while !input.0.is_empty() && !images.is_empty() {
            forged |= change(&mut images, &mut input);
        }
        images.iter().for_each(|(name, bytes)| fs::write(dir.join(name), bytes).unwrap());
    }
    look(dir, forged);
}

/// What is forged is read in order and within bounds all the same; that a writer, which reads the end alone, takes it for
/// what a reader does cannot be asked.
fn look(dir: &Path, forged: bool) {
    let before = images(dir);
    let bytes: usize = before.iter().map(|(_, bytes)| bytes.len()).sum();
    let verified = AppendLog::verify(dir);
    let read = read(dir, Lsn::ZERO, bytes);
    match (&verified, &read) {
        (Ok(report), Ok((first, last))) => {
            assert_eq!((report.first.map_or(0, Lsn::get), report.last.map_or(0, Lsn::get)), (*first, *last));
            let middle = first.midpoint(*last);
            assert_eq!(read_from(dir, middle, bytes).map(|found| found.1).ok(), Some(*last));
        }
        (Err(_), Err(_)) => {}
        other => panic!("verify and a reader differ: {other:?}"),
    }
    assert!(images(dir) == before, "reading changed something");
    match options().open(dir) {
        Ok(log) => {
            let last = log.durable_lsn();
            if let (Ok(report), false) = (&verified, forged) {
                // A log without records may still know which comes next.
                assert!(report.last.is_none_or(|read| read == last), "{report:?} {last}");
            }
            // And it goes on from there.
            if let Ok(lsn) = log.append_durable(b"more") {
                assert_eq!(lsn.get(), last.get() + 1);
                let found = log
                    .reader_from(lsn)
                    .and_then(|mut reader| Ok(reader.next_record()?.map(|found| found.data.to_vec())));
                // A writer reads the end of the log; a reader may come across what is damaged before it.
                if verified.is_ok() && !forged {
                    assert_eq!(found.unwrap().unwrap(), b"more");
                }
            }
        }
        Err(error) => {
            // Readers do not mind a segment whose unwritten end is missing.
            let short = before.iter().any(|(name, bytes)| name.ends_with(".log") && (bytes.len() as u64) < size(bytes));
            let fine = verified.is_ok() && !short && !forged;
            assert!(!fine || !matches!(error, LogError::Corrupt { .. }), "what can be read is refused: {error}");
            if let LogError::Corrupt { .. } | LogError::Version { .. } = error {
                assert!(images(dir) == before, "a log that is refused is changed");
            }
        }
    }
}

/// Of the segment, as its header tells.
fn size(segment: &[u8]) -> u64 {
    segment.get(32..40).map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().unwrap()))
}

fn read_from(dir: &Path, from: u64, bytes: usize) -> Result<(u64, u64), LogError> {
    read(dir, Lsn::new(from), bytes)
}

/// The first and the last record. There are no more of them than there is room for.
fn read(dir: &Path, from: Lsn, bytes: usize) -> Result<(u64, u64), LogError> {
    let mut reader = LogReader::open_from(dir, from)?;
    let (mut first, mut last, mut size) = (0, 0, 0);
    while let Some(record) = reader.next_record()? {
        let lsn = record.lsn.get();
        assert!(last == 0 || lsn == last + 1, "{lsn} behind {last}");
        assert!(record.lsn >= from);
        first = if last == 0 { lsn } else { first };
        last = lsn;
        size += 16 + record.data.len();
        assert!(size <= bytes, "more than there is");
    }
    Ok((first, last))
}

#[test]
fn arbitrary_logs_are_read_or_refused() {
    let dir = tempfile::tempdir_in(["/dev/shm", "/tmp"][usize::from(!Path::new("/dev/shm").is_dir())]).unwrap();
    let mut state = 0x5eed_u64;
    for round in 0..300usize {
        let mut bytes = vec![0; round % 60];
        for byte in &mut bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (state >> 40) as u8;
        }
        run(&bytes, dir.path());
    }
}
