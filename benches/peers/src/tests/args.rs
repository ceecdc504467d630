use crate::args::{Command, Options, parse};
use crate::suite::Suite;

fn options(args: &[&str]) -> Options {
    match parse(lexopt::Parser::from_args(args)) {
        Ok(Command::Run(options)) => options,
        other => panic!("{args:?} gave {other:?}"),
    }
}

fn error(args: &[&str]) -> String {
    parse(lexopt::Parser::from_args(args)).expect_err("wrong arguments").to_string()
}

#[test]
fn no_suite_means_all() {
    assert_eq!(options(&[]).suites, Suite::ALL);
    assert_eq!(options(&["pool", "queue", "pool"]).suites, [Suite::Pool, Suite::Queue]);
}

#[test]
fn quick_has_fewer_rounds_unless_told() {
    assert_eq!((options(&[]).rounds, options(&["--quick"]).rounds), (10, 5));
    assert_eq!(options(&["--quick", "--rounds", "7"]).rounds, 7);
    assert!(options(&["--quick"]).measurement() < options(&[]).measurement());
}

#[test]
fn the_command_repeats_the_run() {
    let command = options(&["io", "log", "--quick", "--row", "append", "--json", "x"]).command();
    assert_eq!(command, "cargo run --release -p peers -- io log --rounds 5 --row 'append' --quick");
}

#[test]
fn wrong_arguments_are_named() {
    assert!(error(&["queues"]).contains("'queues'"));
    assert!(error(&["--rounds", "0"]).contains("--rounds"));
    assert!(error(&["--rounds", "many"]).contains("many"));
    assert!(error(&["--fast"]).contains("--fast"));
    assert!(error(&["--json"]).contains("--json"));
}

#[test]
fn help_wins() {
    assert!(matches!(parse(lexopt::Parser::from_args(["pool", "--help"])), Ok(Command::Help)));
}
