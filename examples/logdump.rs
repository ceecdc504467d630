//! Prints what is in the directory of an `AppendLog`: its records, its frames, its segments, or whether it is whole.
//!
//! `cargo run --release --example logdump -- --frames DIR`; `--help` tells the rest. It takes no lock and changes nothing:
//! the log may be open in another process.

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use bedplate::io::{AppendLog, LogError, LogFrame, LogReader, Lsn};
use lexopt::prelude::*;

const HELP: &str = "\
Prints the records of an append-only log, one a line: LSN, bytes, and the data where
they are asked for. Reads only: a log that is being written can be printed, and gives
what is whole by then. Records that are damaged are told, never passed over.

usage: logdump [OPTIONS] DIR

  --from LSN    begin with this record                              [the first one]
  --limit N     print N lines at most                               [all]
  --data        print the data, with what is no ASCII letter, digit or sign escaped
  --hex         print the data as hexadecimal digits
  --frames      print frames in place of records: where each is, how long, its
                records, what was durable before, and when it was written
  --segments    print segments in place of records: the same of all their frames
  --verify      read all of it, print what was found, and no records
  --help        this text

exit status: 0 whole, 1 damaged or not readable, 2 wrong arguments
";

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(None) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Some(args)) => args,
        Err(error) => {
            eprintln!("logdump: {error}\ntry --help");
            return ExitCode::from(2);
        }
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let done = args.print(&mut out).and_then(|()| Ok(out.flush()?));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        // Who reads has seen enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            // What was whole comes before what is said of the rest; a second error is none to tell.
            let _ = out.flush();
            eprintln!("logdump: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Records,
    Frames,
    Segments,
    Verify,
}

#[derive(Clone, Copy, PartialEq)]
enum Data {
    Hidden,
    Escaped,
    Hex,
}

struct Args {
    dir: PathBuf,
    from: Lsn,
    limit: u64,
    what: What,
    data: Data,
}

impl Args {
    /// `None` where help was asked for.
    fn parse() -> Result<Option<Self>, lexopt::Error> {
        let mut dir = None;
        let mut args =
            Self { dir: PathBuf::new(), from: Lsn::ZERO, limit: u64::MAX, what: What::Records, data: Data::Hidden };
        let mut bounded = false;
        let mut given = lexopt::Parser::from_env();
        while let Some(arg) = given.next()? {
            match arg {
                Long("from") => (args.from, bounded) = (Lsn::new(given.value()?.parse()?), true),
                Long("limit") => (args.limit, bounded) = (given.value()?.parse()?, true),
                Long("data") => set(&mut args.data, Data::Hidden, Data::Escaped, "--data and --hex")?,
                Long("hex") => set(&mut args.data, Data::Hidden, Data::Hex, "--data and --hex")?,
                Long("frames") => set(&mut args.what, What::Records, What::Frames, WHATS)?,
                Long("segments") => set(&mut args.what, What::Records, What::Segments, WHATS)?,
                Long("verify") => set(&mut args.what, What::Records, What::Verify, WHATS)?,
                Short('h') | Long("help") => return Ok(None),
                Value(path) if dir.is_none() => dir = Some(PathBuf::from(path)),
                _ => return Err(arg.unexpected()),
            }
        }
        args.dir = dir.ok_or("want the directory of a log")?;
        if args.what != What::Records && args.data != Data::Hidden {
            return Err("--data and --hex are for records".into());
        }
        if args.what == What::Verify && bounded {
            return Err("--verify reads all of the log: no --from, no --limit".into());
        }
        Ok(Some(args))
    }

    fn print(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        match self.what {
            What::Records => self.records(out),
            What::Frames => self.frames(out),
            What::Segments => self.segments(out),
            What::Verify => verify(&self.dir, out),
        }
    }

    fn reader(&self) -> Result<LogReader, LogError> {
        LogReader::open_from(&self.dir, self.from)
    }

