//! Records appended that nobody waits for.

use super::records::{self, RECORD};
use super::subject::Subject;
use super::zeroed::{PAGE, Zeroed};
use super::{Setting, until_past};
use crate::harness::{Bench, Better, Spec, on_cpu};
use bedplate::mem::AlignedBuf;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes of a buffer of the row without the disk: with those of the log in turn, the second-level cache holds them.
const BUFFER: usize = 256 << 10;
/// Records that surely fit into it: less a page for the frame's header, and 28 bytes a record for its own and padding.
const FITTING: u64 = ((BUFFER - PAGE) / (RECORD + 28)) as u64;
/// Bytes of a buffer of the row with the disk: as many as the log has where nobody says anything.
const LARGE: usize = 1 << 20;
/// Records between two looks at the clock.
const BURST: u64 = 256;

/// Measures the rows.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    memory(bench, setting);
    disk(bench, setting);
}

fn memory(bench: &mut Bench, setting: &Setting<'_>) {
    const ROW: &str = "append nocommit 1t";
    if !bench.wants(ROW) {
        return;
    }
    let log = Subject::open(setting, &setting.options().buffer_size(BUFFER)).expect("a log");
    let file = Zeroed::create(setting.folder, setting.segment).expect("a file");
    let passes = if setting.quick { 30 } else { 200 };
    let detail = format!(
        "append records of 100 bytes without commit: {passes} times {FITTING} of them, as many as a buffer of 256 KiB \
         takes, and a flush, the flush not timed, so that the disk is not what is measured; the peer copies them with \
         their CRC-32C to a buffer of 256 KiB, and writes that durably, not timed either; verified: the log's records read \
         back, the peer's checksums"
    );
    bench.run(
        Spec::new(ROW, detail)
            .unit("ns/record", Better::Lower)
            .figure("bedplate", || on_cpu(0, || append_to_buffer(&log, passes)))
            .figure("memcpy + crc32c", || on_cpu(0, || copy_to_buffer(&file, passes))),
    );
}

/// Nanoseconds a record.
fn append_to_buffer(subject: &Subject, passes: u64) -> f64 {
    let log = &subject.log;
    let first = log.next_lsn();
    let mut record = [0; RECORD];
    records::blank(0, &mut record);
    let mut spent = Duration::ZERO;
    for pass in 0..passes {
        log.prepare().expect("room for a segment");
        let start = Instant::now();
        for number in pass * FITTING..(pass + 1) * FITTING {
            records::stamp(&mut record, number);
            log.append(black_box(&record)).expect("an append");
        }
        spent += start.elapsed();
        log.flush().expect("a flush");
    }
    subject.verify(first, 1, passes * FITTING);
    per_record(spent, passes * FITTING)
}

/// The same into a buffer.
fn copy_to_buffer(file: &Zeroed, passes: u64) -> f64 {
    let mut buffer = Copies::new(BUFFER);
    let mut record = [0; RECORD];
    records::blank(0, &mut record);
    let (mut spent, mut offset) = (Duration::ZERO, 0);
    for pass in 0..passes {
        buffer.clear();
        let start = Instant::now();
        for number in pass * FITTING..(pass + 1) * FITTING {
            records::stamp(&mut record, number);
            buffer.push(black_box(&record));
        }
        spent += start.elapsed();
        offset = buffer.write(file, offset);
    }
    buffer.verify(FITTING);
    per_record(spent, passes * FITTING)
}

