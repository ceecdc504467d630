use super::{LogError, LogReader, OwnedRecord};

/// The records of a log as an iterator: made by [`LogReader::records`]. After an error there are no more.
///
/// ```
/// use bedplate::io::{AppendLog, LogReader};
///
/// let dir = std::env::temp_dir().join(format!("bedplate-records-{}", std::process::id()));
/// let log = AppendLog::options().segment_size(1 << 20).open(&dir)?;
/// log.append(b"one")?;
/// log.flush()?;
/// let all: Vec<_> = LogReader::open(&dir)?.records().collect::<Result<_, _>>()?;
/// assert_eq!(all[0].data, b"one");
/// std::fs::remove_dir_all(dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "an iterator reads nothing before it is used"]
pub struct Records {
    reader: LogReader,
    failed: bool,
}

impl Records {
    pub(super) fn new(reader: LogReader) -> Self {
        Self { reader, failed: false }
    }
}

impl Iterator for Records {
    type Item = Result<OwnedRecord, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let record = self.reader.next_record().map(|record| record.map(OwnedRecord::from));
        self.failed = record.is_err();
        record.transpose()
    }
}
