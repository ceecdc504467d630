//! The bytes on the disk, little endian. `docs/log-format.md` describes them; the two change together.

/// Frames begin at multiples of this, and each sector belongs to one frame, so that what was acknowledged is never
/// written again. No disk sold has a larger sector.
pub(in crate::io) const SECTOR: usize = 4096;

/// The most bytes of the first frame of a segment. So the header of the second is near, and a segment in whose beginning
/// there is none never had a frame that was acknowledged and followed by another.
pub(in crate::io) const FIRST_FRAME: u64 = 2 << 20;

/// Bytes of a segment before its first frame.
pub(in crate::io) const SEGMENT_HEADER: usize = SECTOR;
pub(in crate::io) const FRAME_HEADER: usize = 56;
pub(in crate::io) const RECORD_HEADER: usize = 16;
/// Records begin at multiples of this within a frame.
const RECORD_ALIGN: usize = 8;

/// The bit of a record's length that says where its data lies.
const OUTSIDE: u32 = 1 << 31;

const SEGMENT_MAGIC: [u8; 8] = *b"bedplate";
const FRAME_MAGIC: u32 = u32::from_le_bytes(*b"fram");
pub(in crate::io) const VERSION: u32 = 2;

/// The first sector of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) struct SegmentHeader {
    /// Segments are numbered from 1 without a gap.
    pub(in crate::io) number: u64,
    /// Chosen at random each time the file becomes a segment. All checksums in it start from this, so that bytes of the
    /// segment that the file was before, or of an earlier file in the same place, never pass.
    pub(in crate::io) epoch: u64,
    /// Bytes of the segment, its header with them.
    pub(in crate::io) size: u64,
    /// The epoch that a frame at the beginning of the segment has as long as none was written there; 0 where nothing is
    /// there but zeros.
    pub(in crate::io) previous: u64,
}

/// Why a sector is not the header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) enum BadHeader {
    Damaged,
    Version(u32),
}

impl SegmentHeader {
    pub(in crate::io) fn encode(&self, sector: &mut [u8]) {
        let sector = &mut sector[..SEGMENT_HEADER];
        sector.fill(0);
        sector[..8].copy_from_slice(&SEGMENT_MAGIC);
        put32(sector, 8, VERSION);
        put64(sector, 16, self.number);
        put64(sector, 24, self.epoch);
        put64(sector, 32, self.size);
        put64(sector, 40, self.previous);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&sector[..12]), &sector[16..]);
        put32(sector, 12, crc);
    }

    pub(in crate::io) fn decode(sector: &[u8]) -> Result<Self, BadHeader> {
        if sector.len() < SEGMENT_HEADER || sector[..8] != SEGMENT_MAGIC {
            return Err(BadHeader::Damaged);
        }
        let sector = &sector[..SEGMENT_HEADER];
        let crc = crc32c::crc32c_append(crc32c::crc32c(&sector[..12]), &sector[16..]);
        if crc != get32(sector, 12) {
            return Err(BadHeader::Damaged);
        }
        match get32(sector, 8) {
            VERSION => {}
            other => return Err(BadHeader::Version(other)),
        }
        let (number, epoch, size) = (get64(sector, 16), get64(sector, 24), get64(sector, 32));
        Ok(Self { number, epoch, size, previous: get64(sector, 40) })
    }

    /// What all checksums of the segment start from.
    pub(in crate::io) fn seed(&self) -> u32 {
        seed(self.epoch)
    }
}

/// What the checksums of an epoch start from.
pub(in crate::io) fn seed(epoch: u64) -> u32 {
    crc32c::crc32c(&epoch.to_le_bytes())
}

/// The head of a frame: records that one write brought to the disk, and that count all or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) struct FrameHeader {
    /// The LSN of its first record, or of the one that would come next where it holds none.
    pub(in crate::io) first_lsn: u64,
    /// Every record up to this one was durable before the frame was written.
    pub(in crate::io) durable_lsn: u64,
    /// Where the frame is in its segment.
    pub(in crate::io) offset: u64,
    /// When it was written: nanoseconds since 1970, by the wall clock.
    pub(in crate::io) time: u64,
    pub(in crate::io) count: u32,
    /// Bytes of its records, with their headers and padding.
    pub(in crate::io) len: u32,
    /// Sectors behind those, with the data of records that lies outside them.
    pub(in crate::io) outside: u32,
    /// The checksum of its records, as they lie one behind the other. It ties them to this header, so that records of an
    /// earlier write to the same place never pass for this one's.
    pub(in crate::io) body: u32,
}