fn disk(bench: &mut Bench, setting: &Setting<'_>) {
    const ROW: &str = "append nocommit disk";
    if !bench.wants(ROW) {
        return;
    }
    let log = Subject::open(setting, &setting.options().buffer_size(LARGE)).expect("a log");
    let file = Zeroed::create(setting.folder, setting.segment).expect("a file");
    let time = setting.time;
    let detail = format!(
        "append records of 100 bytes without commit for {time:?}, then flush, with the disk in it: whatever fills a buffer \
         of 1 MiB is written by the same thread; the peer copies them with their CRC-32C to a buffer of 1 MiB, and writes \
         it with RWF_DSYNC over a file of zeros; verified: the log's records read back, the peer's last checksums"
    );
    bench.run(
        Spec::new(ROW, detail)
            .unit("ns/record", Better::Lower)
            .figure("bedplate", || on_cpu(0, || append_to_disk(&log, time)))
            .figure("memcpy + crc32c + RWF_DSYNC", || on_cpu(0, || copy_to_disk(&file, time))),
    );
}

fn append_to_disk(subject: &Subject, time: Duration) -> f64 {
    let log = &subject.log;
    log.prepare().expect("room for a segment");
    let first = log.next_lsn();
    let mut record = [0; RECORD];
    records::blank(0, &mut record);
    let start = Instant::now();
    let bursts = until_past(time, |burst| {
        for number in burst * BURST..(burst + 1) * BURST {
            records::stamp(&mut record, number);
            log.append(black_box(&record)).expect("an append");
        }
    });
    log.flush().expect("a flush");
    let spent = start.elapsed();
    subject.verify(first, 1, bursts * BURST);
    per_record(spent, bursts * BURST)
}

fn copy_to_disk(file: &Zeroed, time: Duration) -> f64 {
    let mut buffer = Copies::new(LARGE);
    let mut record = [0; RECORD];
    records::blank(0, &mut record);
    let (mut offset, mut inside) = (0, 0);
    let start = Instant::now();
    let bursts = until_past(time, |burst| {
        for number in burst * BURST..(burst + 1) * BURST {
            records::stamp(&mut record, number);
            if !buffer.has_room() {
                offset = buffer.write(file, offset);
                buffer.clear();
                inside = 0;
            }
            buffer.push(black_box(&record));
            inside += 1;
        }
    });
    buffer.write(file, offset);
    let spent = start.elapsed();
    buffer.verify(inside);
    per_record(spent, bursts * BURST)
}

fn per_record(spent: Duration, records: u64) -> f64 {
    spent.as_nanos() as f64 / records as f64
}

/// Records one behind the other, each after its checksum.
struct Copies {
    buffer: AlignedBuf,
    len: usize,
}

impl Copies {
    const SUM: usize = size_of::<u32>();

    fn new(size: usize) -> Self {
        Self { buffer: AlignedBuf::zeroed(size, PAGE), len: 0 }
    }

    fn clear(&mut self) {
        self.len = 0;
    }

    fn has_room(&self) -> bool {
        self.len + Self::SUM + RECORD <= self.buffer.len()
    }

    #[inline]
    fn push(&mut self, record: &[u8; RECORD]) {
        let place = &mut self.buffer[self.len..self.len + Self::SUM + RECORD];
        place[..Self::SUM].copy_from_slice(&crc32c::crc32c(record).to_le_bytes());
        place[Self::SUM..].copy_from_slice(record);
        self.len += Self::SUM + RECORD;
    }

    /// Writes the whole buffer durably; gives where the next one goes, which is the front where the file ends.
    fn write(&self, file: &Zeroed, offset: u64) -> u64 {
        file.write_durable(&self.buffer, offset);
        let next = offset + self.buffer.len() as u64;
        if next < file.size() { next } else { 0 }
    }

    /// So many records are there, one behind the other.
    fn verify(&self, records: u64) {
        let pairs = self.buffer[..self.len].chunks_exact(Self::SUM + RECORD);
        assert_eq!(pairs.len() as u64, records, "each record is there");
        let mut next = None;
        for pair in pairs {
            let (sum, record) = pair.split_at(Self::SUM);
            assert_eq!(sum, crc32c::crc32c(record).to_le_bytes(), "a record has its checksum");
            let (_, number) = records::read(record);
            assert_eq!(next.unwrap_or(number), number, "the records are in their order");
            next = Some(number + 1);
        }
    }
}
