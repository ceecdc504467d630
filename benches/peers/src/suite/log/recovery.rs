//! What opening a log reads, and reading all of it.

use super::Setting;
use super::records::{self, RECORD, Seen};
use super::zeroed::PAGE;
use crate::harness::{Bench, Better, Spec, on_cpu};
use bedplate::io::{AppendLog, AppendLogOptions, Backend, LogReader};
use bedplate::mem::AlignedBuf;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;

/// Bytes of a read of the peer.
const READ: usize = 1 << 20;
/// The name of the peer.
const PEER: &str = "direct reads of 1 MiB";

/// Measures the rows.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    let rows = [
        ("recovery", READ, 1, What::Open),
        ("recovery 4k", PAGE, 1, What::Open),
        ("recovery read", READ, if setting.quick { 2 } else { 4 }, What::Read),
    ];
    for (row, frame, segments, what) in rows {
        if bench.wants(row) {
            measure(bench, setting, row, Full::write(setting, frame, segments), what);
        }
    }
}

/// What is measured.
#[derive(Clone, Copy)]
enum What {
    /// The opening of the log.
    Open,
    /// All of its records.
    Read,
}

fn measure(bench: &mut Bench, setting: &Setting<'_>, row: &str, log: Full, what: What) {
    let megabytes = log.bytes() as f64 / 1e6;
    let does = match what {
        What::Open => "open a log for writing whose only segment is full, which reads and checks all of it",
        What::Read => "read all records of a log, each of which is checked",
    };
    let detail = format!(
        "{does}: {} records of 100 bytes in {} segments of {} MiB, frames of {} KiB, in MB of the segments a second; the \
         peer reads the same files front to back with O_DIRECT, 1 MiB a read; on one CPU; verified: the last record, or \
         each of them; bytes of the peer",
        log.records,
        log.segments.len(),
        setting.segment >> 20,
        log.frame >> 10,
    );
    let ours = || match what {
        What::Open => log.open(),
        What::Read => log.read(),
    };
    bench.run(
        Spec::new(row, detail)
            .unit("MB/s", Better::Higher)
            .figure("bedplate", || megabytes / on_cpu(0, ours))
            .figure(PEER, || megabytes / on_cpu(0, || log.read_files())),
    );
}

/// A log whose segments are full and which was closed.
struct Full {
    folder: TempDir,
    options: AppendLogOptions,
    /// Bytes of a frame.
    frame: usize,
    records: u64,
    /// The files that have records, by their order.
    segments: Vec<PathBuf>,
    size: u64,
}

impl Full {
    fn write(setting: &Setting<'_>, frame: usize, segments: usize) -> Self {
        let folder = tempfile::tempdir_in(setting.folder).expect("a folder");
        let options = AppendLog::options().segment_size(setting.segment).buffer_size(frame);
        // Small frames are written one by one: by threads, so that it does not take longer than the row.
        let log = options.clone().backend(Backend::Threads(8)).open(folder.path()).expect("a log");
        // The first page of a segment is its header; what is left behind the last frame takes the mark of the closing.
        let frames = (setting.segment - PAGE as u64) / frame as u64 - u64::from(frame == PAGE);
        let mut record = [0; RECORD];
        records::blank(0, &mut record);
        let mut records = 0;
        for _ in 0..frames * segments as u64 {
            // As many as fit behind the frame's header of 56 bytes, with 16 for each record's own and 4 of padding.
            for _ in 0..(frame - 56) / (RECORD + 20) {
                records::stamp(&mut record, records);
                log.append(&record).expect("an append");
                records += 1;
            }
            if frame != PAGE {
                log.flush().expect("a flush");
            }
        }
        log.close().expect("the log is closed");
        // Of the files of segments, the one that is prepared and has no record comes last.
        let mut files: Vec<PathBuf> = fs::read_dir(folder.path())
            .expect("the folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
            .collect();
        files.sort();
        files.truncate(segments);
        let report = AppendLog::verify(folder.path()).expect("a whole log");
        assert_eq!(report.records, records, "each record is there");
        assert_eq!(files.len(), segments, "each segment is there");
        Self { folder, options, frame, records, segments: files, size: setting.segment }
    }

    fn bytes(&self) -> u64 {
        self.segments.len() as u64 * self.size
    }

    /// Seconds that the opening took.
    fn open(&self) -> f64 {
        let start = Instant::now();
        let log = self.options.open(self.folder.path()).expect("the log");
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(log.durable_lsn().get(), self.records, "each record is found");
        seconds
    }

    /// Seconds that reading all records took.
    fn read(&self) -> f64 {
        let mut seen = Seen::from_first(1);
        let start = Instant::now();
        let mut reader = LogReader::open(self.folder.path()).expect("the log");
        while let Some(record) = reader.next_record().expect("a whole log") {
            seen.see(record.data);
        }
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(seen.total(), self.records, "each record is read");
        seconds
    }

    /// Seconds that reading the files took.
    fn read_files(&self) -> f64 {
        let mut buffer = AlignedBuf::zeroed(READ, PAGE);
        let mut bytes = 0;
        let start = Instant::now();
        for path in &self.segments {
            let mut file = direct(path);
            while let read @ 1.. = file.read(&mut buffer).expect("a read") {
                bytes += read as u64;
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        assert_eq!(bytes, self.bytes(), "the files are read whole");
        seconds
    }
}

fn direct(path: &Path) -> File {
    OpenOptions::new().read(true).custom_flags(libc::O_DIRECT).open(path).expect("a segment")
}
