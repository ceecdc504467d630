use super::{Row, Spec};
use crate::args::Options;
use serde::Serialize;
use std::time::Duration;

/// Runs rows and keeps what they gave.
#[derive(Debug)]
pub struct Bench {
    suite: &'static str,
    row: Option<String>,
    rounds: usize,
    quick: bool,
    measurement: Duration,
    outcome: Outcome,
}

/// What a run gave.
#[derive(Debug, Default)]
pub struct Outcome {
    /// A row for each peer of each piece of work.
    pub rows: Vec<Row>,
    /// What could not be measured here.
    pub left_out: Vec<LeftOut>,
}

/// A row, or some of its peers, that could not be measured here.
#[derive(Debug, Serialize)]
pub struct LeftOut {
    /// The suite it belongs to.
    pub suite: String,
    /// What was not measured.
    pub what: String,
    /// Why.
    pub why: String,
}

impl Bench {
    /// A bench without rows yet.
    pub fn new(options: &Options) -> Self {
        Self {
            suite: "",
            row: options.row.clone(),
            rounds: options.rounds,
            quick: options.quick,
            measurement: options.measurement(),
            outcome: Outcome::default(),
        }
    }

    /// The rows that follow belong to `suite`.
    pub fn begin(&mut self, suite: &'static str) {
        self.suite = suite;
    }

    /// Whether rows are to be short.
    pub fn quick(&self) -> bool {
        self.quick
    }

    /// Whether the row is asked for: worth asking before a costly preparation.
    pub fn wants(&self, row: &str) -> bool {
        self.row.as_ref().is_none_or(|part| row.contains(part.as_str()))
    }

    /// Measures a row with those beside it, if one of them is asked for.
    pub fn run(&mut self, spec: Spec<'_>) {
        let ids: Vec<&str> = spec.ids().filter(|id| self.wants(id)).collect();
        if ids.is_empty() {
            return;
        }
        eprint!("{} / {} ... ", self.suite, ids.join(" + "));
        let mut rows = spec.measure(self.suite, self.rounds, self.measurement);
        rows.retain(|row| self.wants(&row.row));
        let ratio = |row: &Row| format!("{} {:.2}x", row.peer, row.ratio);
        let ratios = |rows: &[Row]| rows.iter().map(ratio).collect::<Vec<_>>().join(", ");
        eprintln!("{}", rows.chunk_by(|a, b| a.row == b.row).map(ratios).collect::<Vec<_>>().join(" + "));
        self.outcome.rows.extend(rows);
    }

    /// Says that something is not measured, and why.
    pub fn leave_out(&mut self, what: impl Into<String>, why: impl Into<String>) {
        let (what, why) = (what.into(), why.into());
        if self.wants(&what) {
            eprintln!("{} / {what}: left out: {why}", self.suite);
            self.outcome.left_out.push(LeftOut { suite: self.suite.to_owned(), what, why });
        }
    }

    /// What the rows gave.
    pub fn finish(self) -> Outcome {
        self.outcome
    }
}
