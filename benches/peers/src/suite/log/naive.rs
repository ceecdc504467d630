//! Records appended and durable when the call returns, against what one writes first.

use super::records::{self, RECORD, Seen};
use super::subject::Subject;
use super::{Setting, until_past};
use crate::harness::{Bench, Better, Spec, together};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

/// Measures the rows.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    const ROWS: [(&str, usize); 2] = [("append naive 32t", 32), ("append naive 128t", 128)];
    if !ROWS.iter().any(|(row, _)| bench.wants(row)) {
        return;
    }
    let log = Subject::open(setting, &setting.options()).expect("a log");
    for (row, threads) in ROWS {
        let time = setting.time;
        let detail = format!(
            "append a record of 100 bytes and return when it is durable, for {time:?}; a log as in `append independent`; \
             the peer's threads write to one file opened with O_APPEND, which begins empty and grows, and call fdatasync \
             each, without a lock; verified: all records read back"
        );
        bench.run(
            Spec::new(row, detail)
                .threads(threads)
                .unit("records/s", Better::Higher)
                .figure("bedplate", || log.rate(threads, time))
                .figure("write + fdatasync", || write_and_sync(setting.folder, threads, time)),
        );
    }
}

fn write_and_sync(folder: &Path, threads: usize, time: Duration) -> f64 {
    let path = tempfile::Builder::new().prefix("naive-").tempfile_in(folder).expect("a file").into_temp_path();
    let file = fs::OpenOptions::new().append(true).open(&path).expect("the file");
    let (elapsed, total) = together(threads, |thread| {
        let mut record = [0; RECORD];
        records::blank(thread, &mut record);
        until_past(time, |number| {
            records::stamp(&mut record, number);
            (&file).write_all(&record).expect("a write");
            file.sync_data().expect("a sync");
        })
    });
    let bytes = fs::read(&path).expect("the file");
    let mut seen = Seen::from_first(threads);
    bytes.chunks(RECORD).for_each(|record| seen.see(record));
    assert_eq!((seen.total(), bytes.len() as u64), (total, total * RECORD as u64), "each record is there");
    total as f64 / elapsed.as_secs_f64()
}
