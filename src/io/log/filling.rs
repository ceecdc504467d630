use std::io;

use super::format::SECTOR;
use super::segment::{Name, buffer};
use super::storage::Directory;
use crate::io::{DirectFile, Preallocate};
use crate::mem::AlignedBuf;

/// Zeros in memory.
const ZEROS: usize = 1 << 20;

/// Without `O_DIRECT` the zeros are synced every so many bytes, so that the last sync, and whoever waits for it, does not
/// find all of them in the page cache.
const SYNCED: u64 = 8 << 20;

/// The file of a segment that is being filled with zeros.
///
/// Space that is only reserved would not do: the first write of each part of it changes the file's extents, and a durable
/// one waits for the journal too.
#[derive(Debug)]
pub(super) struct Filling {
    name: Name,
    file: DirectFile,
    size: u64,
    /// To where there are zeros; the first sector is left for the header.
    filled: u64,
    zeros: AlignedBuf,
}

impl Filling {
    /// Makes the file and reserves its space, so that a full disk shows early.
    pub(super) fn begin(dir: &dyn Directory, number: u64, size: u64) -> io::Result<Self> {
        let name = Name::Unfinished(number);
        let zeros = buffer(ZEROS.min(size as usize))?;
        let file = match dir.create(&name.to_string()) {
            // Left by an attempt whose end failed too.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                dir.remove(&name.to_string())?;
                dir.create(&name.to_string())?
            }
            other => other?,
        };
        match file.preallocate(size, Preallocate::Reserve) {
            Err(e) if e.kind() != io::ErrorKind::Unsupported => {
                drop(file);
                // The error to tell is the first; a file that stays is removed when the log is opened again.
                let _ = dir.remove(&name.to_string());
                Err(e)
            }
            // Where nothing can be reserved, writing is what gets the space.
            _ => Ok(Self { name, file, size, filled: SECTOR as u64, zeros }),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.filled == self.size
    }

    /// Bytes that are still to be written, the header's sector with them.
    pub(super) fn owed(&self) -> u64 {
        self.size - self.filled + SECTOR as u64
    }

    /// Writes about `bytes` of zeros more.
    pub(super) fn fill(&mut self, bytes: u64) -> io::Result<()> {
        let sector = SECTOR as u64;
        let end = bytes.max(1).checked_next_multiple_of(sector).map_or(self.size, |b| self.size.min(self.filled + b));
        let synced = self.filled / SYNCED;
        while self.filled < end {
            let some = (end - self.filled).min(self.zeros.len() as u64);
            self.file.write_all_at(&self.zeros[..some as usize], self.filled)?;
            self.filled += some;
        }
        if self.filled / SYNCED > synced && !self.file.effective().direct {
            self.file.sync_data()?;
        }
        Ok(())
    }

    pub(super) fn into_file(self) -> (Name, DirectFile) {
        (self.name, self.file)
    }
}
