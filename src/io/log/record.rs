use super::Lsn;

/// A record in the buffer of its [`LogReader`](super::LogReader).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record<'a> {
    /// Its number.
    pub lsn: Lsn,
    /// What was appended.
    pub data: &'a [u8],
}

/// A record with memory of its own, as the iterator of a [`LogReader`](super::LogReader) gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OwnedRecord {
    /// Its number.
    pub lsn: Lsn,
    /// What was appended.
    pub data: Vec<u8>,
}

impl From<Record<'_>> for OwnedRecord {
    fn from(record: Record<'_>) -> Self {
        Self { lsn: record.lsn, data: record.data.to_vec() }
    }
}
