use crate::args::Options;
use crate::harness::{LeftOut, Outcome, Row};
use crate::machine::Machine;
use serde::Serialize;
use std::fs;
use std::path::Path;

/// A run: where, how, and what it gave. Its JSON is this structure as it stands.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The machine, the build and the moment.
    #[serde(flatten)]
    pub machine: Machine,
    /// The command that repeats it.
    pub command: String,
    /// Measurements of each contender.
    pub rounds: usize,
    /// Whether the measurements were short.
    pub quick: bool,
    /// What was measured.
    pub rows: Vec<Row>,
    /// What could not be.
    pub left_out: Vec<LeftOut>,
}

impl Report {
    /// The report of a run that has ended.
    pub fn new(machine: Machine, options: &Options, outcome: Outcome) -> Self {
        Self {
            machine,
            command: options.command(),
            rounds: options.rounds,
            quick: options.quick,
            rows: outcome.rows,
            left_out: outcome.left_out,
        }
    }

    /// The suites that have rows, in the order of the run, each with its rows.
    pub fn suites(&self) -> impl Iterator<Item = (&str, &[Row])> {
        self.rows.chunk_by(|a, b| a.suite == b.suite).map(|rows| (rows[0].suite.as_str(), rows))
    }

    /// How the figures were taken, in one line.
    pub fn method(&self) -> String {
        let quick = if self.quick { "QUICK RUN (short measurements), " } else { "" };
        format!("{quick}medians of {} interleaved rounds; a ratio above 1 means bedplate is ahead", self.rounds)
    }
}

/// Writes `text` to `path`, and names the path if that fails.
pub fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// A figure with three significant digits, or all digits of a large one.
pub fn figure(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
