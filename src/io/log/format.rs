//! The bytes on the disk, little endian. `docs/log-format.md` describes them; the two change together.

/// Frames begin at multiples of this, and each sector belongs to one frame, so that what was acknowledged is never
/// written again. No disk sold has a larger sector.
pub(super) const SECTOR: usize = 4096;

/// Bytes of a segment before its first frame.
pub(super) const SEGMENT_HEADER: usize = SECTOR;
pub(super) const FRAME_HEADER: usize = 40;
pub(super) const RECORD_HEADER: usize = 16;
/// Records begin at multiples of this within a frame.
const RECORD_ALIGN: usize = 8;

const SEGMENT_MAGIC: [u8; 8] = *b"bedplate";
const FRAME_MAGIC: u32 = u32::from_le_bytes(*b"fram");
pub(super) const VERSION: u32 = 1;

/// The first sector of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    /// Segments are numbered from 1 without a gap.
    pub(super) number: u64,
    /// Chosen at random when the segment is made. All checksums in it start from this, so that bytes of another segment,
    /// or of an earlier file in the same place, never pass.
    pub(super) epoch: u64,
    pub(super) first_lsn: u64,
    /// Bytes of the segment, its header with them.
    pub(super) size: u64,
}

/// Why a sector is not the header of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadHeader {
    Damaged,
    Version(u32),
}

impl SegmentHeader {
    pub(super) fn encode(&self, sector: &mut [u8]) {
        let sector = &mut sector[..SEGMENT_HEADER];
        sector.fill(0);
        sector[..8].copy_from_slice(&SEGMENT_MAGIC);
        put32(sector, 8, VERSION);
        put64(sector, 16, self.number);
        put64(sector, 24, self.epoch);
        put64(sector, 32, self.first_lsn);
        put64(sector, 40, self.size);
        let crc = crc32c::crc32c_append(crc32c::crc32c(&sector[..12]), &sector[16..]);
        put32(sector, 12, crc);
    }

    pub(super) fn decode(sector: &[u8]) -> Result<Self, BadHeader> {
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
        Ok(Self {
            number: get64(sector, 16),
            epoch: get64(sector, 24),
            first_lsn: get64(sector, 32),
            size: get64(sector, 40),
        })
    }

    /// What all checksums of the segment start from.
    pub(super) fn seed(&self) -> u32 {
        crc32c::crc32c(&self.epoch.to_le_bytes())
    }
}

/// The head of a frame: records that one write brought to the disk, and that count all or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameHeader {
    /// The LSN of its first record, or of the one that would come next where it holds none.
    pub(super) first_lsn: u64,
    /// Every record up to this one was durable before the frame was written.
    pub(super) durable_lsn: u64,
    /// Where the frame is in its segment.
    pub(super) offset: u64,
    pub(super) count: u32,
    /// Bytes of its records, with their headers and padding.
    pub(super) len: u32,
}

impl FrameHeader {
    pub(super) fn encode(&self, seed: u32, bytes: &mut [u8]) {
        put32(bytes, 0, FRAME_MAGIC);
        put64(bytes, 8, self.first_lsn);
        put64(bytes, 16, self.durable_lsn);
        put64(bytes, 24, self.offset);
        put32(bytes, 32, self.count);
        put32(bytes, 36, self.len);
        let crc = crc32c::crc32c_append(seed, &bytes[8..FRAME_HEADER]);
        put32(bytes, 4, crc);
    }

    /// The header at the beginning of `bytes`, if it belongs to this segment and this offset.
    pub(super) fn decode(seed: u32, offset: u64, bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..FRAME_HEADER)?;
        if get32(bytes, 0) != FRAME_MAGIC || get32(bytes, 4) != crc32c::crc32c_append(seed, &bytes[8..]) {
            return None;
        }
        let header = Self {
            first_lsn: get64(bytes, 8),
            durable_lsn: get64(bytes, 16),
            offset: get64(bytes, 24),
            count: get32(bytes, 32),
            len: get32(bytes, 36),
        };
        (header.offset == offset).then_some(header)
    }

    /// Bytes the frame takes of the segment.
    pub(super) fn size(&self) -> usize {
        frame_size(self.len as usize)
    }
}

/// Bytes that a frame with `len` bytes of records takes of the segment.
pub(super) fn frame_size(len: usize) -> usize {
    (FRAME_HEADER + len).next_multiple_of(SECTOR)
}

/// Bytes that a record with `len` bytes of data takes of its frame.
#[inline]
pub(super) fn record_size(len: usize) -> usize {
    (RECORD_HEADER + len).next_multiple_of(RECORD_ALIGN)
}

/// The most bytes that a record may have in segments of `segment_size`.
pub(super) fn record_limit(segment_size: u64) -> usize {
    segment_size as usize - SEGMENT_HEADER - FRAME_HEADER - RECORD_HEADER
}

/// Writes the record to the beginning of `bytes`, which has room for it.
#[inline]
pub(super) fn encode_record(seed: u32, lsn: u64, data: &[u8], bytes: &mut [u8]) -> usize {
    let size = record_size(data.len());
    let bytes = &mut bytes[..size];
    // A record is smaller than a segment, and that is smaller than 4 GiB.
    put32(bytes, 4, data.len() as u32);
    put64(bytes, 8, lsn);
    bytes[RECORD_HEADER..RECORD_HEADER + data.len()].copy_from_slice(data);
    bytes[RECORD_HEADER + data.len()..].fill(0);
    let crc = crc32c::crc32c_append(seed, &bytes[4..]);
    put32(bytes, 0, crc);
    size
}

/// The length of the data of the record at the beginning of `bytes`; `None` where it is cut off, damaged or another one.
pub(super) fn check_record(seed: u32, lsn: u64, bytes: &[u8]) -> Option<usize> {
    let len = record_len(bytes)?;
    let bytes = bytes.get(..record_size(len))?;
    (get64(bytes, 8) == lsn && get32(bytes, 0) == crc32c::crc32c_append(seed, &bytes[4..])).then_some(len)
}

/// The length of the data of a record, as its header tells.
#[inline]
pub(super) fn record_len(bytes: &[u8]) -> Option<usize> {
    bytes.get(..RECORD_HEADER).map(|header| get32(header, 4) as usize)
}

/// Whether the frame holds what its header tells: each record whole, and zeros to the end of its last sector.
pub(super) fn check_frame(seed: u32, header: &FrameHeader, frame: &[u8]) -> bool {
    let Some(frame) = frame.get(..header.size()) else { return false };
    let (records, padding) = frame[FRAME_HEADER..].split_at(header.len as usize);
    let mut at = 0;
    for i in 0..u64::from(header.count) {
        let Some(len) = check_record(seed, header.first_lsn + i, &records[at..]) else { return false };
        at += record_size(len);
    }
    at == records.len() && is_zero(padding)
}

pub(super) fn is_zero(bytes: &[u8]) -> bool {
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
