//! What the command line asks for.

use crate::suite::Suite;
use lexopt::prelude::*;
use std::path::PathBuf;
use std::time::Duration;

/// What `--help` prints.
pub const HELP: &str = "\
The same work on bedplate and on the crates users would pick instead, side by side.

usage: cargo run --release -p peers -- [SUITE...] [--rounds N] [--row TEXT] [--quick] [--json FILE] [--html FILE]

  SUITE        queue, channel, pool, cache, batch, stats, topo, io, log, pipeline; none means all
  --rounds N   measurements of each contender, interleaved (10; with --quick 5)
  --row TEXT   only the rows whose id contains TEXT
  --quick      shorter measurements, ends within 60 seconds a suite; the output says so
  --json FILE  writes the rows as JSON
  --html FILE  writes one page with charts
  --help       prints this

Reads BEDPLATE_TRACES for the folder of the cache traces (../shared/traces otherwise), and TMPDIR for the files of
the suites io, log and batch. A ratio above 1 means that bedplate is ahead.
";

/// What to do.
#[derive(Debug)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Measure.
    Run(Options),
}

/// What to measure, and where the figures go.
#[derive(Debug)]
pub struct Options {
    /// In the order in which they run.
    pub suites: Vec<Suite>,
    /// Measurements of each contender of a row.
    pub rounds: usize,
    /// Only rows whose id contains this.
    pub row: Option<String>,
    /// Shorter measurements.
    pub quick: bool,
    /// Where the JSON goes.
    pub json: Option<PathBuf>,
    /// Where the page goes.
    pub html: Option<PathBuf>,
}

impl Options {
    /// How long one measurement should take.
    pub fn measurement(&self) -> Duration {
        Duration::from_millis(if self.quick { 30 } else { 100 })
    }

    /// The command that repeats this run.
    pub fn command(&self) -> String {
        let mut command = String::from("cargo run --release -p peers --");
        if self.suites != Suite::ALL {
            for suite in &self.suites {
                command += &format!(" {}", suite.name());
            }
        }
        command += &format!(" --rounds {}", self.rounds);
        if let Some(row) = &self.row {
            command += &format!(" --row '{row}'");
        }
        if self.quick {
            command += " --quick";
        }
        command
    }
}

/// Reads the command line.
pub fn parse(mut parser: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut suites = Vec::new();
    let (mut rounds, mut row, mut quick, mut json, mut html) = (None, None, false, None, None);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("help") | Short('h') => return Ok(Command::Help),
            Long("rounds") => {
                let n: usize = parser.value()?.parse()?;
                if n == 0 {
                    return Err("--rounds must be at least 1".into());
                }
                rounds = Some(n);
            }
            Long("row") => row = Some(parser.value()?.string()?),
            Long("quick") => quick = true,
            Long("json") => json = Some(PathBuf::from(parser.value()?)),
            Long("html") => html = Some(PathBuf::from(parser.value()?)),
            Value(name) => {
                let name = name.string()?;
                let suite = Suite::named(&name).ok_or_else(|| format!("there is no suite '{name}'"))?;
                if !suites.contains(&suite) {
                    suites.push(suite);
                }
            }
            _ => return Err(arg.unexpected()),
        }
    }
    if suites.is_empty() {
        suites = Suite::ALL.to_vec();
    }
    let rounds = rounds.unwrap_or(if quick { 5 } else { 10 });
    Ok(Command::Run(Options { suites, rounds, row, quick, json, html }))
}
