//! The example `pipeline` as a whole, which measures itself against plain std.

use crate::harness::{Bench, Better, Spec};
use serde_json::Value;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

/// The figures of the example that the row is made of.
const OURS: &str = "events_rate";
/// Plain std with a line in each message, and with as many lines as a block has.
const THEIRS: [&str; 2] = ["std_line_rate", "std_block_rate"];

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    const ROW: &str = "pipeline std";
    if !bench.wants(ROW) {
        return;
    }
    let (events, rounds) = if bench.quick() { (300_000, 1) } else { (1_000_000, 3) };
    match compare(events, rounds) {
        Ok([ours, line, block]) => {
            let detail = format!(
                "read, parse, filter, enrich and append {events} events durably, medians of the example's own \
                 {rounds} alternating rounds; verified by the example: the log read back against its input"
            );
            let threads = std::thread::available_parallelism().map_or(1, usize::from);
            bench.run(
                Spec::new(ROW, detail)
                    .threads(threads)
                    .unit("events/s", Better::Higher)
                    .once()
                    .figure("bedplate", move || ours)
                    .figure("std, a line a message", move || line)
                    .figure("std, a block a message", move || block),
            );
        }
        Err(why) => bench.leave_out(ROW, why),
    }
}

/// Runs the example, and reads the figures of bedplate and of both ways of std from what it writes.
fn compare(events: u64, rounds: u64) -> Result<[f64; 3], String> {
    let figures = tempfile::NamedTempFile::new().map_err(|error| format!("no temporary file: {error}"))?;
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).stdout(Stdio::null());
    cargo.args(["run", "--quiet", "--release", "--example", "pipeline", "--", "--compare"]);
    cargo.args(["--events", &events.to_string(), "--rounds", &rounds.to_string(), "--json"]).arg(figures.path());
    let status = cargo.status().map_err(|error| format!("cargo does not run: {error}"))?;
    if !status.success() {
        return Err(format!("the example `pipeline` ended with {status}"));
    }
    let text = std::fs::read_to_string(figures.path()).map_err(|error| format!("no figures: {error}"))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("figures that are no JSON: {error}"))?;
    Ok([figure(&json, OURS)?, figure(&json, THEIRS[0])?, figure(&json, THEIRS[1])?])
}

/// The value of the figure of that name.
fn figure(json: &Value, name: &str) -> Result<f64, String> {
    let figures = json["figures"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found = figures.iter().find(|figure| figure["name"] == name).and_then(|figure| figure["value"].as_f64());
    found.ok_or_else(|| format!("the example `pipeline` gave no figure '{name}'"))
}
