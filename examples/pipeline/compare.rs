//! `--compare`: the pipeline and its counterparts in plain std, in turn, from a cold page cache.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bedplate::Demand;
use bedplate::io::{Advice, DirectFile};

use crate::baseline::{self, Message};
use crate::engine::{self, Config};
use crate::progress::Progress;
use crate::report::Report;

/// Times of one round, in seconds.
struct Round {
    ours: f64,
    std_line: f64,
    std_block: f64,
}

/// Runs `rounds` rounds and reports the ratios of the medians.
pub fn compare(
    config: &Config,
    rounds: usize,
    scratch: &Path,
    stop: &Arc<AtomicBool>,
    report: &mut Report,
) -> Result<ExitCode, Box<dyn Error>> {
    let mut times = Vec::new();
    let mut lines = 0;
    for round in 0..rounds {
        let folder = scratch.join(format!("log-{round}"));
        forget_pages(config)?;
        let log = Arc::new(engine::open_log(&folder)?);
        let ours = engine::run(config, &log, None, stop, &Progress::hidden())?;
        drop(log);
        fs::remove_dir_all(&folder)?;
        if let Some(failure) = ours.failure {
            return Err(failure.into());
        }

        let std = |message| -> Result<f64, Box<dyn Error>> {
            if stop.load(Ordering::Relaxed) {
                return Err("interrupted".into());
            }
            forget_pages(config)?;
            let out = scratch.join("std.log");
            let run = baseline::run(config, message, &out, ours.appended.records, ours.log.frames)?;
            fs::remove_file(&out)?;
            if run.appended != ours.appended || run.tally.lines != ours.tally.lines {
                return Err(format!("std kept {:?}, the pipeline {:?}", run.appended, ours.appended).into());
            }
            Ok(run.elapsed.as_secs_f64())
        };
        let round =
            Round { ours: ours.elapsed.as_secs_f64(), std_line: std(Message::Line)?, std_block: std(Message::Block)? };
        eprintln!(
            "round {}: bedplate {:.2} s, std {:.2} s, std with blocks of lines {:.2} s",
            times.len() + 1,
            round.ours,
            round.std_line,
            round.std_block
        );
        times.push(round);
        lines = ours.tally.lines;
    }
    let ours = median(times.iter().map(|t| t.ours));
    let line = median(times.iter().map(|t| t.std_line));
    let block = median(times.iter().map(|t| t.std_block));
    report.add("events_rate", lines as f64 / ours, "events/s");
    report.add("std_line_rate", lines as f64 / line, "events/s");
    report.add("std_block_rate", lines as f64 / block, "events/s");
    // The ratio of the medians, and the smallest and the largest of a single round.
    for (name, theirs, of_round) in [
        ("ratio_std_line", line, times.iter().map(|t| t.std_line / t.ours).collect::<Vec<_>>()),
        ("ratio_std_block", block, times.iter().map(|t| t.std_block / t.ours).collect()),
    ] {
        report.add(name, theirs / ours, "times");
        report.add(format!("{name}_min"), of_round.iter().copied().fold(f64::INFINITY, f64::min), "times");
        report.add(format!("{name}_max"), of_round.iter().copied().fold(0.0, f64::max), "times");
    }
    Ok(ExitCode::SUCCESS)
}

/// Drops the inputs from the page cache, so that every run reads them from the disk.
fn forget_pages(config: &Config) -> Result<(), Box<dyn Error>> {
    for file in &config.files {
        let input = DirectFile::options().read().direct(Demand::Off).open(file)?;
        input.sync_all()?;
        input.advise(Advice::DontNeed, 0..input.len()?)?;
    }
    Ok(())
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
