//! Reads a log back.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use bedplate::io::{AppendLog, LogReader, Lsn};

use crate::output::Checksum;
use crate::report::Report;

/// Counts and sums the records from `first` to `last`. There may be more after them: appended, and not acknowledged
/// before something failed.
pub fn between(log: &Path, first: Lsn, last: Lsn) -> Result<Checksum, Box<dyn Error>> {
    let mut reader = LogReader::open_from(log, first)?;
    let mut checksum = Checksum::default();
    while let Some(record) = reader.next_record()?
        && record.lsn <= last
    {
        checksum.add(record.data);
    }
    Ok(checksum)
}

/// `--verify`: says what is in a log, without changing it.
pub fn verify(log: &Path, json: Option<&Path>) -> Result<ExitCode, Box<dyn Error>> {
    let found = AppendLog::verify(log).map_err(|error| format!("--verify {}: {error}", log.display()))?;
    if found.segments == 0 {
        eprintln!("{}: no segment is here: an empty log, or none", log.display());
    }
    let mut report = Report::default();
    report.add("records", found.records as f64, "records");
    report.add("bytes", found.bytes as f64, "bytes");
    report.add("first_lsn", found.first.unwrap_or_default().get() as f64, "lsn");
    report.add("last_lsn", found.last.unwrap_or_default().get() as f64, "lsn");
    report.add("torn_tail", found.torn_tail_bytes as f64, "bytes");
    report.print()?;
    if let Some(path) = json {
        report.write_json(path)?;
    }
    Ok(ExitCode::SUCCESS)
}
