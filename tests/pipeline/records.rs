use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use crate::program::{figures, file, pipeline, stderr, verify};

/// `count` JSON lines over `keys` keys; every fourth is an error.
fn events(count: usize, keys: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let level = if i % 4 == 0 { "error" } else { "info" };
        writeln!(text, r#"{{"key":"k{}","level":"{level}","n":{i},"pad":"{}"}}"#, i % keys, "x".repeat(i % 90))
            .unwrap();
    }
    text
}

#[test]
fn every_record_of_its_own_events_is_read_back() {
    let Some(mut pipeline) = pipeline() else { return };
    let output = pipeline.args(["--events", "20000", "--enrich-cost", "0"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let figures = figures(&output);
    assert_eq!(figures["lines"], 20_000.0);
    assert_eq!(figures["records_kept"], 20_000.0);
    assert_eq!(figures["readback_records"], 20_000.0);
    assert_eq!(figures["readback_matches"], 1.0);
}

#[test]
fn records_that_straddle_blocks_arrive_whole() {
    let Some(mut pipeline) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in", events(5_000, 50).as_bytes());
    let log = folder.path().join("log");
    let output =
        pipeline.arg(&input).args(["--block", "4096", "--enrich-cost", "0", "--log"]).arg(&log).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let figures = figures(&output);
    assert_eq!(figures["lines"], 5_000.0);
    assert_eq!(figures["records_kept"], 5_000.0);
    assert_eq!(figures["malformed"], 0.0);
    assert!(figures["straddling"] > 50.0, "a 4 KiB block cuts a line nearly each time");
    assert_eq!(verify(&log)["records"], 5_000.0);
}

#[test]
fn a_filter_keeps_its_share_and_a_second_run_appends() {
    let Some(mut first) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in", events(4_000, 10).as_bytes());
    let log = folder.path().join("log");
    let output = first
        .arg(&input)
        .args(["--filter", "level=error", "--key", "n", "--enrich-cost", "0", "--log"])
        .arg(&log)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(figures(&output)["records_kept"], 1_000.0);
    assert_eq!(figures(&output)["records_filtered"], 3_000.0);
    assert_eq!(figures(&output)["kept_share"], 0.25);

    let output = pipeline().unwrap().arg(&input).args(["--filter", "n>=3990", "--log"]).arg(&log).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(figures(&output)["readback_records"], 10.0);
    assert_eq!(verify(&log)["records"], 1_010.0);
}

#[test]
fn acknowledgements_keep_the_order_of_the_log_and_reach_its_end() {
    let Some(mut pipeline) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in", events(20_000, 10).as_bytes());
    let (log, acks) = (folder.path().join("log"), folder.path().join("acks"));
    // Small blocks make many batches, and so many commits at once.
    let output = pipeline
        .arg(&input)
        .args(["--block", "4096", "--enrich-cost", "0", "--log"])
        .arg(&log)
        .arg("--acks")
        .arg(&acks)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let told = std::fs::read_to_string(&acks).unwrap();
    let told: Vec<u64> = told.lines().map(|line| line.parse().unwrap()).collect();
    assert!(told.len() > 1 && told.is_sorted_by(|a, b| a < b), "{told:?}");
    assert_eq!(told.len() as f64, figures(&output)["log_batches"], "each batch is acknowledged once");
    assert_eq!(told.last(), Some(&20_000), "all of them are");
    assert_eq!(verify(&log)["last_lsn"], 20_000.0);
}

#[test]
fn faults_are_counted_and_told_with_their_offset() {
    let Some(mut pipeline) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut bytes = b"{\"key\":\"a\"}\n".to_vec();
    let invalid = bytes.len();
    bytes.extend_from_slice(b"{\"key\":\"\xff\"}\n");
    let long = bytes.len();
    bytes.extend_from_slice(format!("{{\"key\":\"{}\"}}\n", "y".repeat(10_000)).as_bytes());
    let malformed = bytes.len();
    bytes.extend_from_slice(b"{\"key\":\n\n{}\r\n{\"key\":\"last\"}");
    let input = file(folder.path(), "in", &bytes);
    let output = pipeline.arg(&input).args(["--block", "4096", "--max-line", "5000", "--key", "key"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let figures = figures(&output);
    for (name, count) in [
        ("lines", 7.0),
        ("records_kept", 2.0),
        ("invalid_utf8", 1.0),
        ("too_long", 1.0),
        ("malformed", 1.0),
        ("no_key", 1.0),
        ("blank", 1.0),
    ] {
        assert_eq!(figures[name], count, "{name}");
    }
    let told = stderr(&output);
    for offset in [invalid, long, malformed] {
        assert!(told.contains(&format!("byte {offset}:")), "no offset {offset} in: {told}");
    }
}

#[test]
fn text_lines_and_standard_input_are_read() {
    let Some(mut pipeline) = pipeline() else { return };
    let mut child = pipeline
        .args(["-", "--key", "user", "--filter", "~GET"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"GET /a user=1\nPOST /b user=2\nGET /c nobody\nGET /d user=1").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let figures = figures(&output);
    assert_eq!((figures["lines"], figures["records_kept"], figures["no_key"]), (4.0, 2.0, 1.0));
    assert_eq!(figures["cache_loads"], 1.0);
    assert_eq!(figures["direct"], 0.0);
    assert!(stderr(&output).contains("standard input"), "it says that it reads buffered");
}

#[test]
fn several_files_are_read_in_turn_and_figures_go_to_json() {
    let Some(mut pipeline) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let one = file(folder.path(), "one", events(100, 3).as_bytes());
    let empty = file(folder.path(), "empty", b"");
    let two = file(folder.path(), "two", b"word and words\n");
    let json = folder.path().join("figures.json");
    let output = pipeline.args([&one, &empty, &two]).arg("--json").arg(&json).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(figures(&output)["lines"], 101.0);
    let written: serde_json::Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    let lines = written["figures"].as_array().unwrap().iter().find(|f| f["name"] == "lines").unwrap();
    assert_eq!(lines["value"], 101.0);
}

#[test]
fn compare_runs_the_same_work_in_std() {
    let Some(mut pipeline) = pipeline() else { return };
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in", events(3_000, 50).as_bytes());
    let output = pipeline.arg(&input).args(["--compare", "--rounds", "1", "--enrich-cost", "0"]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(figures(&output)["ratio_std_line"] > 0.0);
    assert!(figures(&output)["ratio_std_block"] > 0.0);
}