impl FrameHeader {
    pub(in crate::io) fn encode(&self, seed: u32, bytes: &mut [u8]) {
        put32(bytes, 0, FRAME_MAGIC);
        put64(bytes, 8, self.first_lsn);
        put64(bytes, 16, self.durable_lsn);
        put64(bytes, 24, self.offset);
        put64(bytes, 32, self.time);
        put32(bytes, 40, self.count);
        put32(bytes, 44, self.len);
        put32(bytes, 48, self.outside);
        put32(bytes, 52, self.body);
        let crc = crc32c::crc32c_append(seed, &bytes[8..FRAME_HEADER]);
        put32(bytes, 4, crc);
    }

    /// The header at the beginning of `bytes`, if it belongs to this segment and this offset.
    pub(in crate::io) fn decode(seed: u32, offset: u64, bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..FRAME_HEADER)?;
        if get32(bytes, 0) != FRAME_MAGIC || get32(bytes, 4) != crc32c::crc32c_append(seed, &bytes[8..]) {
            return None;
        }
        let header = Self {
            first_lsn: get64(bytes, 8),
            durable_lsn: get64(bytes, 16),
            offset: get64(bytes, 24),
            time: get64(bytes, 32),
            count: get32(bytes, 40),
            len: get32(bytes, 44),
            outside: get32(bytes, 48),
            body: get32(bytes, 52),
        };
        // No writer makes the others; past this check no sum of theirs overflows.
        let sound =
            header.durable_lsn < header.first_lsn && header.first_lsn.checked_add(header.count.into()).is_some();
        (header.offset == offset && sound).then_some(header)
    }

    /// Bytes of the frame before the data that lies outside its records.
    pub(in crate::io) fn inside(&self) -> usize {
        frame_size(self.len as usize)
    }

    /// Bytes the frame takes of the segment.
    pub(in crate::io) fn size(&self) -> u64 {
        self.inside() as u64 + u64::from(self.outside) * SECTOR as u64
    }
}

/// Bytes that a frame with `len` bytes of records takes of the segment, without what lies outside them.
pub(in crate::io) fn frame_size(len: usize) -> usize {
    (FRAME_HEADER + len).next_multiple_of(SECTOR)
}

/// Bytes that a record with `len` bytes of data takes of its frame.
#[inline]
pub(in crate::io) fn record_size(len: usize) -> usize {
    (RECORD_HEADER + len).next_multiple_of(RECORD_ALIGN)
}

/// The most bytes that a frame takes of a segment of `segment_size`: all behind its header, and behind a mark where it
/// cannot be the first.
pub(in crate::io) fn frame_limit(segment_size: u64) -> usize {
    let most = segment_size as usize - SEGMENT_HEADER;
    if most as u64 > FIRST_FRAME { most - SECTOR } else { most }
}

/// The most bytes that a record may have in segments of `segment_size`.
pub(in crate::io) fn record_limit(segment_size: u64) -> usize {
    frame_limit(segment_size) - FRAME_HEADER - RECORD_HEADER
}

/// Writes the record to the beginning of `bytes`, which has room for it.
#[inline]
pub(in crate::io) fn encode_record(seed: u32, lsn: u64, data: &[u8], bytes: &mut [u8]) {
    let bytes = &mut bytes[..record_size(data.len())];
    // The place of the checksum counts as zero, and a record begins at a multiple of 8: so one run of whole words does it.
    // A record is smaller than a segment, and that is at most 2 GiB.
    put64(bytes, 0, (data.len() as u64) << 32);
    put64(bytes, 8, lsn);
    if !data.is_empty() {
        // The padding, and what of the last word the data takes right after.
        put64(bytes, bytes.len() - 8, 0);
    }
    bytes[RECORD_HEADER..RECORD_HEADER + data.len()].copy_from_slice(data);
    let crc = crc32c::crc32c_append(seed, bytes);
    put32(bytes, 0, crc);
}

/// Writes the header of a record whose data lies outside.
pub(in crate::io) fn encode_outside(seed: u32, lsn: u64, data: &[u8], bytes: &mut [u8]) {
    let header = &mut bytes[..RECORD_HEADER];
    put64(header, 0, u64::from(data.len() as u32 | OUTSIDE) << 32);
    put64(header, 8, lsn);
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(seed, header), data);
    put32(header, 0, crc);
}

