//! A durable log of records.

mod blocks;
mod independent;
mod latency;
mod naive;
mod nocommit;
mod records;
mod recovery;
mod scaling;
mod subject;
#[cfg(test)]
mod tests;
mod zeroed;

use crate::harness::Bench;
use crate::suite::scratch;
use bedplate::io::{AppendLog, AppendLogOptions};
use std::path::Path;
use std::time::{Duration, Instant};

/// What the rows of the suite are measured on and with.
struct Setting<'a> {
    /// Where files may be made.
    folder: &'a Path,
    /// Bytes of a segment of the log, and of the file of its peers.
    segment: u64,
    /// How long a measurement of a rate goes on.
    time: Duration,
    quick: bool,
}

/// Measures the suite.
pub fn run(bench: &mut Bench) {
    let folder = match scratch::folder() {
        Ok(folder) => folder,
        Err(why) => {
            bench.leave_out("append, recovery, p50 8t, p99 8t", why);
            return;
        }
    };
    let quick = bench.quick();
    let (segment, time) = if quick { (16 << 20, 40) } else { (64 << 20, 400) };
    let setting = Setting { folder: folder.path(), segment, time: Duration::from_millis(time), quick };
    independent::run(bench, &setting);
    scaling::run(bench, &setting);
    naive::run(bench, &setting);
    blocks::run(bench, &setting);
    nocommit::run(bench, &setting);
    recovery::run(bench, &setting);
    latency::run(bench, &setting);
}

impl Setting<'_> {
    /// A log whose segments are recycled, so that it takes as much of the disk as a few of them have.
    fn options(&self) -> AppendLogOptions {
        AppendLog::options().segment_size(self.segment).spare_segments(1).retain_bytes(3 * self.segment)
    }
}

/// Does `work` with 0, 1 and so on until the time has passed, and once at least: how often it did.
fn until_past(time: Duration, mut work: impl FnMut(u64)) -> u64 {
    let start = Instant::now();
    let mut done = 0;
    loop {
        work(done);
        done += 1;
        if start.elapsed() >= time {
            return done;
        }
    }
}
