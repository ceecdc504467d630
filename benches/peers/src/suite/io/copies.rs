//! A file copied to a new one.

use super::Setting;
use super::bounded::run_bounded;
use super::pages::{Pages, numbers, read_std};
use crate::harness::{Bench, Better, Spec, on_cpu};
use bedplate::io::copy;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// No copy takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// Measures the row.
pub fn run(bench: &mut Bench, setting: &Setting<'_>) {
    if !bench.wants("copy") {
        return;
    }
    let (blocks, folder) = (setting.blocks, setting.folder);
    let (source, target) = (&folder.join("source"), &folder.join("target"));
    Pages::new(0).write(source, blocks).expect("a file");
    let rate = |by: fn(&Path, &Path) -> io::Result<String>| on_cpu(1, || rate(source, target, blocks, by));
    match (rate(by_copy), rate(by_cp)) {
        (Ok((_, way)), Ok(_)) => {
            let version = version();
            let detail = format!(
                "copy a file of {blocks} MiB that is in the page cache to a new file, on one CPU, from the call that \
                 opens the one to the one that closes the other; neither side syncs, and what is dirty is dropped with \
                 the file before the next copy, and before each as much memory is used and freed; io::copy, which \
                 took {way}, and a process of cp --reflink=never ({version}) from its start to its end; \
                 verified: the sum of the numbers of all pages"
            );
            let figure = |by| move || rate(by).expect("as before").0;
            bench.run(
                Spec::new("copy", detail)
                    .unit("MB/s", Better::Higher)
                    .figure("bedplate", figure(by_copy))
                    .figure("cp --reflink=never", figure(by_cp)),
            );
        }
        (Err(error), _) | (_, Err(error)) => bench.leave_out("copy", error.to_string()),
    }
    fs::remove_file(source).expect("the file of the row");
}

/// Megabytes a second, and how it was done.
fn rate(
    source: &Path,
    target: &Path,
    blocks: usize,
    by: fn(&Path, &Path) -> io::Result<String>,
) -> io::Result<(f64, String)> {
    // A hypervisor may take back what has been free for a while, and to get it again can cost more than the copy: this
    // leaves as many pages as the target will want free just now.
    fs::copy(source, target)?;
    fs::remove_file(target)?;
    let start = Instant::now();
    let how = by(source, target)?;
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(read_std(target, numbers)?, Pages::new(0).sum(blocks), "what was copied is read");
    fs::remove_file(target)?;
    // The journal has to take note of that: not in the time of the next.
    rustix::fs::syncfs(File::open(source)?)?;
    Ok(((blocks * Pages::BLOCK) as f64 / seconds / 1e6, how))
}

fn by_copy(source: &Path, target: &Path) -> io::Result<String> {
    let copied = copy(&File::open(source)?, &File::create_new(target)?)?;
    Ok(format!("{:?}", copied.way))
}

fn by_cp(source: &Path, target: &Path) -> io::Result<String> {
    let mut command = Command::new("cp");
    command.arg("--reflink=never").arg(source).arg(target).stdin(Stdio::null());
    match run_bounded(command, LIMIT)? {
        Some(status) if status.success() => Ok(String::new()),
        Some(status) => Err(io::Error::other(format!("cp ended with {status}"))),
        None => Err(io::Error::new(io::ErrorKind::TimedOut, "cp did not end in time")),
    }
}

/// What cp calls itself.
fn version() -> String {
    let output = Command::new("cp").arg("--version").stderr(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    text.lines().next().unwrap_or("of an unknown version").to_owned()
}
