//! The example of a graceful end, from the outside: SIGTERM in the middle of a flush.

use bedplate::batch::signals::Signo;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

/// The example's binary, which `cargo test` builds next to the tests; `None` (with a line that says so) where only
/// tests were built.
fn example(file: &Path) -> Option<Command> {
    let test = std::env::current_exe().expect("a test knows its own path");
    let profile = test.ancestors().nth(2).expect("tests lie in <profile>/deps");
    let example = profile.join("examples/graceful_shutdown");
    if !example.exists() {
        println!("skipped: {} was not built (run `cargo test` without choosing targets)", example.display());
        return None;
    }
    let mut command = Command::new(example);
    command.arg(file).stdout(Stdio::piped());
    Some(command)
}

/// The figures of the last line: handled, failed, left over, in flight.
fn figures(line: &str) -> Vec<u64> {
    line.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Sends the signals when a flush has begun for the `nth` time, and looks at what is left.
fn a_round(nth: usize, signals: &[Signo]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines");
    let Some(mut command) = example(&file) else { return };
    let mut child = command.spawn().unwrap();
    let output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);

    let (mut flushes, mut acknowledged, mut last) = (0, Vec::new(), String::new());
    for line in output {
        if line.starts_with("flush ") {
            flushes += 1;
            // The commit takes 5 ms, and no flush returns before it: this one is in the middle.
            if flushes == nth {
                signals.iter().for_each(|signo| signo.send(child.id()).unwrap());
            }
        }
        acknowledged.extend(line.strip_prefix("ack ").map(str::to_owned));
        last = line;
    }
    let status = child.wait().unwrap();
    assert!(status.success(), "{status}: {last}");

    let text = std::fs::read_to_string(&file).unwrap();
    let written: BTreeSet<_> = text.lines().collect();
    assert_eq!(written.len(), text.lines().count(), "a line is there twice");
    let lost: Vec<_> = acknowledged.iter().filter(|line| !written.contains(line.as_str())).collect();
    assert!(lost.is_empty(), "acknowledged and not in the file: {lost:?}");
    assert_eq!(figures(&last), [written.len() as u64, 0, 0, 0], "{last}");
    assert!(flushes >= nth && written.len() >= nth, "{flushes} flushes, {} lines", written.len());
}

#[test]
fn what_was_acknowledged_before_a_sigterm_is_in_the_file() {
    for round in 0..20 {
        a_round(1 + 3 * round, &[Signo::TERM]);
    }
}

#[test]
fn a_second_sigterm_does_not_interrupt_the_end() {
    for round in 0..5 {
        a_round(2 + 5 * round, &[Signo::TERM, Signo::TERM, Signo::INT]);
    }
}
