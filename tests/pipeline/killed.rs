use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use crate::program::{figures, file, pipeline, stderr, verify};

/// A run in the middle of its work, and what it acknowledges from then on.
struct Running {
    child: Child,
    acknowledged: JoinHandle<Vec<u8>>,
}

/// Starts a run that has far more to do than it will be given time for, and waits for `acks` acknowledgements.
fn running(folder: &Path, acks: usize) -> Option<Running> {
    let mut pipeline = pipeline()?;
    let line = format!("{{\"key\":\"k\",\"pad\":\"{}\"}}\n", "z".repeat(80));
    let input = file(folder, "in", line.repeat(400_000).as_bytes());
    let fifo = folder.join("acks");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let child = pipeline
        .args([&input, &input, &input, &input])
        .arg("--log")
        .arg(folder.join("log"))
        .arg("--acks")
        .arg(&fifo)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(File::open(&fifo).unwrap());
    let mut told = Vec::new();
    for _ in 0..acks {
        lines.read_until(b'\n', &mut told).unwrap();
    }
    // The rest is read all along, so that a full pipe never holds the run up.
    let acknowledged = std::thread::spawn(move || {
        io::copy(&mut lines, &mut told).unwrap();
        told
    });
    Some(Running { child, acknowledged })
}

/// The highest LSN acknowledged; a last line without its newline was cut by the kill.
fn last_lsn(told: &[u8]) -> f64 {
    let text = String::from_utf8(told.to_vec()).unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().last().map_or(0.0, |line| line.parse().unwrap())
}

#[test]
fn the_log_of_a_killed_run_holds_all_that_was_acknowledged() {
    for acks in [1, 2, 3, 5, 8, 13] {
        let folder = tempfile::tempdir().unwrap();
        let Some(mut run) = running(folder.path(), acks) else { return };
        run.child.kill().unwrap();
        let status = run.child.wait().unwrap();
        assert!(!status.success(), "it was killed before its end");
        let last = last_lsn(&run.acknowledged.join().unwrap());
        let log = verify(&folder.path().join("log"));
        assert!(last > 0.0);
        assert!(log["last_lsn"] >= last, "acknowledged up to {last}, the log ends at {}", log["last_lsn"]);
    }
}

#[test]
fn an_interrupted_run_appends_what_it_has_read_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut run) = running(folder.path(), 2) else { return };
    let interrupted = Command::new("kill").args(["-INT", &run.child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    run.child.stdout.take().unwrap().read_to_end(&mut out).unwrap();
    run.child.stderr.take().unwrap().read_to_end(&mut err).unwrap();
    let output = std::process::Output { status: run.child.wait().unwrap(), stdout: out, stderr: err };
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("interrupted"), "{}", stderr(&output));
    let figures = figures(&output);
    assert!(figures["lines"] < 1_600_000.0, "it stopped before the end");
    assert_eq!(figures["readback_matches"], 1.0);
    assert_eq!(verify(&folder.path().join("log"))["records"], figures["records_kept"]);
}
