//! What a parser makes of one block: the enriched survivors, laid end to end.

use std::hash::BuildHasher;

use bedplate::time::Instant;
use foldhash::quality::FixedState;

/// Records of one block on their way to the log. A record is the key's attribute (8 bytes, little endian) and the line.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    ends: Vec<usize>,
    checksum: Checksum,
    /// When the block came back from the kernel.
    pub arrived: Instant,
}

impl Output {
    pub fn push(&mut self, attribute: u64, line: &str) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&attribute.to_le_bytes());
        self.bytes.extend_from_slice(line.as_bytes());
        self.checksum.add(&self.bytes[start..]);
        self.ends.push(self.bytes.len());
    }

    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.checksum = Checksum::default();
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub fn checksum(&self) -> Checksum {
        self.checksum
    }

    pub fn records(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }
}

/// A checksum over a set of records that does not depend on their order, which threads decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checksum {
    pub records: u64,
    pub bytes: u64,
    pub sum: u64,
}

impl Checksum {
    pub fn add(&mut self, record: &[u8]) {
        self.records += 1;
        self.bytes += record.len() as u64;
        self.sum = self.sum.wrapping_add(FixedState::default().hash_one(record));
    }

    pub fn merge(&mut self, other: Self) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}
