use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IoSlice};

use super::format::{self, BadHeader, FRAME_HEADER, FrameHeader, SECTOR, SEGMENT_HEADER, SegmentHeader};
use super::storage::{Access, Directory};
use super::{LogError, Lsn};
use crate::io::{DirectFile, WriteOptions};
use crate::mem::AlignedBuf;
use crate::primitive::Arc;

/// An open segment and what its header tells.
#[derive(Debug)]
pub(in crate::io) struct Segment {
    pub(in crate::io) file: Arc<DirectFile>,
    pub(in crate::io) header: SegmentHeader,
    /// What its checksums start from.
    pub(in crate::io) seed: u32,
}

const SUFFIX: &str = ".log";
/// A segment that is being made. It gets its name when its header is on the disk, so a segment's header is whole or
/// damaged, but never unfinished.
const UNFINISHED: &str = ".log.new";
/// One that was trimmed and waits to be another.
const FREE: &str = ".log.free";

/// What a name in the directory stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::io) enum Name {
    Segment(u64),
    Unfinished(u64),
    Free(u64),
}

impl Name {
    /// The number, if it is that of a segment.
    pub(in crate::io) fn segment(self) -> Option<u64> {
        if let Self::Segment(number) = self { Some(number) } else { None }
    }

    /// `None` for names that are not the log's.
    pub(in crate::io) fn parse(name: &str) -> Option<Self> {
        let digits = name.find('.')?;
        let number = name[..digits].parse().ok()?;
        let parsed = match &name[digits..] {
            SUFFIX => Self::Segment(number),
            UNFINISHED => Self::Unfinished(number),
            FREE => Self::Free(number),
            _ => return None,
        };
        // Other spellings of the number are not the log's, and no log comes so far that the next one would be none.
        (parsed.to_string() == name && (1..u64::MAX).contains(&number)).then_some(parsed)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (number, suffix) = match self {
            Self::Segment(number) => (number, SUFFIX),
            Self::Unfinished(number) => (number, UNFINISHED),
            Self::Free(number) => (number, FREE),
        };
        // As many digits as u64 has, so that a listing sorts by number.
        write!(f, "{number:020}{suffix}")
    }
}

impl Segment {
    pub(in crate::io) fn name(number: u64) -> String {
        Name::Segment(number).to_string()
    }

    /// The numbers of the segments in `dir`, ascending.
    pub(in crate::io) fn list(dir: &dyn Directory) -> io::Result<Vec<u64>> {
        let names = dir.list()?;
        let mut numbers: Vec<u64> = names.iter().filter_map(|name| Name::parse(name)?.segment()).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Opens a segment that begins with record `lsn` as far as is known, for the error to tell.
    pub(in crate::io) fn open(dir: &dyn Directory, number: u64, access: Access, lsn: Lsn) -> Result<Self, LogError> {
        let name = Self::name(number);
        let file = dir.open(&name, access).map_err(|e| match e.kind() {
            io::ErrorKind::WouldBlock => LogError::Locked,
            _ => LogError::Io(e),
        })?;
        if access == Access::Write {
            // What the page cache or the disk's own cache shows may not be durable, and is to be believed next.
            file.sync_data()?;
        }
        let mut sector = buffer(SEGMENT_HEADER)?;
        let n = file.fill(&mut sector, 0)?;
        match SegmentHeader::decode(&sector[..n]) {
            Ok(header) if header.number == number => Ok(Self::new(file, header)),
            Err(BadHeader::Version(found)) => Err(LogError::Version { path: dir.path(&name), found }),
            Ok(_) | Err(BadHeader::Damaged) => Err(LogError::Corrupt { path: dir.path(&name), offset: 0, lsn }),
        }
    }

    fn new(file: DirectFile, header: SegmentHeader) -> Self {
        Self { file: Arc::new(file), seed: header.seed(), header }
    }

    /// Makes the file segment `number`, durable but for its name. The rest of it is zeros, or was another segment's.
    pub(in crate::io) fn begin(file: DirectFile, number: u64, size: u64) -> io::Result<Self> {
        // Two hashers with keys of the operating system's randomness; nothing rests on more than their being different.
        let random = RandomState::new();
        let epoch = random.build_hasher().finish() ^ random.hash_one(number);
        let header = SegmentHeader { number, epoch, size, previous: stale_epoch(&file)? };
        let mut bytes = buffer(SEGMENT_HEADER)?;
        header.encode(&mut bytes);
        file.write_all_at(&bytes, 0)?;
        file.sync_data()?;
        Ok(Self::new(file, header))
    }

    /// The header of the segment's first frame, as far as it is one. Its records are not looked at.
    pub(in crate::io) fn first_frame(&self) -> io::Result<Option<FrameHeader>> {
        Ok(decode_first(self.seed, &first_sector(&self.file)?))
    }

    /// Whether the place of the first frame holds what it did before one was written there.
    pub(in crate::io) fn looks_unused(&self) -> io::Result<bool> {
        let sector = first_sector(&self.file)?;
        let previous = self.header.previous;
        Ok(format::is_zero(&sector) || previous != 0 && decode_first(format::seed(previous), &sector).is_some())
    }

    /// Bytes from `offset` to the end of the segment.
    pub(in crate::io) fn room(&self, offset: u64) -> u64 {
        self.header.size.saturating_sub(offset)
    }

    /// Writes the parts one behind the other, whole sectors each; they are durable when it returns.
    pub(in crate::io) fn write(&self, parts: &[&[u8]], offset: u64) -> io::Result<()> {
        if let [part] = parts {
            return self.file.write_all_at_with(part, offset, WriteOptions::new().durable());
        }
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        self.file.write_all_vectored_at(&mut slices, offset)?;
        self.file.sync_data()
    }

    /// Overwrites the header of a frame with zeros, durably.
    pub(in crate::io) fn erase(&self, offset: u64) -> io::Result<()> {
        self.write(&[&buffer(SECTOR)?], offset)
    }
}

/// The sector of a segment's first frame; zeros where the file ends before.
fn first_sector(file: &DirectFile) -> io::Result<AlignedBuf> {
    let mut sector = buffer(SECTOR)?;
    file.fill(&mut sector, SEGMENT_HEADER as u64)?;
    Ok(sector)
}

fn decode_first(seed: u32, sector: &[u8]) -> Option<FrameHeader> {
    FrameHeader::decode(seed, SEGMENT_HEADER as u64, &sector[..FRAME_HEADER])
}

/// The epoch of the frame at the beginning of a file that was a segment; 0 where there is none.
fn stale_epoch(file: &DirectFile) -> io::Result<u64> {
    let mut sector = buffer(SEGMENT_HEADER)?;
    let n = file.fill(&mut sector, 0)?;
    let Ok(header) = SegmentHeader::decode(&sector[..n]) else { return Ok(0) };
    let first = first_sector(file)?;
    // That of the segment before it, where this one got no frame.
    let epochs = [header.epoch, header.previous];
    Ok(epochs.into_iter().find(|epoch| decode_first(format::seed(*epoch), &first).is_some()).unwrap_or(0))
}

/// Zeros, aligned for every file of a log.
pub(in crate::io) fn buffer(len: usize) -> io::Result<AlignedBuf> {
    AlignedBuf::try_zeroed(len, SECTOR).map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))
}