/// The header of a record: what it says of the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::io) struct RecordHeader {
    pub(in crate::io) crc: u32,
    pub(in crate::io) len: usize,
    pub(in crate::io) lsn: u64,
    /// The data begins at a sector behind the frame's records, not behind this header.
    pub(in crate::io) outside: bool,
}

impl RecordHeader {
    #[inline]
    pub(in crate::io) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..RECORD_HEADER)?;
        let len = get32(bytes, 4);
        let (crc, lsn) = (get32(bytes, 0), get64(bytes, 8));
        Some(Self { crc, len: (len & !OUTSIDE) as usize, lsn, outside: len & OUTSIDE != 0 })
    }

    /// Bytes it takes among the frame's records.
    #[inline]
    pub(in crate::io) fn size(&self) -> usize {
        if self.outside { RECORD_HEADER } else { record_size(self.len) }
    }

    /// Bytes it takes behind them.
    #[inline]
    pub(in crate::io) fn outside_size(&self) -> usize {
        if self.outside { self.len.next_multiple_of(SECTOR) } else { 0 }
    }
}

/// The checksum of a record at the beginning of `bytes`, whose data, where it lies outside, is `outside`.
fn record_crc(seed: u32, bytes: &[u8], outside: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c_append(seed, &[0; 4]), &bytes[4..]);
    crc32c::crc32c_append(crc, outside)
}

/// The checksum of a frame's records, as they lie one behind the other.
pub(in crate::io) fn body_crc(seed: u32, records: &[u8]) -> u32 {
    crc32c::crc32c_append(seed, records)
}

/// Whether the frame holds what its header tells: its records, one behind the other, and zeros to the end of each last
/// sector.
///
/// The records are checked in one run, which is three times as fast as each by itself: small records have little to do
/// at a time for a CPU that can do three words at once. Data outside is checked by its record's checksum.
pub(in crate::io) fn check_frame(seed: u32, header: &FrameHeader, frame: &[u8]) -> bool {
    let Some((inside, outside)) = frame.split_at_checked(header.inside()) else { return false };
    let (records, padding) = inside[FRAME_HEADER..].split_at(header.len as usize);
    if body_crc(seed, records) != header.body || !is_zero(padding) {
        return false;
    }
    let (mut at, mut behind) = (0, 0);
    for i in 0..u64::from(header.count) {
        let Some(record) = RecordHeader::decode(&records[at..]) else { return false };
        if record.outside {
            let Some(data) = outside[behind..].get(..record.outside_size()) else { return false };
            let (data, rest) = data.split_at(record.len);
            if record_crc(seed, &records[at..at + RECORD_HEADER], data) != record.crc || !is_zero(rest) {
                return false;
            }
        }
        if record.lsn != header.first_lsn + i {
            return false;
        }
        at += record.size();
        behind += record.outside_size();
        if at > records.len() {
            return false;
        }
    }
    at == records.len() && behind == header.outside as usize * SECTOR
}

/// Whether each record of a frame that was checked has its own checksum, too.
pub(in crate::io) fn check_records(seed: u32, header: &FrameHeader, frame: &[u8]) -> bool {
    let mut at = FRAME_HEADER;
    (0..header.count).all(|_| {
        let Some(record) = RecordHeader::decode(&frame[at..]) else { return false };
        let bytes = &frame[at..at + record.size()];
        at += record.size();
        record.outside || record_crc(seed, bytes, &[]) == record.crc
    })
}

pub(in crate::io) fn is_zero(bytes: &[u8]) -> bool {
    let (head, words, tail) = (bytes.chunks_exact(8), 0u64, 0u64);
    let rest = head.remainder().iter().fold(tail, |or, b| or | u64::from(*b));
    head.fold(words, |or, word| or | get64(word, 0)) | rest == 0
}

#[inline]
fn put32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[inline]
fn put64(bytes: &mut [u8], at: usize, value: u64) {
    bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
}

#[inline]
fn get32(bytes: &[u8], at: usize) -> u32 {
    let mut value = [0; 4];
    value.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(value)
}

#[inline]
fn get64(bytes: &[u8], at: usize) -> u64 {
    let mut value = [0; 8];
    value.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(value)
}
