//! Real lines from disk to a durable log, through every part of the crate. `--help` tells what it can do.

mod alone;
mod appender;
mod args;
mod baseline;
mod compare;
mod engine;
mod enrich;
mod filter;
mod generate;
mod output;
mod progress;
mod readback;
mod record;
mod report;
mod source;
mod split;

use std::error::Error;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bedplate::topo::{Placement, Plan, Strategy, Topology};

use crate::args::Args;
use crate::engine::{Config, Run};
use crate::progress::Progress;
use crate::record::Parser;
use crate::report::Report;

fn main() -> ExitCode {
    let args = match Args::parse() {
        Ok(args) => args,
        Err(error) => {
            eprintln!("pipeline: {error}\nsee --help");
            return ExitCode::from(2);
        }
    };
    if args.help {
        print!("{}", args::HELP);
        return ExitCode::SUCCESS;
    }
    let done = match &args.verify {
        Some(log) => readback::verify(log, args.json.as_deref()),
        None => run(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("pipeline: {error}");
        ExitCode::FAILURE
    })
}

fn run(args: &Args) -> Result<ExitCode, Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    let interrupted = Arc::clone(&stop);
    ctrlc::set_handler(move || interrupted.store(true, Ordering::Relaxed))?;

    let scratch = tempfile::Builder::new().prefix("bedplate-pipeline-").tempdir_in(scratch_folder(args))?;
    let mut files = args.files.clone();
    if files.is_empty() {
        let path = scratch.path().join("events.ndjson");
        eprintln!("no FILE given: writing {} events to {}", args.events, path.display());
        generate::generate(&path, args.events)?;
        files.push(path);
    }
    let config = Config {
        files,
        parser: Parser { key: args.key.clone(), filter: args.filter.clone(), max_line: args.max_line },
        enrich_cost: args.enrich_cost,
        block: args.block,
        plan: parser_plan(args.threads)?,
    };

    let mut report = Report::default();
    let status = if args.compare {
        compare::compare(&config, args.rounds, scratch.path(), &stop, &mut report)?
    } else {
        let folder = args.log.clone().unwrap_or_else(|| scratch.path().join("log"));
        once(args, &config, &folder, &stop, &mut report)?
    };
    report.print()?;
    if let Some(path) = &args.json {
        report.write_json(path).map_err(|error| format!("--json {}: {error}", path.display()))?;
    }
    Ok(status)
}

/// Temporary files lie beside the log or in the working folder's target, not in a `/tmp` that may be memory.
fn scratch_folder(args: &Args) -> PathBuf {
    let beside_log = args.log.as_deref().and_then(Path::parent).filter(|p| p.is_dir());
    match beside_log {
        Some(folder) => folder.to_path_buf(),
        None if Path::new("target").is_dir() => "target".into(),
        None => std::env::temp_dir(),
    }
}

/// Where the parser threads run: a core each, then the second threads of the cores.
fn parser_plan(threads: Option<usize>) -> Result<Plan, Box<dyn Error>> {
    let machine = Topology::detect()?;
    let threads = threads.unwrap_or_else(|| machine.suggested_threads());
    Ok(Placement::new(Strategy::OnePerCore).plan(&machine, threads)?)
}

