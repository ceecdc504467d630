use crate::suite::io::bounded::{readable_within, run_bounded};
use std::io::{Write, pipe};
use std::process::Command;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(60);

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn a_program_that_ends_in_time_gives_its_status() {
    assert_eq!(run_bounded(sh("exit 3"), LONG).expect("a shell").expect("an end").code(), Some(3));
}

#[test]
fn a_program_that_does_not_end_is_ended() {
    let start = Instant::now();
    // It replaces the shell, so that there is no other process to be left behind.
    assert!(run_bounded(sh("exec sleep 60"), Duration::from_millis(50)).expect("a shell").is_none());
    assert!(start.elapsed() < LONG / 2, "it was not waited for");
}

#[test]
fn a_program_that_is_not_there_is_an_error() {
    assert!(run_bounded(Command::new("/no/such/program"), LONG).is_err());
}

#[test]
fn readable_is_what_has_bytes_or_has_ended() {
    let (reader, mut writer) = pipe().expect("a pipe");
    assert!(!readable_within(&reader, Duration::from_millis(1)).expect("a poll"));
    writer.write_all(b"x").expect("room");
    assert!(readable_within(&reader, LONG).expect("a poll"));
    drop(writer);
    assert!(readable_within(&reader, LONG).expect("a poll"));
}
