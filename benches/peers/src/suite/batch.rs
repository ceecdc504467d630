//! Gathering single items into batches.

mod by_hand;
mod coalesce;
mod gather;
mod idle;
mod ours;
mod overshoot;
mod push;
mod sqlite;

use crate::harness::Bench;

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    push::run(bench);
    coalesce::run(bench);
    overshoot::run(bench);
    idle::run(bench);
    sqlite::run(bench);
}
