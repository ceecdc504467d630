//! Tests that change their process for good.

use std::process::Command;

/// Set in the processes that are to be given up.
const INSIDE: &str = "BEDPLATE_TEST_URING_ALONE";

/// Runs `test` in a process of its own, in which only the test of this name runs, and shows what it prints.
pub fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines().filter(|line| line.contains("skipped: ") || line.contains("note: ")) {
        println!("{line}");
    }
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{text}\n{error}", output.status);
    assert!(text.contains("1 passed"), "no test has this name: {name}");
}
