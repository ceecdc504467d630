//! The built example and what it prints.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The example's binary, which `cargo test` builds next to the tests; `None` (with a line that says so) where only
/// tests were built.
pub fn pipeline() -> Option<Command> {
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("tests lie in <profile>/deps");
    let example = profile.join("examples/pipeline");
    if !example.exists() {
        println!("skipped: {} was not built (run `cargo test` without choosing targets)", example.display());
        return None;
    }
    Some(Command::new(example))
}

/// The figures of a run, by name.
pub fn figures(output: &Output) -> HashMap<String, f64> {
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
        })
        .collect()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What `--verify` says of a log.
pub fn verify(log: &Path) -> HashMap<String, f64> {
    let output = pipeline().expect("it ran before").arg("--verify").arg(log).output().expect("it can be run");
    assert!(output.status.success(), "the log does not read back: {}", stderr(&output));
    figures(&output)
}

/// A file of `contents` in `folder`.
pub fn file(folder: &Path, name: &str, contents: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, contents).expect("a temporary file can be written");
    path
}