/// One run, its read-back and its figures.
fn once(
    args: &Args,
    config: &Config,
    folder: &Path,
    stop: &Arc<AtomicBool>,
    report: &mut Report,
) -> Result<ExitCode, Box<dyn Error>> {
    let acks = match &args.acks {
        Some(path) => Some(File::create(path).map_err(|error| format!("--acks {}: {error}", path.display()))?),
        None => None,
    };
    let log = Arc::new(engine::open_log(folder)?);
    let first = log.next_lsn();
    let progress = Progress::new(input_size(config));
    let run = engine::run(config, &log, acks, stop, &progress)?;
    drop(progress);
    // Before what follows takes memory of its own.
    let peak = report::peak_resident();
    let log_direct = log.effective().direct;
    drop(log);

    if let Some(failure) = &run.failure
        && run.bytes_read == 0
    {
        // Nothing happened that figures could tell of.
        return Err(failure.as_str().into());
    }
    let read_back = readback::between(folder, first, run.acknowledged)?;
    add_figures(report, &run);
    if let Some(peak) = peak {
        report.add("peak_resident", peak as f64 / 1e6, "MB");
    }
    report.add_flag("log_direct", log_direct);
    report.add("readback_records", read_back.records as f64, "records");
    report.add_flag("readback_matches", read_back == run.appended);
    tell_faults(config, &run);

    if let Some(failure) = &run.failure {
        eprintln!("pipeline: {failure}\n{} records were acknowledged and are in the log", run.appended.records);
        return Ok(ExitCode::FAILURE);
    }
    if read_back != run.appended {
        eprintln!("pipeline: acknowledged {:?}, read back {read_back:?}", run.appended);
        return Ok(ExitCode::FAILURE);
    }
    if stop.load(Ordering::Relaxed) {
        eprintln!("pipeline: interrupted; all that was read before is in the log");
        return Ok(ExitCode::from(130));
    }
    let alone = alone::parse_alone(config)?;
    report.add("parse_alone_rate", alone, "events/s");
    if alone > 0.0 {
        report.add("of_parse_alone", run.tally.lines as f64 / run.elapsed.as_secs_f64() / alone, "share");
    }
    Ok(ExitCode::SUCCESS)
}

/// Bytes of all inputs, unless one of them is no regular file.
fn input_size(config: &Config) -> Option<u64> {
    config.files.iter().map(|file| std::fs::metadata(file).ok().filter(|m| m.is_file()).map(|m| m.len())).sum()
}

fn add_figures(report: &mut Report, run: &Run) {
    let seconds = run.elapsed.as_secs_f64();
    let tally = &run.tally;
    report.add("events_rate", tally.lines as f64 / seconds, "events/s");
    report.add("bytes_rate", run.bytes_read as f64 / seconds / 1e6, "MB/s");
    for (name, percentile) in [("latency_p50", 50.0), ("latency_p95", 95.0), ("latency_p99", 99.0)] {
        report.add(name, run.latency.percentile(percentile) as f64 / 1e6, "ms");
    }
    report.add("latency_max", run.latency.max() as f64 / 1e6, "ms");
    report.add("elapsed", seconds, "s");
    report.add("lines", tally.lines as f64, "lines");
    report.add("records_kept", tally.kept as f64, "records");
    report.add("records_filtered", tally.filtered as f64, "records");
    let records = tally.kept + tally.filtered;
    report.add("kept_share", if records == 0 { 0.0 } else { tally.kept as f64 / records as f64 }, "share");
    report.add("blank", tally.blank as f64, "lines");
    report.add("invalid_utf8", tally.invalid_utf8 as f64, "lines");
    report.add("too_long", tally.too_long as f64, "lines");
    report.add("malformed", tally.malformed as f64, "lines");
    report.add("no_key", tally.no_key as f64, "lines");
    report.add("straddling", run.straddling as f64, "lines");
    report.add("bytes_read", run.bytes_read as f64, "bytes");
    let lookups = run.cache.hits + run.cache.misses;
    report.add("cache_hit_rate", if lookups == 0 { 0.0 } else { run.cache.hits as f64 / lookups as f64 }, "share");
    report.add("cache_loads", run.cache.loads as f64, "loads");
    report.add("pool_blocks", run.blocks.total as f64, "blocks");
    report.add("pool_waits", run.blocks.waits as f64, "waits");
    report.add("queue_capacity", run.queue.capacity as f64, "pieces");
    report.add("queue_full_waits", run.queue.sender_parks as f64, "waits");
    report.add("queue_empty_waits", run.queue.receiver_parks as f64, "waits");
    report.add("log_records", run.appended.records as f64, "records");
    report.add("log_batches", run.batches.batches as f64, "batches");
    report.add("log_commits", run.log.frames as f64, "commits");
    report.add_flag("direct", run.direct);
    report.add("pinned", run.pinned as f64, "threads");
    report.add_flag("huge_pages", run.huge_pages);
}

fn tell_faults(config: &Config, run: &Run) {
    for fault in &run.tally.faults {
        eprintln!("{}: byte {}: {}", config.files[fault.file].display(), fault.offset, fault.kind);
    }
    let tally = &run.tally;
    let all = tally.invalid_utf8 + tally.too_long + tally.malformed + tally.no_key;
    let untold = all - run.tally.faults.len() as u64;
    if untold > 0 {
        eprintln!("and {untold} more lines that are no records");
    }
}
