//! What came to a disk, as `dm-log-writes` records it.

use std::path::Path;

use super::disk;

const MAGIC: u64 = 0x006a_7366_7773_6872;
const SECTOR: usize = 512;

const FLUSH: u64 = 1 << 0;
const FUA: u64 = 1 << 1;
const DISCARD: u64 = 1 << 2;
const MARK: u64 = 1 << 3;

/// A write, in the order in which they became durable or, without a flush, could have.
#[derive(Debug)]
pub struct Entry {
    flags: u64,
    at: usize,
    data: Vec<u8>,
}

impl Entry {
    /// What the device was told by [`Device::tell`](super::device::Device::tell).
    pub fn mark(&self) -> Option<&str> {
        (self.flags & MARK != 0).then(|| std::str::from_utf8(&self.data).unwrap())
    }

    /// Whether everything before it was durable, or this itself, when whoever wrote it went on.
    pub fn is_barrier(&self) -> bool {
        self.flags & (FLUSH | FUA) != 0
    }

    pub fn apply(&self, image: &mut [u8]) {
        if self.flags & (MARK | DISCARD) == 0 {
            image[self.at..self.at + self.data.len()].copy_from_slice(&self.data);
        }
    }

    /// Only those sectors of it for which `keep` says so.
    pub fn apply_torn(&self, image: &mut [u8], mut keep: impl FnMut() -> bool) {
        if self.flags & (MARK | DISCARD) == 0 {
            for (i, sector) in self.data.chunks(SECTOR).enumerate() {
                if keep() {
                    let at = self.at + i * SECTOR;
                    image[at..at + sector.len()].copy_from_slice(sector);
                }
            }
        }
    }

    /// The first LSN and the durable LSN of the log's frame that it is.
    pub fn frame(&self) -> Option<(u64, u64)> {
        let frame = self.flags & MARK == 0 && self.data.starts_with(b"fram");
        frame.then(|| (number(&self.data, 8), number(&self.data, 16)))
    }
}

fn number(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap())
}

/// All of it, after the device that recorded it is gone.
pub fn read(disk: &Path) -> Vec<Entry> {
    let bytes = disk::image(disk);
    assert_eq!((number(&bytes, 0), number(&bytes, 8)), (MAGIC, 1));
    assert_eq!(bytes[24..28], (SECTOR as u32).to_le_bytes());
    let (mut at, mut entries) = (SECTOR, Vec::new());
    for _ in 0..number(&bytes, 16) {
        let [sector, sectors, flags, len] = [0, 8, 16, 24].map(|field| number(&bytes, at + field));
        let data = if flags & MARK != 0 {
            bytes[at + 32..at + 32 + len as usize].to_vec()
        } else if flags & DISCARD != 0 {
            Vec::new()
        } else {
            bytes[at + SECTOR..at + SECTOR + sectors as usize * SECTOR].to_vec()
        };
        at += SECTOR + if flags & (MARK | DISCARD) == 0 { data.len() } else { 0 };
        entries.push(Entry { flags, at: sector as usize * SECTOR, data });
    }
    entries
}
