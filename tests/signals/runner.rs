//! Runs each case in a process of its own, with a limit, and reports as libtest does.

use std::io::{self, Read};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// A case by its name.
pub type Case = (&'static str, fn());

/// What a case runs in a process beside it, by its name, with its arguments.
pub type Role = (&'static str, fn(&[String]));

/// The cases of a module as `module::function`.
#[macro_export]
macro_rules! cases {
    ($($case:ident,)*) => {
        pub const CASES: &[$crate::runner::Case] =
            &[$((concat!(module_path!(), "::", stringify!($case)), $case as fn()),)*];
    };
}

/// Beyond what any case takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

pub fn main(cases: &[Case], roles: &[Role]) -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some("--case") => {
            let (_, case) = cases.iter().find(|(name, _)| *name == args[1]).expect("the case exists");
            case();
            ExitCode::SUCCESS
        }
        Some("--role") => {
            let (_, role) = roles.iter().find(|(name, _)| *name == args[1]).expect("the role exists");
            role(&args[2..]);
            ExitCode::SUCCESS
        }
        _ => run_all(cases, &args),
    }
}

fn run_all(cases: &[Case], args: &[String]) -> ExitCode {
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    let mut filters = Vec::new();
    let mut skipped = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--skip" => skipped.extend(rest.next()),
            "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => drop(rest.next()),
            flag if flag.starts_with('-') => {}
            _ => filters.push(arg),
        }
    }
    let is_hit = |name: &str, filter: &str| if has("--exact") { name == filter } else { name.contains(filter) };
    let is_chosen = |name: &str| {
        let wanted = filters.is_empty() || filters.iter().any(|filter| is_hit(name, filter));
        wanted && !skipped.iter().any(|filter| is_hit(name, filter))
    };
    let chosen: Vec<_> = cases.iter().map(|(name, _)| *name).filter(|name| is_chosen(name)).collect();
    let chosen = if has("--ignored") { Vec::new() } else { chosen };
    if has("--list") {
        chosen.iter().for_each(|name| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }

    println!("\nrunning {} tests", chosen.len());
    let mut failed = 0;
    for name in &chosen {
        match run(name) {
            Ok(()) => println!("test {name} ... ok"),
            Err(why) => {
                failed += 1;
                println!("test {name} ... FAILED\n{why}");
            }
        }
    }
    let passed = chosen.len() - failed;
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; {} filtered out\n",
        cases.len() - chosen.len()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(name: &str) -> Result<(), String> {
    let (mut output, to_output) = io::pipe().expect("a pipe can be made");
    let mut child = Command::new(std::env::current_exe().expect("a test knows its own path"))
        .args(["--case", name])
        .stdin(Stdio::null())
        .stdout(to_output.try_clone().expect("a pipe can be shared"))
        .stderr(to_output)
        .spawn()
        .expect("the test can run itself");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        let mut text = Vec::new();
        let _ = output.read_to_end(&mut text);
        let _ = tell.send(String::from_utf8_lossy(&text).into_owned());
    });
    // The end of the output is the end of the case and of all it has started.
    let text = told.recv_timeout(LIMIT);
    if text.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().expect("a child can be waited for");
    match text {
        Ok(_) if status.success() => Ok(()),
        Ok(text) => Err(format!("{text}{status}")),
        Err(_) => Err(format!("it was killed after {LIMIT:?}")),
    }
}
