//! System calls that fail or fall short because a tracer says so.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::alone;

/// What the tracer is told, and where it writes, in a process that is to be traced.
const RULES: &str = "BEDPLATE_TEST_STRACE";

/// Calls this program again for the test `name` with `what` inside, for its [`under_tracer`] to be traced by strace, which
/// does to its calls what `inject` says (in the words of strace), and gives the calls of these kinds that it made. `None`,
/// with a line that says so, where there is no strace or it may not trace.
pub fn traced(name: &str, what: &str, inject: &[&str], shown: &str) -> Option<Vec<String>> {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).stdout(Stdio::null()).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        println!("skipped: strace cannot be used here");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut rules = vec!["-o".to_owned(), log.to_str().unwrap().to_owned(), "-e".to_owned(), format!("trace={shown}")];
    for rule in inject {
        rules.extend(["-e".to_owned(), format!("inject={rule}")]);
    }
    let mut again = alone::again(name, what);
    again.env(RULES, rules.join("\n")).env("TMPDIR", folder.path());
    alone::run(again);
    Some(fs::read_to_string(log).unwrap().lines().map(str::to_owned).collect())
}

/// Runs `test` while this process is traced. Not from its start: what loads a program reads too.
pub fn under_tracer(test: impl FnOnce()) {
    // SAFETY: takes numbers only. Any process may trace this one, where only its ancestors might.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY, 0, 0, 0) };
    let rules = std::env::var(RULES).unwrap();
    let mut strace = Command::new("strace")
        // Numbers and addresses, no content.
        .args(["-f", "-s", "0", "-e", "quiet=exit", "-p", &std::process::id().to_string()])
        .args(rules.lines())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(strace.stderr.take().unwrap()).lines();
    let attached = said.next().unwrap().unwrap();
    assert!(attached.contains("attached"), "{attached}");
    // What it says about new threads must be read by somebody.
    std::thread::spawn(move || said.count());
    test();
    // SAFETY: takes numbers only; the process has not been waited for.
    unsafe { libc::kill(strace.id() as i32, libc::SIGINT) };
    strace.wait().unwrap();
}

/// How many of the calls were changed.
pub fn injected(calls: &[String]) -> usize {
    calls.iter().filter(|call| call.contains("(INJECTED)")).count()
}
