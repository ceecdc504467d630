use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;

use super::format::{BadHeader, SECTOR, SEGMENT_HEADER, SegmentHeader};
use super::storage::{Access, Directory, Storage, write_all};
use super::{LogError, Lsn};
use crate::mem::AlignedBuf;

/// An open segment and what its header tells.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) file: Box<dyn Storage>,
    pub(super) header: SegmentHeader,
    /// What its checksums start from.
    pub(super) seed: u32,
}

const SUFFIX: &str = ".log";
/// A segment that is being made. It gets its name when its header is on the disk, so a segment's header is whole or
/// damaged, but never unfinished.
const UNFINISHED: &str = ".new";

impl Segment {
    pub(super) fn name(number: u64) -> String {
        // As many digits as u64 has, so that a listing sorts by number.
        format!("{number:020}{SUFFIX}")
    }

    /// The numbers of the segments in `dir`, ascending.
    pub(super) fn list(dir: &dyn Directory) -> io::Result<Vec<u64>> {
        let mut numbers: Vec<u64> = dir
            .list()?
            .iter()
            .filter_map(|name| {
                let number = name.strip_suffix(SUFFIX)?.parse().ok()?;
                (Self::name(number) == *name).then_some(number)
            })
            .collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Removes segments that were never finished.
    pub(super) fn remove_unfinished(dir: &dyn Directory) -> io::Result<()> {
        for name in dir.list()?.iter().filter(|name| name.ends_with(&format!("{SUFFIX}{UNFINISHED}"))) {
            dir.remove(name)?;
        }
        Ok(())
    }

    /// Opens a segment that begins with record `lsn` as far as is known, for the error to tell.
    pub(super) fn open(dir: &dyn Directory, number: u64, access: Access, lsn: Lsn) -> Result<Self, LogError> {
        let name = Self::name(number);
        let file = dir.open(&name, access)?;
        let mut sector = sector()?;
        let n = file.read(&mut sector, 0)?;
        match SegmentHeader::decode(&sector[..n]) {
            Ok(header) if header.number == number => Ok(Self { file, header, seed: header.seed() }),
            Err(BadHeader::Version(found)) => Err(LogError::Version { path: dir.path(&name), found }),
            Ok(_) | Err(BadHeader::Damaged) => Err(LogError::Corrupt { path: dir.path(&name), offset: 0, lsn }),
        }
    }

    /// Makes a segment, durable but for its name: that needs [`Directory::sync`].
    pub(super) fn create(dir: &dyn Directory, number: u64, first_lsn: u64, size: u64) -> io::Result<Self> {
        // Two hashers with keys of the operating system's randomness; nothing rests on more than their being different.
        let random = RandomState::new();
        let epoch = random.build_hasher().finish() ^ random.hash_one(number);
        let header = SegmentHeader { number, epoch, first_lsn, size };
        let mut bytes = sector()?;
        header.encode(&mut bytes);

        let name = Self::name(number);
        let unfinished = format!("{name}{UNFINISHED}");
        let file = dir.create(&unfinished)?;
        let finish = || {
            file.reserve(size)?;
            write_all(&*file, &bytes, 0)?;
            file.sync()?;
            dir.rename(&unfinished, &name)
        };
        if let Err(e) = finish() {
            // The error to tell is the first; a file that stays is removed when the log is opened again.
            let _ = dir.remove(&unfinished);
            return Err(e);
        }
        Ok(Self { file, header, seed: header.seed() })
    }

    /// Bytes from `offset` to the end of the segment.
    pub(super) fn room(&self, offset: u64) -> u64 {
        self.header.size.saturating_sub(offset)
    }
}

fn sector() -> io::Result<AlignedBuf> {
    AlignedBuf::try_zeroed(SEGMENT_HEADER, SECTOR).map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))
}