    fn records(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let mut reader = self.reader()?;
        for _ in 0..self.limit {
            let Some(record) = reader.next_record()? else { break };
            write!(out, "{}\t{}", record.lsn, record.data.len())?;
            match self.data {
                Data::Hidden => {}
                Data::Escaped => write!(out, "\t{}", record.data.escape_ascii())?,
                Data::Hex => {
                    out.write_all(b"\t")?;
                    record.data.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
                }
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    fn frames(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let mut reader = self.reader()?;
        for _ in 0..self.limit {
            let Some(frame) = reader.next_frame()? else { break };
            Part::begin(frame).print(out, &format!("at {}", frame.offset))?;
        }
        Ok(())
    }

    fn segments(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let mut reader = self.reader()?;
        let mut part: Option<Part> = None;
        let mut printed = 0;
        while printed < self.limit {
            let next = reader.next_frame();
            let frame = next.as_ref().ok().copied().flatten();
            match (&mut part, frame) {
                (Some(part), Some(frame)) if frame.segment == part.first.segment => part.add(frame),
                _ => {
                    if let Some(part) = part.take() {
                        part.print(out, &format!("{} frames", part.frames))?;
                        printed += 1;
                    }
                    part = frame.map(Part::begin);
                }
            }
            // After what came before the error.
            if next?.is_none() {
                break;
            }
        }
        Ok(())
    }
}

const WHATS: &str = "--frames, --segments and --verify";

/// Sets what may be set once.
fn set<T: Copy + PartialEq>(place: &mut T, unset: T, value: T, names: &str) -> Result<(), lexopt::Error> {
    if *place != unset && *place != value {
        return Err(format!("only one of {names}").into());
    }
    *place = value;
    Ok(())
}

/// One frame, or those of a segment.
struct Part {
    first: LogFrame,
    last: LogFrame,
    frames: u64,
    bytes: u64,
    records: u64,
}

impl Part {
    fn begin(frame: LogFrame) -> Self {
        Self { first: frame, last: frame, frames: 1, bytes: frame.len, records: frame.records.into() }
    }

    fn add(&mut self, frame: LogFrame) {
        self.last = frame;
        self.frames += 1;
        self.bytes += frame.len;
        self.records += u64::from(frame.records);
    }

    fn print(&self, out: &mut impl Write, detail: &str) -> io::Result<()> {
        let segment = self.first.segment;
        write!(out, "segment {segment}\t{detail}\t{} bytes\t", self.bytes)?;
        let first = self.first.first.get();
        match self.records {
            // A mark: it only bears witness.
            0 => write!(out, "no records, next {first}")?,
            n => write!(out, "records {first} to {}", first + n - 1)?,
        }
        writeln!(out, "\tdurable {}\twritten {}", self.last.durable, Utc(self.last.written))
    }
}

/// A time as `2026-01-31T23:59:59.123456Z`.
struct Utc(SystemTime);

impl std::fmt::Display for Utc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let since = self.0.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
        // Years that begin with March have their odd day at the end; 400 of them are 146,097 days, and the first of
        // March of the year 0 is 719,468 days before 1970.
        let days = days + 719_468;
        let (era, day) = (days / 146_097, days % 146_097);
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let date = day - (153 * month + 2) / 5 + 1;
        let (year, month) = (era * 400 + year + u64::from(month >= 10), (month + 2) % 12 + 1);
        let (hour, minute) = (second / 3_600, second / 60 % 60);
        write!(
            f,
            "{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{:02}.{:06}Z",
            second % 60,
            since.subsec_micros()
        )
    }
}

fn verify(dir: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let report = AppendLog::verify(dir)?;
    write!(out, "whole: {} segments, {} records, {} bytes of data", report.segments, report.records, report.bytes)?;
    if let (Some(first), Some(last)) = (report.first, report.last) {
        write!(out, ", {first} to {last}")?;
    }
    writeln!(out)?;
    if report.torn_frames > 0 {
        let (frames, bytes) = (report.torn_frames, report.torn_tail_bytes);
        writeln!(out, "behind them {frames} frames of interrupted writes, to {bytes} bytes from the end")?;
    }
    Ok(())
}
