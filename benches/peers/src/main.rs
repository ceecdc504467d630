//! The same work on bedplate and on the crates users would pick instead, side by side.
//!
//! `cargo run --release -p peers -- --help` lists what it takes.

mod args;
mod harness;
mod machine;
mod report;
mod suite;

#[cfg(test)]
mod tests;

use args::{Command, Options};
use harness::Bench;
use machine::Machine;
use report::Report;
use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(ended) = suite::child() {
        return ended;
    }
    let options = match args::parse(lexopt::Parser::from_env()) {
        Ok(Command::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Ok(Command::Run(options)) => options,
        Err(error) => {
            eprintln!("peers: {error}\n\n{}", args::HELP);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let mut bench = Bench::new(options);
    for suite in &options.suites {
        bench.begin(suite.name());
        suite.run(&mut bench);
    }
    let outcome = bench.finish();
    if let (Some(row), true, true) = (&options.row, outcome.rows.is_empty(), outcome.left_out.is_empty()) {
        return Err(format!("no row of these suites has '{row}' in its id"));
    }
    let report = Report::new(Machine::read(), options, outcome);
    print!("{}", report::table::render(&report));
    if let Some(path) = &options.json {
        report::write(path, &report::json::render(&report))?;
    }
    if let Some(path) = &options.html {
        report::write(path, &report::html::render(&report))?;
    }
    Ok(())
}
