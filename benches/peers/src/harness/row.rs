use super::statistics::{Spread, spread};
use serde::Serialize;

/// Which way a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// Such as nanoseconds an operation.
    Lower,
    /// Such as bytes a second.
    Higher,
}

/// One piece of work on bedplate against one peer.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The suite it belongs to.
    pub suite: String,
    /// Its id, stable from run to run.
    pub row: String,
    /// Threads at work in the measured section.
    pub threads: usize,
    /// Unit of `ours` and `theirs`.
    pub unit: String,
    /// Which way the figures are good.
    pub better: Better,
    /// Median of bedplate.
    pub ours: f64,
    /// The crate (or the plain way) measured against.
    pub peer: String,
    /// Median of the peer.
    pub theirs: f64,
    /// Ratio of the medians: above 1 bedplate is ahead.
    pub ratio: f64,
    /// Least ratio of a round.
    pub ratio_min: f64,
    /// Greatest ratio of a round.
    pub ratio_max: f64,
    /// Least and greatest figure of bedplate.
    pub ours_range: [f64; 2],
    /// Least and greatest figure of the peer.
    pub theirs_range: [f64; 2],
    /// Payload, capacity, wait policy, and what was verified.
    pub detail: String,
}

impl Row {
    /// The row that the figures of `ours` and `theirs`, taken in the same rounds, make.
    pub fn new(what: RowId<'_>, ours: &[f64], peer: &str, theirs: &[f64]) -> Self {
        assert_eq!(ours.len(), theirs.len(), "each round measures both sides");
        let ratio = |ours: f64, theirs: f64| match what.better {
            Better::Lower => theirs / ours,
            Better::Higher => ours / theirs,
        };
        let (us, them) = (spread(ours), spread(theirs));
        let rounds: Vec<f64> = ours.iter().zip(theirs).map(|(&ours, &theirs)| ratio(ours, theirs)).collect();
        let Spread { least, greatest, .. } = spread(&rounds);
        Self {
            suite: what.suite.to_owned(),
            row: what.row.to_owned(),
            threads: what.threads,
            unit: what.unit.to_owned(),
            better: what.better,
            ours: us.median,
            peer: peer.to_owned(),
            theirs: them.median,
            ratio: ratio(us.median, them.median),
            ratio_min: least,
            ratio_max: greatest,
            ours_range: [us.least, us.greatest],
            theirs_range: [them.least, them.greatest],
            detail: what.detail.to_owned(),
        }
    }
}

/// What a row is about, before it has figures.
#[derive(Clone, Copy, Debug)]
pub struct RowId<'a> {
    /// The suite it belongs to.
    pub suite: &'a str,
    /// Its id.
    pub row: &'a str,
    /// Threads at work.
    pub threads: usize,
    /// Unit of the figures.
    pub unit: &'a str,
    /// Which way they are good.
    pub better: Better,
    /// Payload, capacity, wait policy, and what was verified.
    pub detail: &'a str,
}
